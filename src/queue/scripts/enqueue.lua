-- Takes tasks in: those due now wait, the others are delayed.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most tasks that may wait or be delayed; 0 = no limit
-- ARGV[2]  most bytes that unfinished tasks may hold; 0 = no limit
-- ARGV[3]  idempotency key, for one task; "" = none
-- ARGV[4]  fingerprint of the request that came with it
-- ARGV[5]  ms for which the key is remembered
-- ARGV[6]  when the ids were made, ms since 1970
-- ARGV[7]  ids of the tasks, at most 1,000, without anything between them
-- ARGV[8]  when each is due, with commas between: "" = now, "+<ms>" = so long from now, "<ms>" = then, in ms since 1970 by
--          Redis' clock; "" = all now
-- ARGV[9]  values, with "\1" between them
--          One string for all costs the driver far less than one for each.
--
-- Returns  {accepted, now, length, seen}: the first `accepted` of them were taken, the rest did not fit; length is that of
--          a queue that took none or has a limit. `seen` is "" unless the key is known: then nothing was taken, and it is
--          "fingerprint \t enqueuedAt \t id" of the first time.
-- Cost     O(number of tasks), O(log n) for a delayed one.
-- Repeat   safe with a key; without one the tasks are taken a second time. It is sent on connections that never re-send.

local limit, max_bytes, made_at = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[6])
local joined_ids, joined_dues, joined_values = ARGV[7], ARGV[8], ARGV[9]
local count = #joined_ids / ID_LENGTH
local now = now_ms()
local waiting = call('LLEN', K)
local function measure()
  return count_waiting() + count_delayed()
end
local length = limit > 0 and measure() or 0
local bytes = 0
if max_bytes > 0 then bytes = tonumber(call('HGET', STATS, 'bytes') or '0') end

local once = P .. 'once:' .. ARGV[3]
local seen = ARGV[3] ~= '' and call('GET', once)
if seen then return { 0, now, 0, seen } end

-- From `start` on, up to the next separator; and where to go on.
local function part(text, separator, start)
  local at = string.find(text, separator, start, true) or #text + 1
  return sub(text, start, at - 1), at + 1
end

local function due_at(due)
  if byte(due) == 43 then return now + tonumber(sub(due, 2)) end
  return tonumber(due)
end

-- Counted from the time in the id it is a digit or two, and not thirteen.
local enqueued_at = (math.abs(now - made_at) < 1e12 and now - made_at or now) .. '\t'

-- An idle worker is blocked on the list: it gets the value along with the task.
local idle = waiting == 0 and count <= 16 and call('EXISTS', PAUSED) == 0

local values, pushes = {}, { [K] = {}, [HIGH] = {}, [LOW] = {} }
local ids, states, delayed = {}, {}, {}
local accepted, added_bytes = 0, 0
local value_at, due_from = 1, 1
while accepted < count do
  local value, due = nil, ''
  value, value_at = part(joined_values, '\1', value_at)
  value = enqueued_at .. value
  if joined_dues ~= '' then due, due_from = part(joined_dues, ',', due_from) end
  if limit > 0 and length + accepted >= limit then break end
  if max_bytes > 0 and bytes + added_bytes + #value > max_bytes then break end
  local id = sub(joined_ids, accepted * ID_LENGTH + 1, (accepted + 1) * ID_LENGTH)
  accepted, added_bytes = accepted + 1, added_bytes + #value
  ids[accepted] = id
  values[2 * accepted - 1], values[2 * accepted] = id, value
  if due ~= '' and due_at(due) > now then
    states[accepted] = '"scheduled"'
    local set = delayed_of(id)
    delayed[set] = delayed[set] or {}
    table.insert(delayed[set], due_at(due))
    table.insert(delayed[set], id)
  else
    states[accepted] = '"waiting"'
    local list = list_of(id)
    local push = pushes[list]
    push[#push + 1] = (idle and list == K) and ('\3' .. id .. '\n' .. value) or ref(id)
  end
end
if accepted == 0 then return { 0, now, measure(), '' } end

call('HSET', TASKS, unpack(values))
call('HINCRBY', STATS, 'accepted', accepted)
call('HINCRBY', STATS, 'bytes', added_bytes)
if next(delayed) then
  local before = next_due()
  for set, members in pairs(delayed) do call('ZADD', set, unpack(members)) end
  if next_due() ~= before then ring() end
end
if #pushes[HIGH] > 0 then call('LPUSH', HIGH, unpack(pushes[HIGH])) end
if #pushes[LOW] > 0 then call('LPUSH', LOW, unpack(pushes[LOW])) end
if #pushes[K] > 0 then
  call('LPUSH', K, unpack(pushes[K]))
elseif #pushes[HIGH] + #pushes[LOW] > 0 then
  ring()
end
count_traffic(now, 'a', accepted)
if ARGV[3] ~= '' then call('SET', once, table.concat({ ARGV[4], now, ids[1] }, '\t'), 'PX', ARGV[5]) end
tell(ids, states)
return { accepted, now, length, '' }
