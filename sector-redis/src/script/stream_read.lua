-- Reads a stream after an id.
-- KEYS: stream, key with its last number, format. ARGV: field of that key ('' if it is a string),
--   number to read after, count.
-- Returns {last number, number before the oldest kept entry or '', entries, mark or ''}. The second is
--   '' if the entries follow the number without a gap. A stream entry may hold several batches, under
--   the number of the last one: the first returned entry may begin before the requested number.
local mark = redis.call('GET', KEYS[3]) or ''
local last
if ARGV[1] == '' then
  last = redis.call('GET', KEYS[2])
else
  last = redis.call('HGET', KEYS[2], ARGV[1])
end
last = last or '0'
local after = tonumber(ARGV[2])
if after == tonumber(last) then
  return {last, '', {}, mark}
end
local wanted = string.format('%.0f-0', after + 1)

local function before_first_of(entry)
  local fields, count = entry[2], 0
  for index = 1, #fields, 2 do
    if fields[index] == 'of' then
      count = count + 1
    end
  end
  return tonumber(string.match(entry[1], '^%d+')) - math.max(count, 1)
end

local entries = redis.call('XRANGE', KEYS[1], wanted, '+', 'COUNT', ARGV[3])
if #entries > 0 and (entries[1][1] == wanted or before_first_of(entries[1]) <= after) then
  return {last, '', entries, mark}
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local before = last
if #first > 0 then
  before = string.format('%.0f', before_first_of(first[1]))
end
return {last, before, {}, mark}
