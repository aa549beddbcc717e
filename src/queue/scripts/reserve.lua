-- Drops values whose time is over, then gives a consumer up to n tasks: highest priority first, within one priority what
-- was delayed and is due before what waited, the oldest first.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  its lease in ms from now, given to a consumer that has none; "0" = it must have one
-- ARGV[3]  n, at most 1,000; 0 = none, but what is due is brought to where idle workers wait
-- ARGV[4]  16 characters, unique to this call: ids for bare values are made of them
--
-- Returns  {now, state, next due or "", ids, tries, values}: state is "open", "paused", "lost" (its lease has ended) or
--          "more" (only what is gone was found: call again). The ids follow each other; tries, the failed attempts so far
--          of each, have commas between them, and are "" where no task of the queue has failed; values have "\1" between
--          them, which only a bare value may have in it, and are "" if they are large: with another number of parts than of
--          ids, read {K}:tasks. One string for all costs the driver far less than one for each.
-- Cost     O(n), O(log delayed) for each that was due.
-- Repeat   safe: a repeated call takes further tasks; those of the first are in the consumer's held list,
--          where it finds them.

local consumer, lease, n, seed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local now = now_ms()
local most_looked_at = n + 1000
local MOST_JOINED = 256 * 1024

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
local taken, taken_bytes, looked_at, adopted, ghosts = 0, 0, 0, 0, {}
local ids, tries, values, held = {}, {}, {}, {}

local function adopt(value)
  adopted = adopted + 1
  local id = 'n' .. sub(seed, 4) .. string.format('%03x', adopted)
  local text = now .. '\t\n' .. value
  call('HSET', TASKS, id, text)
  call('HINCRBY', STATS, 'bytes', #text)
  return id, text
end

local function take(candidates)
  if #candidates == 0 then return end
  local found = call('HMGET', TASKS, unpack(candidates))
  local failed = has_tries and call('HMGET', TRIES, unpack(candidates)) or {}
  for i = 1, #candidates do
    local id, value = candidates[i], found[i]
    if not value and not is_id(id) then id, value = adopt(ref(id)) end
    if value then
      taken, taken_bytes = taken + 1, taken_bytes + #value
      ids[taken], values[taken], held[taken] = id, value, started(id)
      if has_tries then tries[taken] = failed[i] or '0' end
    else
      ghosts[#ghosts + 1] = id
    end
  end
end

-- Rings and the places of cancelled tasks must not take the place of a task: for each, another element is popped.
local function take_waiting(list)
  while taken < n and looked_at < most_looked_at do
    local elements = call('RPOP', list, n - taken)
    if not elements then return end
    looked_at = looked_at + #elements
    local candidates, count = {}, 0
    for i = 1, #elements do
      local element = elements[i]
      if element ~= RING then
        count = count + 1
        -- By all but the characters of its id a reference: what is none will not be found.
        local is_like_ref = byte(element) == REF and #element == ID_LENGTH + 1
        candidates[count] = is_like_ref and sub(element, 2) or id_in(element) or adopt(element)
      end
    end
    take(candidates)
  end
end

for _, priority in ipairs(PRIORITIES) do
  if taken < n then take(pop_due(priority.delayed, n - taken)) end
  take_waiting(priority.list)
end

if adopted > 0 then call('HINCRBY', STATS, 'accepted', adopted) end
if #ghosts > 0 then
  for first = 1, #ghosts, 1000 do call('SREM', GHOSTS, unpack(ghosts, first, math.min(first + 999, #ghosts))) end
end
-- Others are blocked on the queue's own list, and would not hear of what is left in these.
if call('LLEN', HIGH) + call('LLEN', LOW) > 0 then ring() end
local state = 'open'
if taken > 0 then
  call('LPUSH', held_list(consumer), unpack(held))
  if expires then call('ZREM', EXPIRING, unpack(ids)) end
  call('HINCRBY', STATS, 'active', taken)
  -- A consumer over HTTP is one of many, and not searched: what it has is noted.
  if lease > 0 then
    for i, id in ipairs(ids) do call('HSET', ACTIVE, id, (tries[i] or 0) + 1 .. '\t' .. now .. '\t' .. consumer) end
  end
  tell(ids, '"active"')
elseif looked_at >= most_looked_at then
  state = 'more'
end
-- Each task keeps the string that it came in alive.
local joined = (taken == 1 or taken_bytes <= MOST_JOINED) and concat(values, '\1') or ''
return { now, state, next_due(), concat(ids), concat(tries, ','), joined }
