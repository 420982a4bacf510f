-- Commits a tick atomically.
-- KEYS: world, lease, snapshot, events, orders, last order, client ids, seats, records, runs,
--   run summaries, run headers, awards, control, outcomes, outcomes by player, replay of this
--   universe, then the replays that may be evicted.
-- ARGV: "epoch holder", lease TTL in ms, epoch, universe, tick, digest, cursor, record,
--   begins, header, finishes, summary, has checkpoint, snapshot, number of events to keep or '',
--   restart request served or '', number of runs to keep, checksum of the snapshot, expected last
--   event or '', last entry whose outcome is evicted, number of events, (kind, data, checksum)...,
--   number of outcomes, (entry, player, body, checksum)..., number of awards, (field, body)...,
--   universes of the replays that may be evicted, in the order of their keys.
-- Returns {'ok' | 'repeat', last event before, last event} | {'lease'} | {'tick', universe, tick,
--   finished, event} | {'taken'} | {'cursor'} | {'outcome', entry} | {'type', key, type}.
local world, lease, snapshot, events, orders, last_order, client_ids, seats, records, runs,
  summaries, headers, awards, control, outcomes, outcomes_of, replay = unpack(KEYS, 1, 17)
local token, ttl, epoch, universe, tick, digest, cursor, record = unpack(ARGV, 1, 8)
local begins, header, finishes, summary = ARGV[9] == '1', ARGV[10], ARGV[11] == '1', ARGV[12]
local has_checkpoint, whole, keep_events = ARGV[13] == '1', ARGV[14], ARGV[15]
local served, keep_runs, whole_sum, after = ARGV[16], tonumber(ARGV[17]), ARGV[18], ARGV[19]
local outcomes_end = ARGV[20]

local function text(number)
  return string.format('%.0f', number)
end

-- Validate before the first write.

-- A command on a key of another type would abort the script between two writes.
local types = {'hash', 'string', 'string', 'stream', 'stream', 'string', 'hash', 'hash', 'list',
  'list', 'hash', 'hash', 'hash', 'hash', 'stream', 'zset', 'list'}
for index, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'none' and kind ~= (types[index] or 'list') then
    return {'type', key, kind}
  end
end

local old, old_tick, old_digest, old_cursor, old_epoch, before, event, finished = unpack(redis.call(
  'HMGET', world, 'universe', 'tick', 'digest', 'cursor', 'epoch', 'events_before', 'event',
  'finished'))
local holds = redis.call('GET', lease) == token
if old and old_epoch == epoch and old == universe and old_tick == tick and old_digest == digest then
  if holds then
    redis.call('PEXPIRE', lease, ttl)
  end
  return {'repeat', before, event}
end
if not holds then
  return {'lease'}
end
local follows
if begins then
  follows = old ~= universe
else
  follows = old == universe and finished ~= '1' and tonumber(old_tick) + 1 == tonumber(tick)
end
if after ~= '' and tonumber(after) ~= tonumber(event or '0') then
  follows = false
end
if not follows then
  return {'tick', old or '', old_tick or '0', finished or '0', event or '0'}
end
if begins and redis.call('HEXISTS', headers, universe) == 1 then
  return {'taken'}
end
local orders_end = tonumber(redis.call('GET', last_order) or '0')
if tonumber(cursor) < tonumber(old_cursor or '0') or tonumber(cursor) > orders_end then
  return {'cursor'}
end
local outcomes_at = 22 + 3 * tonumber(ARGV[21])
if tonumber(ARGV[outcomes_at]) > 0 then
  local first = tonumber(ARGV[outcomes_at + 1])
  if first <= tonumber(old_cursor or '0') then
    return {'outcome', ARGV[outcomes_at + 1]}
  end
  local newest = redis.call('XREVRANGE', outcomes, '+', '-', 'COUNT', 1)[1]
  if newest and first <= tonumber(string.match(newest[1], '^%d+')) then
    return {'type', outcomes, newest[1]}
  end
end

-- Write. The first XADD comes first: if the stream rejects the id, nothing was written yet.

before = event or '0'
local number = tonumber(before)
local at = 21
for _ = 1, tonumber(ARGV[at]) do
  number = number + 1
  redis.call('XADD', events, text(number) .. '-0', 'type', ARGV[at + 1], 'data', ARGV[at + 2],
    'sum', ARGV[at + 3])
  at = at + 3
end
event = text(number)
redis.call('PEXPIRE', lease, ttl)
if begins then
  redis.call('UNLINK', client_ids, seats)
  if old and finished ~= '1' then
    redis.call('UNLINK', records)
    redis.call('HDEL', headers, old)
  end
  redis.call('HSET', headers, universe, header)
end
redis.call('HSET', world, 'universe', universe, 'tick', tick, 'digest', digest, 'cursor', cursor,
  'epoch', epoch, 'events_before', before, 'event', event, 'finished', finishes and '1' or '0')
redis.call('RPUSH', records, record)
local in_checkpoint
if has_checkpoint then
  redis.call('SET', snapshot, whole)
  redis.call('HSET', world, 'checkpoint_tick', tick, 'checkpoint_event', event,
    'checkpoint_cursor', cursor, 'checkpoint_sum', whole_sum)
  redis.call('XTRIM', orders, 'MINID', text(tonumber(cursor) + 1) .. '-0')
  in_checkpoint = number
else
  in_checkpoint = tonumber(redis.call('HGET', world, 'checkpoint_event'))
end
if keep_events ~= '' then
  local limit = math.min(number - tonumber(keep_events), in_checkpoint)
  if limit > 0 then
    redis.call('XTRIM', events, 'MINID', text(limit + 1) .. '-0')
  end
end
at = at + 1
for _ = 1, tonumber(ARGV[at]) do
  local entry, player = ARGV[at + 1], ARGV[at + 2]
  redis.call('XADD', outcomes, entry .. '-0', 'player', player, 'body', ARGV[at + 3], 'sum',
    ARGV[at + 4])
  redis.call('ZADD', outcomes_of, 0, player .. '\31' .. string.format('%016.0f', tonumber(entry)))
  at = at + 4
end
if outcomes_end ~= '0' then
  local limit = outcomes_end .. '-0'
  for _, entry in ipairs(redis.call('XRANGE', outcomes, '-', limit)) do
    local gone = tonumber(string.match(entry[1], '^%d+'))
    redis.call('ZREM', outcomes_of, entry[2][2] .. '\31' .. string.format('%016.0f', gone))
  end
  redis.call('XTRIM', outcomes, 'MINID', text(tonumber(outcomes_end) + 1) .. '-0')
end
at = at + 1
for _ = 1, tonumber(ARGV[at]) do
  redis.call('HSET', awards, ARGV[at + 1], ARGV[at + 2])
  at = at + 2
end
if finishes then
  redis.call('RENAME', records, replay)
  redis.call('LPUSH', runs, universe)
  redis.call('HSET', summaries, universe, summary)
  local replays = {}
  for index = at + 1, #ARGV do
    replays[ARGV[index]] = KEYS[17 + index - at]
  end
  while redis.call('LLEN', runs) > keep_runs do
    local oldest = redis.call('LINDEX', runs, -1)
    if not replays[oldest] then
      break
    end
    redis.call('UNLINK', replays[oldest])
    redis.call('HDEL', summaries, oldest)
    redis.call('HDEL', headers, oldest)
    redis.call('RPOP', runs)
  end
end
if served ~= '' then
  local standing = redis.call('HGET', control, 'restart')
  if standing and tonumber(standing) <= tonumber(served) then
    redis.call('HDEL', control, 'restart', 'restart_seed')
  end
end
return {'ok', before, event}
