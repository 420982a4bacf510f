-- The newest committed tick. KEYS: world, control.
return {
  redis.call('HMGET', KEYS[1], 'universe', 'tick', 'digest', 'cursor', 'epoch', 'event',
    'finished'),
  redis.call('HEXISTS', KEYS[2], 'paused'),
}
