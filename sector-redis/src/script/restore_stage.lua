-- Runs one command on a key that a restore prepares, and lets the key end by itself if the restore
-- does. KEYS: the key. ARGV: command, life in ms, its arguments after the key.
redis.call(ARGV[1], KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
