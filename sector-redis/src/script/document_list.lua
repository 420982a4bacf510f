-- Lists the documents of an owner, ordered by id. KEYS: documents, their owners. ARGV: owner.
-- Returns id, document, ... in the format of document_insert.lua.
local found = {}
for _, member in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], '[' .. ARGV[1] .. '\31',
  '(' .. ARGV[1] .. ' ')) do
  local id = string.sub(member, #ARGV[1] + 2)
  found[#found + 1] = id
  found[#found + 1] = redis.call('HGET', KEYS[1], id)
end
return found
