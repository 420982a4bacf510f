-- Replaces a document if it has not ended and its owner and body match.
-- KEYS: documents, their ends. ARGV: id, owner, end or '', body, now, expected body.
-- Returns 1, or 0 if it does not match. Documents have the format of document_insert.lua.
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row then
  return 0
end
local ends = string.match(row, '^%d*')
if ends ~= '' and tonumber(ends) <= tonumber(ARGV[5]) then
  return 0
end
if row ~= ends .. '\31' .. ARGV[2] .. '\31' .. ARGV[6] then
  return 0
end
redis.call('ZADD', KEYS[2], ARGV[3] == '' and '+inf' or ARGV[3], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. '\31' .. ARGV[2] .. '\31' .. ARGV[4])
return 1
