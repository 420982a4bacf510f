-- Records that a backup was made. KEYS: control. ARGV: ms since 1970, tick.
redis.call('HSET', KEYS[1], 'backup_at_ms', ARGV[1], 'backup_tick', ARGV[2])
return 1
