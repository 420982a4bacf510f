-- Reads a stream after an id, and says enough to tell whether that was all.
-- KEYS: stream, the key that holds its last number, format. ARGV: field of that key ('' if it is a string),
-- number to go on after, count.
-- Returns {last number, number before the oldest kept entry or '', entries, mark or ''}; the second
-- is left out when the entries go on exactly after the number.
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
local entries = redis.call('XRANGE', KEYS[1], wanted, '+', 'COUNT', ARGV[3])
if #entries > 0 and entries[1][1] == wanted then
  return {last, '', entries, mark}
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local before = last
if #first > 0 then
  before = string.format('%.0f', tonumber(string.match(first[1][1], '^%d+')) - 1)
end
return {last, before, {}, mark}
