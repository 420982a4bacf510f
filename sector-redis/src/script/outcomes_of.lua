-- Lists a player's newest outcomes, newest first.
-- KEYS: outcomes, outcomes by player. ARGV: player, maximum number. Returns entries.
local found = {}
for _, member in ipairs(redis.call('ZREVRANGEBYLEX', KEYS[2], '(' .. ARGV[1] .. ' ',
  '[' .. ARGV[1] .. '\31', 'LIMIT', 0, ARGV[2])) do
  local id = string.format('%.0f-0', tonumber(string.sub(member, -16)))
  found[#found + 1] = redis.call('XRANGE', KEYS[1], id, id)[1]
end
return found
