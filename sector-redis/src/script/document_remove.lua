-- Removes a document. KEYS: documents, their ends, their owners. ARGV: id.
-- Returns the document in the format of document_insert.lua, or nil.
local row = redis.call('HGET', KEYS[1], ARGV[1])
if not row then
  return false
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], string.match(row, '^%d*\31([^\31]*)\31') .. '\31' .. ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return row
