-- Drops values whose time is over, moves what is due to the waiting lists, then gives a consumer up to n waiting tasks: highest priority first,
-- within one priority what was delayed before what waited, the oldest first.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  its lease in ms from now, given to a consumer that has none; "0" = it must have one
-- ARGV[3]  n, at most 1,000; 0 only moves what is due
-- ARGV[4]  16 characters, unique to this call: ids for bare values are made of them
--
-- Returns  {now, state, next due or "", tasks…}: state is "open", "paused", "lost" (its lease has ended) or "more"
--          (only what is gone was found: call again);
--          per task id, failed attempts so far, value.
-- Cost     O(n), O(log delayed) for each that was due.
-- Repeat   safe: a repeated call takes further tasks; those of the first are in the consumer's held list,
--          where it finds them.

local consumer, lease, n, seed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local now = now_ms()

local expires = redis.call('EXISTS', EXPIRING) == 1
if expires and drop_expired(now, 100) == 100 then return { now, 'more', next_due() } end

local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, math.max(n, 100))
if #due > 0 then
  redis.call('ZREM', DELAYED, unpack(due))
  -- To the end that is taken from, the earliest last: they have waited long enough.
  for i = #due, 1, -1 do redis.call('RPUSH', list_of(due[i]), ref(due[i])) end
end

if redis.call('EXISTS', PAUSED) == 1 then return { now, 'paused', next_due() } end
if lease > 0 then
  redis.call('ZADD', CONSUMERS, 'NX', now + lease, consumer)
elseif tonumber(redis.call('ZSCORE', CONSUMERS, consumer) or 0) <= now then
  return { now, 'lost', next_due() }
end

-- A ring must not take the place of a task: for each that was popped, another element is.
local taken = {}
for _, list in ipairs({ HIGH, K, LOW }) do
  local rings
  repeat
    rings = 0
    for _, element in ipairs(#taken < n and redis.call('RPOP', list, n - #taken) or {}) do
      if element == '\1' then rings = rings + 1 else taken[#taken + 1] = element end
    end
  until rings == 0
end

local ids, ghosts, adopted = {}, {}, 0
for i, element in ipairs(taken) do
  local kind = string.byte(element)
  if kind == REF and #element == ID_LENGTH + 1 or kind == INLINE then
    ids[#ids + 1] = string.sub(element, 2, ID_LENGTH + 1)
  else
    local id = 'n' .. string.sub(seed, 4) .. string.format('%03x', i)
    local value = now .. '\t\t\n' .. element
    redis.call('HSET', TASKS, id, value)
    redis.call('HINCRBY', STATS, 'bytes', #value)
    adopted = adopted + 1
    ids[#ids + 1] = id
  end
end
-- Others are blocked on the queue's own list, and would not hear of what is left in these.
if redis.call('LLEN', HIGH) + redis.call('LLEN', LOW) > 0 then ring() end
if adopted > 0 then redis.call('HINCRBY', STATS, 'accepted', adopted) end
if #ids == 0 then return { now, 'open', next_due() } end

local values = redis.call('HMGET', TASKS, unpack(ids))
local tries = redis.call('EXISTS', TRIES) == 1 and redis.call('HMGET', TRIES, unpack(ids)) or {}
local held, marks, reply = {}, {}, { now, 'open', next_due() }
for i, id in ipairs(ids) do
  if values[i] then
    local failed = tries[i] or '0'
    held[#held + 1] = ref(id)
    marks[#marks + 1] = id
    marks[#marks + 1] = active_mark(failed + 1, now, consumer)
    reply[#reply + 1] = id
    reply[#reply + 1] = failed
    reply[#reply + 1] = values[i]
  else
    ghosts[#ghosts + 1] = id
  end
end
if #ghosts > 0 then redis.call('SREM', GHOSTS, unpack(ghosts)) end
if #held > 0 then
  redis.call('LPUSH', held_list(consumer), unpack(held))
  redis.call('HSET', ACTIVE, unpack(marks))
  if expires then redis.call('ZREM', EXPIRING, unpack(ids)) end
end
if #held == 0 then reply[2] = 'more' end
return reply
