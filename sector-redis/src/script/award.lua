-- Records an award unless it is known. KEYS: awards. ARGV: field, body. Returns 1 or 0.
return redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
