-- Appends an entry to the audit log. KEYS: audit. ARGV: body. Returns the number of the entry.
return redis.call('RPUSH', KEYS[1], ARGV[1])
