-- Removes all documents of an owner. KEYS: documents, their ends, their owners. ARGV: owner.
-- Returns the number of removed documents.
local first, last = '[' .. ARGV[1] .. '\31', '(' .. ARGV[1] .. ' '
local members = redis.call('ZRANGEBYLEX', KEYS[3], first, last)
for _, member in ipairs(members) do
  local id = string.sub(member, #ARGV[1] + 2)
  redis.call('ZREM', KEYS[2], id)
  redis.call('HDEL', KEYS[1], id)
end
redis.call('ZREMRANGEBYLEX', KEYS[3], first, last)
return #members
