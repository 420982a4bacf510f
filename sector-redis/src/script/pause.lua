-- Pauses the sector or lets it go on. KEYS: control. ARGV: 1 or 0.
if ARGV[1] == '1' then
  redis.call('HSET', KEYS[1], 'paused', 1)
else
  redis.call('HDEL', KEYS[1], 'paused')
end
return 1
