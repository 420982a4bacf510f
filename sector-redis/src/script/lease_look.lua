-- Who holds the lease. KEYS: lease. Returns {"epoch holder" or nil, life in ms}.
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}
