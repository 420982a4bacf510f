-- Lists all seats of a universe, including lapsed ones. KEYS: world, seats. ARGV: universe.
if redis.call('HGET', KEYS[1], 'universe') ~= ARGV[1] then
  return {}
end
return redis.call('HGETALL', KEYS[2])
