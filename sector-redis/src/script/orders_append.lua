-- Accepts a batch: leaves out client ids seen before, appends the rest as one entry.
-- KEYS: world, orders, last order, client ids.
-- ARGV: universe, player, source, at_ms, then per order: client id or '', body, sum.
-- Returns {'none'} | {'other', universe} | {'ok', number, duplicates...}.
-- XADD is the first write, so that a stream which refuses the id leaves nothing half done.
local universe, finished = unpack(redis.call('HMGET', KEYS[1], 'universe', 'finished'))
if not universe or finished == '1' then
  return {'none'}
end
if universe ~= ARGV[1] then
  return {'other', universe}
end
local player = ARGV[2]
local fields = {'universe', universe, 'player', player, 'source', ARGV[3], 'at_ms', ARGV[4]}
local plain = #fields
local fresh, seen, duplicates, earlier = {}, {}, {}, false
for index = 5, #ARGV, 3 do
  local client_id = ARGV[index]
  local known = false
  if client_id ~= '' then
    -- Names hold no control characters, so the separator cannot be forged.
    local field = player .. '\31' .. client_id
    known = redis.call('HGET', KEYS[4], field)
    earlier = earlier or known
    known = known or seen[field]
    if known then
      duplicates[#duplicates + 1] = client_id
    else
      seen[field] = true
      fresh[#fresh + 1] = field
    end
  end
  if not known then
    fields[#fields + 1] = 'order'
    fields[#fields + 1] = ARGV[index + 1]
    fields[#fields + 1] = 'sum'
    fields[#fields + 1] = ARGV[index + 2]
  end
end
local number = earlier or '0'
if #fields > plain then
  number = string.format('%.0f', tonumber(redis.call('GET', KEYS[3]) or '0') + 1)
  redis.call('XADD', KEYS[2], number .. '-0', unpack(fields))
  redis.call('SET', KEYS[3], number)
  for _, field in ipairs(fresh) do
    redis.call('HSET', KEYS[4], field, number)
  end
end
return {'ok', number, unpack(duplicates)}
