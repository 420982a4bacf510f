-- Runs a command on a staged key of a restore; the key expires if the restore is abandoned.
-- KEYS: key. ARGV: command, TTL in ms, arguments after the key.
redis.call(ARGV[1], KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
