-- Records an award unless one is already recorded. KEYS: awards. ARGV: field, body.
-- Returns 'new', 'same', or 'different' if another body is recorded.
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then
  return 'new'
end
return redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] and 'same' or 'different'
