-- Removes a value from a pool. KEYS: values, expiry times. ARGV: key.
-- Returns the value, or nil if it does not exist or has expired.
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then
  return false
end
local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or '0')
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
local time = redis.call('TIME')
if ends <= tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) then
  return false
end
return value
