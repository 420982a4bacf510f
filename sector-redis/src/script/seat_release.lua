-- Releases a player's claim. KEYS: world, seats. ARGV: universe, player.
-- Returns the faction, or nil.
if redis.call('HGET', KEYS[1], 'universe') ~= ARGV[1] then
  return false
end
local row = redis.call('HGET', KEYS[2], 'p\31' .. ARGV[2])
if not row then
  return false
end
local faction = string.match(row, '^%d+ (.*)$')
redis.call('HDEL', KEYS[2], 'p\31' .. ARGV[2], 'f\31' .. faction)
return faction
