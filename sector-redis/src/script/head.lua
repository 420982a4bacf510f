-- Reads the newest committed tick. KEYS: world, control, format.
return {
  redis.call('HMGET', KEYS[1], 'universe', 'tick', 'digest', 'cursor', 'epoch', 'event',
    'finished'),
  redis.call('HEXISTS', KEYS[2], 'paused'),
  redis.call('GET', KEYS[3]),
}
