-- The newest whole world. KEYS: world, snapshot.
return {
  redis.call('HMGET', KEYS[1], 'universe', 'checkpoint_tick', 'checkpoint_event',
    'checkpoint_cursor'),
  redis.call('GET', KEYS[2]),
}
