-- Every script that writes begins with this. KEYS: format, then the script's own.
-- A store that is not marked as ours was emptied: nothing is done before it is marked anew.
if redis.call('EXISTS', table.remove(KEYS, 1)) == 0 then
  return redis.error_reply('UNMARKED the store is not marked as ours')
end
