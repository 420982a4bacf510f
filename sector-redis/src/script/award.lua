-- Records an award unless it is recorded. KEYS: awards. ARGV: field, body.
-- Returns 'new', 'same' or, where another body is recorded, 'different'.
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then
  return 'new'
end
return redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] and 'same' or 'different'
