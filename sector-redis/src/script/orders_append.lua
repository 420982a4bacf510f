-- Accepts batches, each by itself and in their order: leaves out client ids seen before, judges the
-- right and the backlog of what is left, and appends that as one entry.
-- KEYS: world, orders, last order, client ids, seats.
-- ARGV: number of orders, per order: its field of the client ids or '', number of fields of the
--   seats, those that rights ask for in their order, then per batch: universe, player, source,
--   at_ms, most entries that wait or '', right, idle, sighting, number of its seats, number of its
--   orders, per order: body, sum. A right is 'any', 'seat' (its one field is the player's, and
--   the faction follows the number of orders), or 'free' (its fields are those of the factions).
-- Returns {'none'}, or the running universe and per batch: 0 for one of another universe, its
--   entry, {its entry, places of duplicates in it...}, {'seat', faction held or ''}, {'taken', places
--   of factions...} or {'full', entries that wait}.
-- Seats are as in seat_claim.lua.
-- A key of another type is found by reading it, and XADD is the first write, so that a stream which
-- refuses the id leaves nothing half done; the ids after it only grow.
local universe, finished, cursor = unpack(redis.call('HMGET', KEYS[1], 'universe', 'finished',
  'cursor'))
if not universe or finished == '1' then
  return {'none'}
end
local orders = tonumber(ARGV[1])
local known = redis.call('HMGET', KEYS[4], unpack(ARGV, 2, orders + 1))
local last = tonumber(redis.call('GET', KEYS[3]) or '0')
local seats, seats_at = tonumber(ARGV[orders + 2]), orders + 2
local rows = seats > 0 and redis.call('HMGET', KEYS[5], unpack(ARGV, seats_at + 1, seats_at + seats))
local newest
local answers, fresh, seen, sighted = {universe}, {}, {}, {}
local place, seat, at, ends = 0, 0, seats_at + seats + 1, #ARGV

-- The refusal of a batch, or nil. The row of the seat that counts as seen is noted.
local function judge(right, now, idle, sighting, count, faction)
  if right == 'seat' then
    local row = rows[seat + 1]
    local when, held
    if row then
      when, held = string.match(row, '^(%d+) (.*)$')
    end
    local away = held and tonumber(now) - tonumber(when)
    if not held or away >= idle then
      return {'seat', ''}
    end
    if held ~= faction then
      return {'seat', held}
    end
    if away >= sighting then
      return nil, ARGV[seats_at + seat + 1], now .. ' ' .. faction
    end
    return nil
  end
  local taken
  for index = 1, count do
    local row = rows[seat + index]
    local holder = row and string.match(row, '^%d+ (.*)$')
    row = holder and redis.call('HGET', KEYS[5], 'p\31' .. holder)
    local when = row and string.match(row, '^%d+')
    if when and tonumber(now) - tonumber(when) < idle then
      taken = taken or {'taken'}
      taken[#taken + 1] = index
    end
  end
  return taken
end

while at <= ends do
  local right, of_seats, count = ARGV[at + 5], tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9])
  local faction
  local head = at
  at = at + 10
  if right == 'seat' then
    faction = ARGV[at]
    at = at + 1
  end
  if ARGV[head] ~= universe then
    answers[#answers + 1] = 0
    place = place + count
    at = at + 2 * count
  else
    local number = string.format('%.0f', last + 1)
    local fields = {number, 'universe', universe, 'player', ARGV[head + 1], 'source',
      ARGV[head + 2], 'at_ms', ARGV[head + 3]}
    local size, named, earlier, answer = 9, #fresh, nil, nil
    for index = 1, count do
      place = place + 1
      local field = ARGV[place + 1]
      local entry = field ~= '' and (known[place] or seen[field])
      if entry then
        earlier = earlier or entry
        answer = answer or {number}
        answer[#answer + 1] = index
      else
        if field ~= '' then
          seen[field] = number
          fresh[#fresh + 1] = field
          fresh[#fresh + 1] = number
        end
        fields[size + 1], fields[size + 2] = 'order', ARGV[at]
        fields[size + 3], fields[size + 4] = 'sum', ARGV[at + 1]
        size = size + 4
      end
      at = at + 2
    end
    if size == 9 then
      answer[1] = earlier
    else
      local refusal, sighting, row
      if right ~= 'any' then
        refusal, sighting, row = judge(right, ARGV[head + 3], tonumber(ARGV[head + 6]),
          tonumber(ARGV[head + 7]), of_seats, faction)
      end
      local waiting = last - tonumber(cursor or '0')
      if not refusal and ARGV[head + 4] ~= '' and waiting >= tonumber(ARGV[head + 4]) then
        refusal = {'full', waiting}
      end
      if refusal then
        for index = #fresh, named + 1, -2 do
          seen[fresh[index - 1]] = nil
          fresh[index], fresh[index - 1] = nil, nil
        end
        answer = refusal
      else
        redis.call('XADD', KEYS[2], unpack(fields, 1, size))
        last, newest = last + 1, number
        if sighting then
          sighted[#sighted + 1] = sighting
          sighted[#sighted + 1] = row
        end
      end
    end
    answers[#answers + 1] = answer or number
  end
  seat = seat + of_seats
end
if newest then
  redis.call('SET', KEYS[3], newest)
end
if #fresh > 0 then
  redis.call('HSET', KEYS[4], unpack(fresh))
end
if #sighted > 0 then
  redis.call('HSET', KEYS[5], unpack(sighted))
end
return answers
