-- Lists finished runs, newest first. KEYS: runs, run summaries. ARGV: count.
-- Returns universe, summary, ...
local reply = {}
for _, universe in ipairs(redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)) do
  reply[#reply + 1] = universe
  reply[#reply + 1] = redis.call('HGET', KEYS[2], universe) or ''
end
return reply
