-- Drops values whose time is over, then gives a consumer up to n tasks: highest priority first, within one priority what was delayed and is due before what
-- waited, the oldest first.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  its lease in ms from now, given to a consumer that has none; "0" = it must have one
-- ARGV[3]  n, at most 1,000; 0 = none, but what is due is brought to where idle workers wait
-- ARGV[4]  16 characters, unique to this call: ids for bare values are made of them
--
-- Returns  {now, state, next due or "", tasks…}: state is "open", "paused", "lost" (its lease has ended) or "more"
--          (only what is gone was found: call again);
--          per task its id with the failed attempts so far behind, and its value.
-- Cost     O(n), O(log delayed) for each that was due.
-- Repeat   safe: a repeated call takes further tasks; those of the first are in the consumer's held list,
--          where it finds them.

local consumer, lease, n, seed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local now = now_ms()
local most_looked_at = n + 1000

local expires = call('EXISTS', EXPIRING) == 1
if expires and drop_expired(now, 100) == 100 then return { now, 'more', next_due() } end

if call('EXISTS', PAUSED) == 1 then return { now, 'paused', next_due() } end
if lease > 0 then
  call('ZADD', CONSUMERS, 'NX', now + lease, consumer)
elseif tonumber(call('ZSCORE', CONSUMERS, consumer) or 0) <= now then
  return { now, 'lost', next_due() }
end

local function pop_due(delayed, most)
  local due = call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, most)
  if #due > 0 then call('ZREM', delayed, unpack(due)) end
  return due
end

-- Where tasks wait already, nobody is idle.
if n == 0 then
  for _, priority in ipairs(call('LLEN', K) == 0 and PRIORITIES or {}) do
    for _, id in ipairs(pop_due(priority.delayed, 100)) do call('LPUSH', priority.list, ref(id)) end
  end
  if call('LLEN', HIGH) + call('LLEN', LOW) > 0 then ring() end
  return { now, 'open', next_due() }
end

local has_tries = call('EXISTS', TRIES) == 1
local looked_at, adopted, ids, held, ghosts = 0, 0, {}, {}, {}
local reply = { now, 'open', '' }

local function take(candidates)
  if #candidates == 0 then return end
  local values = call('HMGET', TASKS, unpack(candidates))
  local tries = has_tries and call('HMGET', TRIES, unpack(candidates)) or {}
  for i, id in ipairs(candidates) do
    if values[i] then
      ids[#ids + 1] = id
      held[#held + 1] = started(id)
      reply[#reply + 1] = id .. (tries[i] or '0')
      reply[#reply + 1] = values[i]
    else
      ghosts[#ghosts + 1] = id
    end
  end
end

local function adopt(value)
  adopted = adopted + 1
  local id = 'n' .. string.sub(seed, 4) .. string.format('%03x', adopted)
  local text = now .. '\t\t\n' .. value
  call('HSET', TASKS, id, text)
  call('HINCRBY', STATS, 'bytes', #text)
  return id
end

-- Rings and the places of cancelled tasks must not take the place of a task: for each, another element is popped.
local function take_waiting(list)
  while #ids < n and looked_at < most_looked_at do
    local elements = call('RPOP', list, n - #ids)
    if not elements then return end
    looked_at = looked_at + #elements
    local candidates = {}
    for _, element in ipairs(elements) do
      if element ~= RING then candidates[#candidates + 1] = id_in(element) or adopt(element) end
    end
    take(candidates)
  end
end

for _, priority in ipairs(PRIORITIES) do
  if #ids < n then take(pop_due(priority.delayed, n - #ids)) end
  take_waiting(priority.list)
end

if adopted > 0 then call('HINCRBY', STATS, 'accepted', adopted) end
if #ghosts > 0 then
  for first = 1, #ghosts, 1000 do call('SREM', GHOSTS, unpack(ghosts, first, math.min(first + 999, #ghosts))) end
end
-- Others are blocked on the queue's own list, and would not hear of what is left in these.
if call('LLEN', HIGH) + call('LLEN', LOW) > 0 then ring() end
if #ids > 0 then
  call('LPUSH', held_list(consumer), unpack(held))
  if expires then call('ZREM', EXPIRING, unpack(ids)) end
  call('HINCRBY', STATS, 'active', #ids)
  -- A consumer over HTTP is one of many, and not searched: what it has is noted.
  if lease > 0 then
    for i, id in ipairs(ids) do
      local failed = string.sub(reply[2 + 2 * i], ID_LENGTH + 1)
      call('HSET', ACTIVE, id, failed + 1 .. '\t' .. now .. '\t' .. consumer)
    end
  end
  tell(ids, '"active"')
elseif looked_at >= most_looked_at then
  reply[2] = 'more'
end
reply[3] = next_due()
return reply
