-- Moves what is due to the waiting lists, then gives a consumer up to n waiting tasks: highest priority first,
-- within one priority what was delayed before what waited, the oldest first.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  its lease in ms from now, given to a consumer that has none; "0" = it must have one
-- ARGV[3]  n, at most 1,000; 0 only moves what is due
-- ARGV[4]  16 characters, unique to this call: ids for bare values are made of them
--
-- Returns  {now, state, next due or "", tasks…}: state is "open", "paused", "lost" (its lease has ended) or "more"
--          (only places of cancelled tasks were found: call again);
--          per task its id with the failed attempts so far behind, and its value.
-- Cost     O(n), O(log delayed) for each that was due.
-- Repeat   safe: a repeated call takes further tasks; those of the first are in the consumer's held list,
--          where it finds them.

local consumer, lease, n, seed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local now = now_ms()

local due = call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, math.max(n, 100))
if #due > 0 then
  call('ZREM', DELAYED, unpack(due))
  -- To the end that is taken from, the earliest last: they have waited long enough.
  for i = #due, 1, -1 do call('RPUSH', list_of(due[i]), ref(due[i])) end
end

if call('EXISTS', PAUSED) == 1 then return { now, 'paused', next_due() } end
if lease > 0 then
  call('ZADD', CONSUMERS, 'NX', now + lease, consumer)
elseif tonumber(call('ZSCORE', CONSUMERS, consumer) or 0) <= now then
  return { now, 'lost', next_due() }
end

-- A ring must not take the place of a task: for each that was popped, another element is.
local taken = {}
for _, list in ipairs({ HIGH, K, LOW }) do
  local rings
  repeat
    rings = 0
    for _, element in ipairs(#taken < n and call('RPOP', list, n - #taken) or {}) do
      if element == RING then rings = rings + 1 else taken[#taken + 1] = element end
    end
  until rings == 0
end

local ids, ghosts, adopted = {}, {}, 0
for i, element in ipairs(taken) do
  local id = id_in(element)
  if not id then
    id = 'n' .. string.sub(seed, 4) .. string.format('%03x', i)
    local value = now .. '\t\t\n' .. element
    call('HSET', TASKS, id, value)
    call('HINCRBY', STATS, 'bytes', #value)
    adopted = adopted + 1
  end
  ids[#ids + 1] = id
end
-- Others are blocked on the queue's own list, and would not hear of what is left in these.
if call('LLEN', HIGH) + call('LLEN', LOW) > 0 then ring() end
if adopted > 0 then call('HINCRBY', STATS, 'accepted', adopted) end
if #ids == 0 then return { now, 'open', next_due() } end

local values = call('HMGET', TASKS, unpack(ids))
local tries = call('EXISTS', TRIES) == 1 and call('HMGET', TRIES, unpack(ids)) or {}
local held, begun, reply = {}, {}, { now, 'open', next_due() }
for i, id in ipairs(ids) do
  if values[i] then
    local failed = tries[i] or '0'
    held[#held + 1] = started(id)
    begun[#begun + 1] = id
    reply[#reply + 1] = id .. failed
    reply[#reply + 1] = values[i]
    -- A consumer over HTTP is one of many, and not searched: what it has is noted.
    if lease > 0 then call('HSET', ACTIVE, id, failed + 1 .. '\t' .. now .. '\t' .. consumer) end
  else
    ghosts[#ghosts + 1] = id
  end
end
if #ghosts > 0 then call('SREM', GHOSTS, unpack(ghosts)) end
if #held > 0 then
  call('LPUSH', held_list(consumer), unpack(held))
  call('HINCRBY', STATS, 'active', #held)
  tell(begun, '"active"')
end
if #held == 0 then reply[2] = 'more' end
return reply
