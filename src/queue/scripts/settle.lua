-- Records how a consumer's tasks ended, and publishes it on task:results. What it no longer holds is left alone and said
-- to be lost.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  ms for which the record of a finished task is kept; 0 = none is
-- ARGV[3]  most dead tasks kept
-- ARGV[4]  ms for which a dead task is kept
-- ARGV[5…] per task, at most 1,000: id, attempt, outcome, detail
--          attempt  "<n> \t <started at, ms>" of the one that ended, n = "" whichever it is: a settlement that is sent
--                   again must not end a later one
--          outcome  "done"           detail: the result, JSON on one line
--                   "cancelled"      detail: the error, JSON on one line
--                   "retry:<ms>"     due again in so many ms; detail: the attempt, JSON on one line
--                   "dead"           detail: the attempt, JSON on one line
--                   "return"         given back, the attempt not counted
--                   "postpone:<ms>"  due again in so many ms, the attempt not counted
--                   "park"           not started yet after all: the consumer keeps it as if it had just been handed over
--          A task that was to be cancelled is, unless it is done.
--
-- Returns  {now, place in the call, from 0, of each that was lost}.
-- Cost     O(number of tasks), and O(held) for each that ends before one that was taken earlier.
-- Repeat   safe: what is settled is no longer held, and so lost the second time.

local consumer, record_ms, dead_max, dead_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local FIRST, PARTS = 5, 4
local held, now = held_list(consumer), now_ms()
local max_history = 20

local named = {}
for i = FIRST, #ARGV, PARTS do named[#named + 1] = ARGV[i] end
local has_tries = call('EXISTS', TRIES) == 1
local tries = has_tries and call('HMGET', TRIES, unpack(named)) or {}

local values = call('HMGET', TASKS, unpack(named))

local function part(j, offset)
  return ARGV[FIRST + (j - 1) * PARTS + offset]
end

local function is_current(j)
  local n = string.match(part(j, 1), '^%d*')
  return n == '' or n - 1 == tonumber(tries[j] or 0)
end

-- Mostly tasks end in the order in which they were taken: then they are the tail of the held list.
local function are_tail()
  local tail = call('LRANGE', held, -#named, -1)
  if #tail ~= #named then return false end
  for j, id in ipairs(named) do
    if tail[#named + 1 - j] ~= started(id) or not values[j] or not is_current(j) then return false end
  end
  return true
end

local reply, ids, items, orphans = { now }, {}, {}, 0
local is_tail = are_tail()
if is_tail then call('LTRIM', held, 0, -#named - 1) end
for j, id in ipairs(named) do
  local is_ours = is_tail or (is_current(j) and call('LREM', held, -1, started(id)) == 1)
  -- A second reference to a task that has ended, which somebody else pushed.
  if is_ours and not values[j] then
    is_ours, orphans = false, orphans + 1
  end
  if is_ours then
    ids[#ids + 1] = id
    items[#items + 1] = j
  else
    reply[#reply + 1] = j - 1
  end
end
if #ids + orphans > 0 then call('HINCRBY', STATS, 'active', -#ids - orphans) end
if #ids == 0 then return reply end

if call('EXISTS', ACTIVE) == 1 then call('HDEL', ACTIVE, unpack(ids)) end
local has_cancelled = call('EXISTS', CANCELLED) == 1
local are_heard = are_results_heard()
local STATES = { done = '"done"', cancelled = '"cancelled"', dead = '"dead"', retry = '"retrying"' }

local gone, gone_bytes, counts, records, states, rings = {}, 0, {}, {}, {}, false
local stamp = '\t' .. string.format('%.0f', now) .. '\t'

local function remember(id, attempt)
  local history = P .. 'history:' .. id
  call('HINCRBY', TRIES, id, 1)
  call('RPUSH', history, attempt)
  call('LTRIM', history, -max_history, -1)
end

-- Line 1: state, time, the mark; line 2: result or error; then the task's value.
local function finish(id, state, value, mark, detail)
  if record_ms > 0 then
    local key = record_key(id)
    local fields = records[key] or {}
    records[key] = fields
    fields[#fields + 1] = id
    fields[#fields + 1] = state .. stamp .. mark .. '\n' .. detail .. '\n' .. value
    if has_tries then call('PEXPIRE', P .. 'history:' .. id, record_ms) end
  elseif has_tries then
    call('DEL', P .. 'history:' .. id)
  end
  gone[#gone + 1] = id
  gone_bytes = gone_bytes + #value
end

for j, id in ipairs(ids) do
  local item = items[j]
  local value = values[item]
  local outcome, delay = string.match(part(item, 2), '^(%l+):?(%d*)')
  local detail = part(item, 3)
  if has_cancelled and call('SREM', CANCELLED, id) == 1 and outcome ~= 'done' and outcome ~= 'cancelled' then
    outcome, detail = 'cancelled', '{"name":"AbortedError","message":"cancelled"}'
  end
  counts[outcome] = (counts[outcome] or 0) + 1
  states[j] = STATES[outcome] or '"waiting"'
  local attempt = part(item, 1)
  if string.byte(attempt) == 9 then attempt = (tries[item] or 0) + 1 .. attempt end
  local mark = attempt .. '\t' .. consumer
  if outcome == 'done' or outcome == 'cancelled' then
    finish(id, outcome, value, mark, detail)
    if are_heard then announce(id, outcome, value, mark, detail) end
  elseif outcome == 'return' then
    call('RPUSH', list_of(id), ref(id))
    rings = rings or list_of(id) ~= K
  elseif outcome == 'postpone' then
    call('ZADD', delayed_of(id), now + delay, id)
    rings = true
  elseif outcome == 'park' then
    call('LPUSH', held, ref(id))
  elseif outcome == 'retry' then
    remember(id, detail)
    call('ZADD', delayed_of(id), now + delay, id)
    rings = true
  else
    remember(id, detail)
    call('ZADD', DEAD, now, id)
    if are_heard then announce(id, 'dead', value, mark, detail) end
  end
end
if rings then ring() end
for key, fields in pairs(records) do
  call('HSET', key, unpack(fields))
  call('PEXPIRE', key, record_ms)
end

if #gone > 0 then
  call('HDEL', TASKS, unpack(gone))
  if has_tries then call('HDEL', TRIES, unpack(gone)) end
  call('HINCRBY', STATS, 'bytes', -gone_bytes)
end
if counts['dead'] then trim_dead(now, dead_max, dead_ms) end
for outcome, count in pairs(counts) do call('HINCRBY', STATS, outcome, count) end
if counts['done'] then count_traffic(now, 'd', counts['done']) end
local failed = (counts['retry'] or 0) + (counts['dead'] or 0)
if failed > 0 then count_traffic(now, 'f', failed) end
tell(ids, states)
return reply
