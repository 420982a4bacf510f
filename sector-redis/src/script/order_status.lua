-- An order entry, or its outcome. KEYS: world, orders, outcomes. ARGV: number.
-- Returns {'waiting' | 'done', entries}; one that waits may be among others of its entry of the stream.
local id = ARGV[1] .. '-0'
if tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'cursor') or '0') then
  return {'waiting', redis.call('XRANGE', KEYS[2], id, '+', 'COUNT', 1)}
end
return {'done', redis.call('XRANGE', KEYS[3], id, id)}
