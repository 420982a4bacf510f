-- Finds a batch or its outcome. KEYS: world, orders, outcomes. ARGV: number of the batch.
-- Returns {'waiting' | 'done', entries}. The stream entry of a waiting batch may hold others too.
local id = ARGV[1] .. '-0'
if tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'cursor') or '0') then
  return {'waiting', redis.call('XRANGE', KEYS[2], id, '+', 'COUNT', 1)}
end
return {'done', redis.call('XRANGE', KEYS[3], id, id)}
