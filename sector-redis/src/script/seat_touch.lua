-- Records that a player was seen. KEYS: world, seats. ARGV: universe, player, now, idle time,
--   resolution. Returns the faction the player holds, or nil.
if redis.call('HGET', KEYS[1], 'universe') ~= ARGV[1] then
  return false
end
local row = redis.call('HGET', KEYS[2], 'p\31' .. ARGV[2])
if not row then
  return false
end
local seen, faction = string.match(row, '^(%d+) (.*)$')
local away = tonumber(ARGV[3]) - tonumber(seen)
if away >= tonumber(ARGV[4]) then
  return false
end
if away >= tonumber(ARGV[5]) then
  redis.call('HSET', KEYS[2], 'p\31' .. ARGV[2], ARGV[3] .. ' ' .. faction)
end
return faction
