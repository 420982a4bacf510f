-- Renames all staged keys to their final names, atomically.
-- KEYS: format, lease, epoch, world, other keys that must not exist, then pairs of a staged key and
--   its final name.
-- ARGV: new mark, minimum last epoch, number of keys that must not exist (world included), 1 to check
--   only.
-- Returns {'ok'} | {'lease', "epoch holder"} | {'world', universe, tick} | {'key', key} |
--   {'gone', key}.
local format, lease, epoch, world = unpack(KEYS, 1, 4)
if redis.call('GET', format) == ARGV[1] then
  return {'ok'}
end
local holder = redis.call('GET', lease)
if holder then
  return {'lease', holder}
end
if redis.call('TYPE', world).ok == 'hash' then
  local universe, tick = unpack(redis.call('HMGET', world, 'universe', 'tick'))
  return {'world', universe or '?', tick or '?'}
end
local pairs_from = 4 + tonumber(ARGV[3])
for index = 4, pairs_from - 1 do
  if redis.call('EXISTS', KEYS[index]) == 1 then
    return {'key', KEYS[index]}
  end
end
for index = pairs_from, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[index]) == 0 then
    return {'gone', KEYS[index]}
  end
  if redis.call('EXISTS', KEYS[index + 1]) == 1 then
    return {'key', KEYS[index + 1]}
  end
end
local last = redis.call('GET', epoch)
if last and not tonumber(last) then
  return {'key', epoch}
end
if ARGV[4] == '1' then
  return {'ok'}
end
for index = pairs_from, #KEYS, 2 do
  redis.call('PERSIST', KEYS[index])
  redis.call('RENAME', KEYS[index], KEYS[index + 1])
end
if tonumber(last or '0') < tonumber(ARGV[2]) then
  redis.call('SET', epoch, ARGV[2])
end
redis.call('SET', format, ARGV[1])
return {'ok'}
