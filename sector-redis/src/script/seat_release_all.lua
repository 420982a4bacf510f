-- Releases all claims. KEYS: world, seats. ARGV: universe. Returns the number of released claims.
if redis.call('HGET', KEYS[1], 'universe') ~= ARGV[1] then
  return 0
end
-- Every claim has two fields.
local count = redis.call('HLEN', KEYS[2]) / 2
redis.call('UNLINK', KEYS[2])
return count
