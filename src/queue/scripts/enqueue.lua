-- Takes tasks in: those due now wait, the others are delayed.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most tasks that may wait or be delayed; 0 = no limit
-- ARGV[2]  most bytes that unfinished tasks may hold; 0 = no limit
-- ARGV[3]  idempotency key, for one task; "" = none
-- ARGV[4]  fingerprint of the request that came with it
-- ARGV[5]  ms for which the key is remembered
-- ARGV[6…] per task, at most 1,000: id, due, value
--          due: "" = now, "+<ms>" = so long from now, "<ms>" = then, in ms since 1970 by Redis' clock
--
-- Returns  {accepted, now, length, seen}: the first `accepted` of them were taken, the rest did not fit; length is that of
--          a queue that took none or has a limit. `seen` is "" unless the key is known: then nothing was taken, and it is "fingerprint \t enqueuedAt \t id" of the first time.
-- Cost     O(number of tasks), O(log n) for a delayed one.
-- Repeat   safe with a key; without one the tasks are taken a second time. It is sent on connections that never re-send.

local limit, max_bytes = tonumber(ARGV[1]), tonumber(ARGV[2])
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

local function due_at(due)
  if string.byte(due) == 43 then return now + tonumber(string.sub(due, 2)) end
  return tonumber(due)
end

-- An idle worker is blocked on the list: it gets the value along with the task.
local idle = waiting == 0 and #ARGV <= 5 + 3 * 16 and call('EXISTS', PAUSED) == 0

local values, pushes = {}, { [K] = {}, [HIGH] = {}, [LOW] = {} }
local ids, states, delayed = {}, {}, {}
local accepted, added_bytes = 0, 0
for i = 6, #ARGV, 3 do
  local id, due, value = ARGV[i], ARGV[i + 1], now .. '\t' .. ARGV[i + 2]
  if limit > 0 and length + accepted >= limit then break end
  if max_bytes > 0 and bytes + added_bytes + #value > max_bytes then break end
  accepted, added_bytes = accepted + 1, added_bytes + #value
  ids[accepted] = id
  values[#values + 1] = id
  values[#values + 1] = value
  if due ~= '' and due_at(due) > now then
    states[accepted] = '"scheduled"'
    local set = delayed_of(id)
    delayed[set] = delayed[set] or {}
    table.insert(delayed[set], due_at(due))
    table.insert(delayed[set], id)
  else
    states[accepted] = '"waiting"'
    local push = pushes[list_of(id)]
    push[#push + 1] = (idle and list_of(id) == K) and ('\3' .. id .. '\n' .. value) or ref(id)
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
if ARGV[3] ~= '' then call('SET', once, table.concat({ ARGV[4], now, ARGV[6] }, '\t'), 'PX', ARGV[5]) end
tell(ids, states)
return { accepted, now, length, '' }
