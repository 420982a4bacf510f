-- Gives the store a new incarnation unless the lease is held.
-- KEYS: lease, format. ARGV: format, incarnation. Returns 1 or 0.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[2])
return 1
