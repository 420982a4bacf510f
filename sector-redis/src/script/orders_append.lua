-- Accepts batches, each by itself and in their order: leaves out client ids seen before, appends
-- the rest as one entry.
-- KEYS: world, orders, last order, client ids.
-- ARGV: number of orders, per order: its field of the client ids or '', then per batch: universe,
--   player, source, at_ms, number of its orders, per order: body, sum.
-- Returns {'none'}, or the running universe and per batch: 0 for one of another universe, its
--   entry, or {its entry, places of duplicates in it...}.
-- A key of another type is found by reading it, and XADD is the first write, so that a stream which
-- refuses the id leaves nothing half done; the ids after it only grow.
local universe, finished = unpack(redis.call('HMGET', KEYS[1], 'universe', 'finished'))
if not universe or finished == '1' then
  return {'none'}
end
local orders = tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[4], unpack(ARGV, 2, orders + 1))
local last = tonumber(redis.call('GET', KEYS[3]) or '0')
local newest
local answers, fresh, seen = {universe}, {}, {}
local place, at, ends = 0, orders + 2, #ARGV
while at <= ends do
  local count = tonumber(ARGV[at + 4])
  if ARGV[at] ~= universe then
    answers[#answers + 1] = 0
    place = place + count
    at = at + 5 + 2 * count
  else
    local number = string.format('%.0f', last + 1)
    local fields = {number, 'universe', universe, 'player', ARGV[at + 1], 'source', ARGV[at + 2],
      'at_ms', ARGV[at + 3]}
    local size, earlier, answer = 9, nil, nil
    at = at + 5
    for index = 1, count do
      place = place + 1
      local field = ARGV[place + 1]
      local entry = field ~= '' and (known[place] or seen[field])
      if entry then
        earlier = earlier or entry
        answer = answer or {number}
        answer[#answer + 1] = index
      else
        if field ~= '' then
          seen[field] = number
          fresh[#fresh + 1] = field
          fresh[#fresh + 1] = number
        end
        fields[size + 1], fields[size + 2] = 'order', ARGV[at]
        fields[size + 3], fields[size + 4] = 'sum', ARGV[at + 1]
        size = size + 4
      end
      at = at + 2
    end
    if size > 9 then
      redis.call('XADD', KEYS[2], unpack(fields, 1, size))
      last, newest = last + 1, number
    else
      answer[1] = earlier
    end
    answers[#answers + 1] = answer or number
  end
end
if newest then
  redis.call('SET', KEYS[3], newest)
end
if #fresh > 0 then
  redis.call('HSET', KEYS[4], unpack(fresh))
end
return answers
