-- Reads the newest checkpoint. KEYS: world, snapshot, format.
return {
  redis.call('HMGET', KEYS[1], 'universe', 'checkpoint_tick', 'checkpoint_event',
    'checkpoint_cursor'),
  redis.call('HGET', KEYS[1], 'checkpoint_sum'),
  redis.call('GET', KEYS[2]),
  redis.call('GET', KEYS[3]),
}
