-- Acquires the lease with a new epoch if it is free.
-- KEYS: lease, epoch. ARGV: holder, TTL in ms. Returns the epoch, or nil.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return false
end
local epoch = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], string.format('%.0f', epoch) .. ' ' .. ARGV[1], 'PX', ARGV[2])
return epoch
