-- Requests a new universe. KEYS: control. ARGV: seed or ''. Returns the number of the request.
local number = redis.call('HINCRBY', KEYS[1], 'restart_last', 1)
redis.call('HSET', KEYS[1], 'restart', number)
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'restart_seed')
else
  redis.call('HSET', KEYS[1], 'restart_seed', ARGV[1])
end
return number
