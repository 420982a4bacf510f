-- Renews the lease if the token matches. KEYS: lease. ARGV: "epoch holder", TTL in ms.
-- Returns 1 or 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
