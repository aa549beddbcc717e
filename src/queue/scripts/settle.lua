-- Records how a consumer's tasks ended, and publishes it on task:results. What it no longer holds is left alone and said
-- to be lost.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  ms for which the record of a finished task is kept; 0 = none is
-- ARGV[3]  most dead tasks kept
-- ARGV[4]  ms for which a dead task is kept
-- ARGV[5…] per run of tasks that ended alike, at most 1,000 in all: head, elements, details
--          head      outcome \t attempt \t started at, ms \t delay in ms. The attempt is the one that ended, "" = whichever
--                    it is: a settlement that is sent again must not end a later one. The delay may be "".
--          elements  as they are in the held list (\4 id), the last one first, as there, without anything between them: one
--                    string costs the driver far less than one for each
--          details   one on each line; a single line is that of all
--          Outcomes:
--          "done"       detail: the result, JSON on one line
--          "cancelled"  detail: the error, JSON on one line
--          "retry"      due again after the delay; detail: the attempt, JSON on one line
--          "dead"       detail: the attempt, JSON on one line
--          "return"     given back, the attempt not counted
--          "postpone"   due again after the delay, the attempt not counted
--          "park"       not started yet after all: the consumer keeps it as if it had just been handed over
--          A task that was to be cancelled is, unless it is done.
--
-- Returns  {now, place in the call, from 0, of each that was lost}.
-- Cost     O(number of tasks), and O(held) for each that ends before one that was taken earlier.
-- Repeat   safe: what is settled is no longer held, and so lost the second time.

local consumer, record_ms, dead_max, dead_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held, now = held_list(consumer), now_ms()
local stamp = '\t' .. string.format('%.0f', now) .. '\t'
local max_history = 20
local CANCELLED_ERROR = '{"name":"AbortedError","message":"cancelled"}'

local has_tries, has_cancelled = call('EXISTS', TRIES) == 1, call('EXISTS', CANCELLED) == 1
local are_heard = are_results_heard()
local reply, place, let_go, needs_ring, counts = { now }, 0, 0, false, {}
-- What was settled, and what state it is in now, as JSON; which of it is gone for good.
local settled, states, settled_count = {}, {}, 0
local gone, gone_count, gone_bytes = {}, 0, 0
-- Records by key; those of ids that follow each other share one.
local records, bucket, fields, field_count = {}, nil, nil, 0

local function ids_in(elements)
  local ids, step = {}, ID_LENGTH + 1
  local start = #elements
  for j = 1, start / step do
    ids[j] = sub(elements, start - step + 2, start)
    start = start - step
  end
  return ids
end

-- The detail of each task; none if a single line is that of all.
local function details_in(lines)
  if not string.find(lines, '\n', 1, true) then return nil end
  local details = {}
  for line in string.gmatch(lines .. '\n', '([^\n]*)\n') do details[#details + 1] = line end
  return details
end

local function remember(id, attempt)
  local history = P .. 'history:' .. id
  call('HINCRBY', TRIES, id, 1)
  call('RPUSH', history, attempt)
  call('LTRIM', history, -max_history, -1)
  has_tries = true
end

local function delay_by(id, ms)
  call('ZADD', delayed_of(id), now + ms, id)
  needs_ring = true
end

-- Where the record of a task goes: id, text, id, text…
local function go_to_records(id)
  local key = record_key(id)
  bucket, fields = sub(id, 2, 8), records[key] or {}
  records[key], field_count = fields, #fields
end

-- Line 1: state, time, the mark; line 2: result or error; then the task's value.
local function finish(id, state, value, mark, detail)
  if record_ms > 0 then
    if sub(id, 2, 8) ~= bucket then go_to_records(id) end
    fields[field_count + 1] = id
    fields[field_count + 2] = state .. stamp .. mark .. '\n' .. detail .. '\n' .. value
    field_count = field_count + 2
    if has_tries then call('PEXPIRE', P .. 'history:' .. id, record_ms) end
  elseif has_tries then
    call('DEL', P .. 'history:' .. id)
  end
  gone_count = gone_count + 1
  gone[gone_count] = id
  gone_bytes = gone_bytes + #value
  if are_heard then announce(id, state, value, mark, detail) end
end

local function end_as(outcome, id, value, mark, detail, delay)
  if outcome == 'done' then
    finish(id, outcome, value, mark, detail)
    return '"done"'
  elseif outcome == 'cancelled' then
    finish(id, outcome, value, mark, detail)
    return '"cancelled"'
  elseif outcome == 'return' then
    call('RPUSH', list_of(id), ref(id))
    needs_ring = needs_ring or list_of(id) ~= K
    return '"waiting"'
  elseif outcome == 'park' then
    call('LPUSH', held, ref(id))
    return '"waiting"'
  elseif outcome == 'postpone' then
    delay_by(id, delay)
    return '"scheduled"'
  elseif outcome == 'retry' then
    remember(id, detail)
    delay_by(id, delay)
    return '"retrying"'
  end
  remember(id, detail)
  call('ZADD', DEAD, now, id)
  if are_heard then announce(id, 'dead', value, mark, detail) end
  return '"dead"'
end

-- Mostly tasks end in the order in which they were taken: then they are the tail of the held list.
local function drop_tail(elements, n)
  local is_tail = concat(call('LRANGE', held, -n, -1)) == elements
  if is_tail then call('LTRIM', held, 0, -n - 1) end
  return is_tail
end

local function settle_run(head, elements, lines)
  local outcome, attempt, started_at, delay = string.match(head, '^(%l+)\t([^\t]*)\t([^\t]*)\t([^\t]*)$')
  local ids = ids_in(elements)
  local details = details_in(lines)
  local values = call('HMGET', TASKS, unpack(ids))
  local tries = has_tries and call('HMGET', TRIES, unpack(ids)) or {}

  local failed_before = string.find(attempt, '^%d+$') and attempt - 1
  local function is_current(j)
    return not failed_before or failed_before == tonumber(tries[j] or 0)
  end
  local are_current = has_tries or not failed_before or failed_before == 0
  for j = 1, has_tries and #ids or 0 do are_current = are_current and is_current(j) end
  local is_tail = are_current and drop_tail(elements, #ids)

  local who = '\t' .. started_at .. '\t' .. consumer
  local mark = attempt .. who
  for j = 1, #ids do
    local id, value = ids[j], values[j]
    local is_ours = is_tail or is_current(j) and call('LREM', held, -1, started(id)) == 1
    if is_ours then let_go = let_go + 1 end
    -- Ours without a value: a second reference to a task that has ended, which somebody else pushed.
    if is_ours and value then
      local as, detail = outcome, details and details[j] or lines
      if has_cancelled and call('SREM', CANCELLED, id) == 1 and as ~= 'done' and as ~= 'cancelled' then
        as, detail = 'cancelled', CANCELLED_ERROR
      end
      counts[as] = (counts[as] or 0) + 1
      settled_count = settled_count + 1
      settled[settled_count] = id
      local its_mark = failed_before and mark or (tries[j] or 0) + 1 .. who
      states[settled_count] = end_as(as, id, value, its_mark, detail, delay)
    else
      reply[#reply + 1] = place
    end
    place = place + 1
  end
end

for i = 5, #ARGV, 3 do settle_run(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end

if let_go > 0 then call('HINCRBY', STATS, 'active', -let_go) end
if settled_count == 0 then return reply end
if call('EXISTS', ACTIVE) == 1 then call('HDEL', ACTIVE, unpack(settled)) end
if needs_ring then ring() end
for key, pairs_of in pairs(records) do
  call('HSET', key, unpack(pairs_of))
  call('PEXPIRE', key, record_ms)
end
if gone_count > 0 then
  call('HDEL', TASKS, unpack(gone))
  if has_tries then call('HDEL', TRIES, unpack(gone)) end
  call('HINCRBY', STATS, 'bytes', -gone_bytes)
end
if counts['dead'] then trim_dead(now, dead_max, dead_ms) end
for outcome, count in pairs(counts) do call('HINCRBY', STATS, outcome, count) end
if counts['done'] then count_traffic(now, 'd', counts['done']) end
local failed = (counts['retry'] or 0) + (counts['dead'] or 0)
if failed > 0 then count_traffic(now, 'f', failed) end
tell(settled, states)
return reply
