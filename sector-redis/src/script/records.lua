-- Reads replay records of a universe, running or kept; the list index is the tick.
-- KEYS: world, records, replay of the universe. ARGV: universe, first tick, last tick.
local universe, finished = unpack(redis.call('HMGET', KEYS[1], 'universe', 'finished'))
local list = KEYS[3]
if universe == ARGV[1] and finished ~= '1' then
  list = KEYS[2]
end
return redis.call('LRANGE', list, ARGV[2], ARGV[3])
