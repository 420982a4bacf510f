-- A player's entries among those that wait, newest first.
-- KEYS: world, orders. ARGV: player, number to begin below or '', entries to look at, most to find.
-- Returns {number to go on below or '', entries}.
local cursor = tonumber(redis.call('HGET', KEYS[1], 'cursor') or '0')
local newest = '+'
if ARGV[2] ~= '' then
  if tonumber(ARGV[2]) <= cursor + 1 then
    return {'', {}}
  end
  newest = string.format('%.0f-0', tonumber(ARGV[2]) - 1)
end
local entries = redis.call('XREVRANGE', KEYS[2], newest, string.format('%.0f-0', cursor + 1),
  'COUNT', ARGV[3])
local found = {}
for _, entry in ipairs(entries) do
  local fields = entry[2]
  for index = 1, #fields, 2 do
    if fields[index] == 'player' then
      if fields[index + 1] == ARGV[1] then
        found[#found + 1] = entry
      end
      break
    end
  end
  if #found == tonumber(ARGV[4]) then
    return {'', found}
  end
end
if #entries < tonumber(ARGV[3]) then
  return {'', found}
end
return {string.match(entries[#entries][1], '^%d+'), found}
