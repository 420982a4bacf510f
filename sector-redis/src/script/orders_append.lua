-- Appends batches of one universe, each judged separately and in order: skips orders with known client
-- ids, then checks the right and the backlog. All accepted batches become one entry of the stream,
-- whose id is the number of the last batch.
-- KEYS: format, world, orders, last order, client ids, seats.
-- ARGV: universe, shapes, number of client id fields, number of seat fields, per order its field of
--   the client ids or '' (none at all if their number is 0), the fields of the seats that the rights
--   need, in order, then per batch: prefix ("universe, player, time, source", separated by \31), the
--   faction of a right to a seat, per order its sealed body.
-- Shapes is an array of numbers in MessagePack. Per batch: 8 times the number of orders, plus 4 if the
--   backlog is limited, plus the right (0: any; 1: a seat, whose one field is the player's; 2: the
--   factions of its fields are free); then the backlog limit, if any; then, for a right: idle time,
--   resolution of sightings, now, number of its fields.
-- Returns {'none'}, {'other', running universe}, or {number of the last batch before}, followed, for
--   each batch that did not simply get the next number, by its index and one of {its number, indexes of
--   duplicates in it...}, {'seat', faction held or ''}, {'taken', indexes of factions...} or {'full',
--   number of waiting entries}.
-- Seats have the format of seat_claim.lua.
-- Only checks the mark if there is no world: an emptied store has neither.
-- Keys of another type fail on the first read. XADD is the first write: if the stream rejects the id,
-- nothing was written yet.
local call, argv, format, match = redis.call, ARGV, string.format, string.match
local world = call('HMGET', KEYS[2], 'universe', 'finished', 'cursor')
if not world[1] or world[2] == '1' then
  if call('EXISTS', KEYS[1]) == 0 then
    return redis.error_reply('UNMARKED the store is not marked as ours')
  end
  return {'none'}
end
if world[1] ~= argv[1] then
  return {'other', world[1]}
end
local names, seats = tonumber(argv[3]), tonumber(argv[4])
local at = names + seats + 5
local known = names > 0 and call('HMGET', KEYS[5], unpack(argv, 5, names + 4))
local rows = seats > 0 and call('HMGET', KEYS[6], unpack(argv, names + 5, at - 1))
local before = tonumber(call('GET', KEYS[4]) or '0')
local last, cursor, number = before, nil, nil
local reply = {format('%d', before)}
-- Fields to write and their count, then the position of the next item of each kind.
local fields, size, fresh, named, sighted = {'*'}, 1, {}, 0, nil
local seen, place, seat, batch = {}, 0, 0, 0

-- Returns the refusal of a batch, or nil; then the seat field to update, and its new value.
local function judge(right, idle, sighting, now, count, faction)
  if right == 1 then
    local row = rows[seat + 1]
    local when, held
    if row then
      when, held = match(row, '^(%d+) (.*)$')
    end
    local away = held and now - tonumber(when)
    if not held or away >= idle then
      return {'seat', ''}
    elseif held ~= faction then
      return {'seat', held}
    elseif away >= sighting then
      return nil, argv[names + seat + 5], format('%d', now) .. ' ' .. faction
    end
    return nil
  end
  local taken
  for index = 1, count do
    local row = rows[seat + index]
    local holder = row and match(row, '^%d+ (.*)$')
    row = holder and call('HGET', KEYS[6], 'p\31' .. holder)
    local when = row and match(row, '^%d+')
    if when and now - tonumber(when) < idle then
      taken = taken or {'taken'}
      taken[#taken + 1] = index
    end
  end
  return taken
end

local shapes = cmsgpack.unpack(argv[2])
local shape, shapes_end = 1, #shapes
while shape <= shapes_end do
  local kind = shapes[shape]
  local right, count = kind % 4, math.floor(kind / 8)
  local most, idle, sighting, now, of_seats, faction = nil, nil, nil, nil, 0, nil
  shape = shape + 1
  if kind % 8 >= 4 then
    most = shapes[shape]
    shape = shape + 1
  end
  local size_before, named_before, answer, earlier = size, named, nil, nil
  fields[size + 1], fields[size + 2] = 'of', argv[at]
  size = size + 2
  at = at + 1
  if right > 0 then
    idle, sighting, now, of_seats = unpack(shapes, shape, shape + 3)
    shape = shape + 4
    if right == 1 then
      faction = argv[at]
      at = at + 1
    end
  end
  batch = batch + 1
  number = format('%d', last + 1)
  for index = 1, count do
    place = place + 1
    local field = known and argv[place + 4] or ''
    local entry = field ~= '' and (known[place] or seen[field])
    if entry then
      earlier = earlier or entry
      answer = answer or {number}
      answer[#answer + 1] = index
    else
      if field ~= '' then
        -- The last client id cannot be repeated.
        if place < names then
          seen[field] = number
        end
        fresh[named + 1], fresh[named + 2] = field, number
        named = named + 2
      end
      fields[size + 1], fields[size + 2] = 'order', argv[at]
      size = size + 2
    end
    at = at + 1
  end
  if size == size_before + 2 then
    answer[1] = earlier
    size = size_before
  else
    local refusal, sighting_of, row
    if right > 0 then
      refusal, sighting_of, row = judge(right, idle, sighting, now, of_seats, faction)
    end
    if most and not refusal then
      cursor = cursor or tonumber(world[3] or '0')
      if last - cursor >= most then
        refusal = {'full', last - cursor}
      end
    end
    if refusal then
      for index = named_before + 1, named, 2 do
        seen[fresh[index]] = nil
      end
      size, named, answer = size_before, named_before, refusal
    else
      last = last + 1
      if sighting_of then
        sighted = sighted or {}
        sighted[#sighted + 1] = sighting_of
        sighted[#sighted + 1] = row
      end
    end
  end
  if answer then
    reply[#reply + 1] = batch
    reply[#reply + 1] = answer
  end
  seat = seat + of_seats
end
if last > before then
  number = format('%d', last)
  fields[1] = number
  call('XADD', KEYS[3], unpack(fields, 1, size))
  call('SET', KEYS[4], number)
  if named > 0 then
    call('HSET', KEYS[5], unpack(fresh, 1, named))
  end
  if sighted then
    call('HSET', KEYS[6], unpack(sighted))
  end
end
return reply
