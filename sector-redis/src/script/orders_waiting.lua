-- Lists a player's waiting batches, newest first.
-- KEYS: world, orders. ARGV: player, id to start from or '+', number of stream entries to scan, maximum
--   number of batches. Returns {id to continue from or '', entries}, one entry per batch.
local cursor = tonumber(redis.call('HGET', KEYS[1], 'cursor') or '0')
local most = tonumber(ARGV[4])
local read = redis.call('XREVRANGE', KEYS[2], ARGV[2], string.format('%.0f-0', cursor + 1), 'COUNT',
  ARGV[3])
local found = {}

-- Format 2 has one batch per entry, and a field for its player.
local function is_of(fields)
  for index = 1, #fields, 2 do
    if fields[index] == 'player' then
      return fields[index + 1] == ARGV[1]
    end
  end
end

for _, entry in ipairs(read) do
  local id, fields = entry[1], entry[2]
  if fields[1] ~= 'of' then
    if is_of(fields) then
      found[#found + 1] = entry
    end
  else
    local number, ends = tonumber(string.match(id, '^%d+')), #fields
    for index = #fields - 1, 1, -2 do
      if fields[index] == 'of' then
        local player = string.match(fields[index + 1], '^[^\31]*\31([^\31]*)')
        if player == ARGV[1] and number > cursor then
          found[#found + 1] = {string.format('%.0f-0', number), {unpack(fields, index, ends)}}
        end
        number, ends = number - 1, index - 1
      end
    end
  end
  if #found >= most then
    return {'', found}
  end
end
if #read < tonumber(ARGV[3]) then
  return {'', found}
end
local oldest = tonumber(string.match(read[#read][1], '^%d+'))
return {string.format('%.0f-0', oldest - 1), found}
