-- Puts an entry behind the audit log. KEYS: audit. ARGV: body. Returns its number.
return redis.call('RPUSH', KEYS[1], ARGV[1])
