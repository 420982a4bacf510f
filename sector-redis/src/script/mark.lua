-- Prefix of every script that writes. KEYS: format, then the script's own.
-- Refuses to write to an emptied Redis, which has lost its format mark; the store marks it first.
if redis.call('EXISTS', table.remove(KEYS, 1)) == 0 then
  return redis.error_reply('UNMARKED the store is not marked as ours')
end
