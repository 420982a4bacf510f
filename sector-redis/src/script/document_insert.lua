-- Inserts a document into a shelf.
-- KEYS: documents, their ends, their owners. ARGV: id, owner, end or '', body, now, maximum number of
--   documents, maximum number per owner, 1 if a full shelf evicts the document that ends first.
-- Returns 'ok' | 'known' (the id exists) | 'owner' or 'all' (the owner's share or the shelf is full).
-- Documents: id -> "end, owner, body", separated by \31. Ends: ids by end. Owners: "owner \31 id".
local documents, ends, owners = KEYS[1], KEYS[2], KEYS[3]
local id, owner, now, most, most_own, gives_way = ARGV[1], ARGV[2], tonumber(ARGV[5]),
  tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == '1'

local function end_of(name)
  return tonumber(redis.call('ZSCORE', ends, name) or '0')
end

local function drop(name)
  local row = redis.call('HGET', documents, name)
  if row then
    redis.call('ZREM', owners, string.match(row, '^%d*\31([^\31]*)\31') .. '\31' .. name)
  end
  redis.call('HDEL', documents, name)
  redis.call('ZREM', ends, name)
end

-- Validate before the first write.
if redis.call('HEXISTS', documents, id) == 1 and end_of(id) > now then
  return 'known'
end
local own = {}
local lasting = 0
for _, member in ipairs(redis.call('ZRANGEBYLEX', owners, '[' .. owner .. '\31',
  '(' .. owner .. ' ')) do
  local name = string.sub(member, #owner + 2)
  own[#own + 1] = {name, end_of(name)}
  if own[#own][2] > now then
    lasting = lasting + 1
  end
end
if lasting >= most_own and not gives_way then
  return 'owner'
end
local first = redis.call('ZRANGE', ends, 0, 0)[1]
if redis.call('ZCARD', ends) >= most and not gives_way and end_of(first) > now then
  return 'all'
end

-- Write.
table.sort(own, function(one, other)
  if one[2] ~= other[2] then
    return one[2] < other[2]
  end
  return one[1] < other[1]
end)
local left = #own
for _, document in ipairs(own) do
  if document[2] <= now or left >= most_own then
    drop(document[1])
    left = left - 1
  end
end
drop(id)
for _, name in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 100)) do
  drop(name)
end
local excess = redis.call('ZCARD', ends) - most + 1
if excess > 0 then
  for _, name in ipairs(redis.call('ZRANGE', ends, 0, excess - 1)) do
    drop(name)
  end
end
redis.call('HSET', documents, id, ARGV[3] .. '\31' .. owner .. '\31' .. ARGV[4])
redis.call('ZADD', ends, ARGV[3] == '' and '+inf' or ARGV[3], id)
redis.call('ZADD', owners, 0, owner .. '\31' .. id)
return 'ok'
