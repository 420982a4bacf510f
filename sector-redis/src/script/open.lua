-- Checks that the keys belong to a sector in this format; marks an empty Redis.
-- KEYS: format, then every other fixed key. ARGV: format, incarnation for a store without one.
-- Returns {'ok', incarnation} | {'format', format} | {'foreign', key}.
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'string' and kind ~= 'none' then
  return {'foreign', KEYS[1]}
end
local marked = redis.call('GET', KEYS[1])
if marked then
  local format, incarnation = string.match(marked, '^(%d+) (%x+)$')
  if format == ARGV[1] then
    return {'ok', incarnation}
  end
  -- Format 2 differs only in the order stream: one batch per entry.
  if format == '2' then
    redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. incarnation)
    return {'ok', incarnation}
  end
  -- Format 1 also lacks the incarnation and the checksums.
  if marked ~= '1' then
    return {'format', string.match(marked, '^[%w%-.]+') or '?'}
  end
else
  for index = 2, #KEYS do
    if redis.call('EXISTS', KEYS[index]) == 1 then
      return {'foreign', KEYS[index]}
    end
  end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
return {'ok', ARGV[2]}
