-- Reads everything at one moment, except the replays of kept runs, which do not change.
-- KEYS: world, snapshot, format, events, orders, last order, client ids, epoch, seats, records,
--   runs, run summaries, run headers, awards, control, outcomes, keys, audit.
-- Returns {} without a universe, or {world, snapshot, mark, events, orders, last order, client ids,
--   epoch, seats, records, runs, summaries, headers, awards, control, outcomes, keys, audit}.
local universe, event, cursor = unpack(redis.call('HMGET', KEYS[1], 'universe',
  'checkpoint_event', 'checkpoint_cursor'))
if not universe then
  return {}
end
local function after(number)
  return string.format('%.0f-0', tonumber(number or '0') + 1)
end
return {
  redis.call('HMGET', KEYS[1], 'universe', 'tick', 'digest', 'cursor', 'epoch', 'events_before',
    'event', 'finished', 'checkpoint_tick', 'checkpoint_event', 'checkpoint_cursor',
    'checkpoint_sum'),
  redis.call('GET', KEYS[2]),
  redis.call('GET', KEYS[3]),
  redis.call('XRANGE', KEYS[4], after(event), '+'),
  redis.call('XRANGE', KEYS[5], after(cursor), '+'),
  redis.call('GET', KEYS[6]),
  redis.call('HGETALL', KEYS[7]),
  redis.call('GET', KEYS[8]),
  redis.call('HGETALL', KEYS[9]),
  redis.call('LRANGE', KEYS[10], 0, -1),
  redis.call('LRANGE', KEYS[11], 0, -1),
  redis.call('HGETALL', KEYS[12]),
  redis.call('HGETALL', KEYS[13]),
  redis.call('HGETALL', KEYS[14]),
  redis.call('HGETALL', KEYS[15]),
  redis.call('XRANGE', KEYS[16], '-', '+'),
  redis.call('HGETALL', KEYS[17]),
  redis.call('LRANGE', KEYS[18], 0, -1),
}
