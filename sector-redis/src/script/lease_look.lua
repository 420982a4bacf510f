-- Reads the lease. KEYS: lease. Returns {"epoch holder" or nil, remaining TTL in ms}.
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
