-- Records how a consumer's tasks ended, and publishes it on task:results. What it no longer holds is left alone and said
-- to be lost.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  ms for which the record of a finished task is kept; 0 = none is
-- ARGV[3]  most dead tasks kept
-- ARGV[4]  ms for which a dead task is kept
-- ARGV[5…] per task, at most 1,000: id, attempt, outcome, delay, detail
--          attempt  the one that ended, "" = whichever it is: a settlement that is sent again must not end a later one
--          outcome  "done"       detail: the result, JSON on one line
--                   "cancelled"  detail: the error, JSON on one line
--                   "retry"      due again in `delay` ms; detail: the attempt, JSON on one line
--                   "dead"       detail: the attempt, JSON on one line
--                   "return"     given back, the attempt not counted
--                   "postpone"   due again in `delay` ms, the attempt not counted
--          A task that was to be cancelled is, unless it is done.
--
-- Returns  {now, 1 or 0 per task}: 0 = lost.
-- Cost     O(number of tasks · held).
-- Repeat   safe: what is settled is no longer held, and so lost the second time.

local consumer, record_ms, dead_max, dead_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = held_list(consumer)
local now = now_ms()
local max_history = 20

local named = {}
for i = 5, #ARGV, 5 do named[#named + 1] = ARGV[i] end
local named_marks = redis.call('HMGET', ACTIVE, unpack(named))

local function is_ours(id, mark, attempt)
  if consumer_in(mark) ~= consumer or (attempt ~= '' and attempt_in(mark) ~= attempt) then return false end
  -- From the tail: what was taken first is there, and mostly settled first.
  return redis.call('LREM', held, -1, ref(id)) == 1
end

local reply, ids, items, marks = { now }, {}, {}, {}
for j, id in ipairs(named) do
  local i = j * 5
  local ours = is_ours(id, named_marks[j], ARGV[i + 1])
  reply[#reply + 1] = ours and 1 or 0
  if ours then
    ids[#ids + 1] = id
    items[#items + 1] = i
    marks[#marks + 1] = named_marks[j]
  end
end
if #ids == 0 then return reply end

local values = redis.call('HMGET', TASKS, unpack(ids))
redis.call('HDEL', ACTIVE, unpack(ids))
local has_tries = redis.call('EXISTS', TRIES) == 1
local has_cancelled = redis.call('EXISTS', CANCELLED) == 1

local gone, gone_bytes, counts, rings = {}, 0, {}, false

local function remember(id, attempt)
  local history = P .. 'history:' .. id
  redis.call('HINCRBY', TRIES, id, 1)
  redis.call('RPUSH', history, attempt)
  redis.call('LTRIM', history, -max_history, -1)
end

-- Line 1: state, time, the mark; line 2: result or error; then the task's value.
local function finish(id, state, value, mark, detail)
  if record_ms > 0 then
    local record = table.concat({ state, '\t', string.format('%.0f', now), '\t', mark or '', '\n', detail, '\n', value })
    redis.call('SET', P .. 'task:' .. id, record, 'PX', record_ms)
    if has_tries then redis.call('PEXPIRE', P .. 'history:' .. id, record_ms) end
  elseif has_tries then
    redis.call('DEL', P .. 'history:' .. id)
  end
  gone[#gone + 1] = id
  gone_bytes = gone_bytes + #value
end

for j, id in ipairs(ids) do
  local i, value = items[j], values[j]
  local outcome, delay, detail = ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4]
  if has_cancelled and redis.call('SREM', CANCELLED, id) == 1 and outcome ~= 'done' and outcome ~= 'cancelled' then
    outcome, detail = 'cancelled', '{"name":"AbortedError","message":"cancelled"}'
  end
  counts[outcome] = (counts[outcome] or 0) + 1
  if value then
    if outcome == 'done' or outcome == 'cancelled' then
      finish(id, outcome, value, marks[j], detail)
      announce(id, outcome, value, marks[j], detail)
    elseif outcome == 'return' then
      redis.call('RPUSH', list_of(id), ref(id))
      rings = rings or list_of(id) ~= K
    elseif outcome == 'postpone' then
      redis.call('ZADD', DELAYED, now + delay, id)
      rings = true
    elseif outcome == 'retry' then
      remember(id, detail)
      redis.call('ZADD', DELAYED, now + delay, id)
      rings = true
    else
      remember(id, detail)
      redis.call('ZADD', DEAD, now, id)
      announce(id, 'dead', value, marks[j], detail)
    end
  end
end
if rings then ring() end

if counts['dead'] then
  local old = redis.call('ZRANGEBYSCORE', DEAD, '-inf', now - dead_ms, 'LIMIT', 0, 100)
  local excess = redis.call('ZCARD', DEAD) - #old - dead_max
  if excess > 0 then
    for _, id in ipairs(redis.call('ZRANGE', DEAD, #old, #old + math.min(excess, 100) - 1)) do old[#old + 1] = id end
  end
  for _, id in ipairs(old) do
    redis.call('ZREM', DEAD, id)
    redis.call('DEL', P .. 'history:' .. id)
    gone_bytes = gone_bytes + redis.call('HSTRLEN', TASKS, id)
    gone[#gone + 1] = id
  end
  if #old > 0 then redis.call('HINCRBY', STATS, 'removed', #old) end
end

if #gone > 0 then
  redis.call('HDEL', TASKS, unpack(gone))
  if has_tries or counts['dead'] then redis.call('HDEL', TRIES, unpack(gone)) end
  redis.call('HINCRBY', STATS, 'bytes', -gone_bytes)
end
for outcome, count in pairs(counts) do redis.call('HINCRBY', STATS, outcome, count) end
return reply
