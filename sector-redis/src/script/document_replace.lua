-- Puts a document in the place of the one with its id, owner and expected body, which has not ended.
-- KEYS: documents, their ends. ARGV: id, owner, end or '', body, now, expected body.
-- Returns 1 or 0. Documents are as in document_insert.lua.
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
