-- Claims a faction for a player. KEYS: world, seats. ARGV: universe, faction, player, now, idle time.
-- Returns {'claimed'} | {'taken'} | {'holds', faction} | {'universe'}.
-- Seats: 'f' faction -> "since player", 'p' player -> "seen faction".
local universe, faction, player, now = unpack(ARGV, 1, 4)
local idle = tonumber(ARGV[5])
if redis.call('HGET', KEYS[1], 'universe') ~= universe then
  return {'universe'}
end
local function seat_of(name)
  local row = redis.call('HGET', KEYS[2], 'p\31' .. name)
  if not row then
    return nil
  end
  local seen, held = string.match(row, '^(%d+) (.*)$')
  return held, tonumber(now) - tonumber(seen) >= idle
end
local held, lapsed = seat_of(player)
if held and not lapsed then
  if held ~= faction then
    return {'holds', held}
  end
  redis.call('HSET', KEYS[2], 'p\31' .. player, now .. ' ' .. faction)
  return {'claimed'}
end
local row = redis.call('HGET', KEYS[2], 'f\31' .. faction)
if row then
  local holder = string.match(row, '^%d+ (.*)$')
  local of_holder, holder_lapsed = seat_of(holder)
  if of_holder and not holder_lapsed then
    return {'taken'}
  end
  redis.call('HDEL', KEYS[2], 'p\31' .. holder)
end
if held then
  redis.call('HDEL', KEYS[2], 'f\31' .. held)
end
redis.call('HSET', KEYS[2], 'f\31' .. faction, now .. ' ' .. player, 'p\31' .. player,
  now .. ' ' .. faction)
return {'claimed'}
