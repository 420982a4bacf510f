-- Checks that the keys are ours and of this format; marks them when there are none.
-- KEYS: format, every other fixed key. ARGV: the format.
local format = redis.call('GET', KEYS[1])
if format == ARGV[1] then
  return {'ok'}
end
if format then
  return {'format', format}
end
for index = 2, #KEYS do
  if redis.call('EXISTS', KEYS[index]) == 1 then
    return {'foreign', KEYS[index]}
  end
end
redis.call('SET', KEYS[1], ARGV[1])
return {'ok'}
