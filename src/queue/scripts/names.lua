-- Put in front of every task script: the names of a queue's satellites, and what their elements look like.
--
-- Satellites are derived from the queue's key; they carry it in braces and so are in its Cluster slot.
--
-- An element of a waiting or held list is one of
--   "\1ring"                  a ring: wakes whoever is blocked on the list, means nothing else
--   "\2" id                   a task whose value is in {K}:tasks
--   "\3" id "\n" value        the same with the value along, to save an idle worker a round trip
--   "\4" id                   in a held list only: a task that its consumer was told to start
--   anything else             a bare value that another program pushed

local call = redis.call
-- Looked up once, and not for each task of a batch.
local byte, sub, concat = string.byte, string.sub, table.concat
local K = KEYS[1]
local P = '{' .. K .. '}:'
local TASKS, ACTIVE, TRIES, STATS = P .. 'tasks', P .. 'active', P .. 'tries', P .. 'stats'
local DEAD, CONSUMERS, PAUSED, CANCELLED = P .. 'dead', P .. 'consumers', P .. 'paused', P .. 'cancelled'
local HIGH, LOW = P .. 'high', P .. 'low'
-- What waits and what is delayed, by priority, the highest first; the first letter of an id is its priority
local PRIORITIES = {
  { list = HIGH, delayed = P .. 'delayed:high' },
  { list = K, delayed = P .. 'delayed' },
  { list = LOW, delayed = P .. 'delayed:low' },
}
-- Ids of cancelled tasks whose place in a waiting or held list has not been reached yet
local GHOSTS = P .. 'ghosts'
local RING, REF, INLINE, STARTED = '\1ring', 2, 3, 4
local ID_LENGTH = 17

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function priority_of(id)
  local letter = byte(id)
  return letter == 104 and PRIORITIES[1] or letter == 108 and PRIORITIES[3] or PRIORITIES[2]
end

local function list_of(id)
  return priority_of(id).list
end

local function delayed_of(id)
  return priority_of(id).delayed
end

local function ref(id)
  return '\2' .. id
end

local function started(id)
  return '\4' .. id
end

local function held_list(consumer)
  return P .. 'held:' .. consumer
end

-- Whether a consumer holds one task for a client over HTTP: what it holds is noted in {K}:active.
local function is_over_http(consumer)
  return sub(consumer, 1, 5) == 'http~'
end

-- Records of tasks whose ids were made in the same 64 ms share a hash: one key to expire, and not one for each.
local function record_key(id)
  return P .. 'task:' .. sub(id, 2, 8)
end

local function is_id(text)
  return #text == ID_LENGTH and string.find(text, '^[hnl][%w_-]+$') ~= nil
end

-- The id in an element, and its kind; none in a ring or a bare value, which may begin with any byte
local function id_in(element)
  local kind = byte(element)
  if not kind or kind < REF or kind > STARTED then return end
  local id = sub(element, 2, ID_LENGTH + 1)
  if not is_id(id) then return end
  local next_byte = byte(element, ID_LENGTH + 2)
  if kind == INLINE and next_byte ~= 10 or kind ~= INLINE and next_byte then return end
  return id, kind
end

local function is_started(element)
  local _, kind = id_in(element)
  return kind == STARTED
end

-- Wakes one idle worker for what is not in the list that it is blocked on.
local function ring()
  if call('LLEN', K) == 0 then call('LPUSH', K, RING) end
end

-- When the next delayed task is due, ms; "" = there is none
local function next_due()
  local earliest
  for _, priority in ipairs(PRIORITIES) do
    local first = call('ZRANGE', priority.delayed, 0, 0, 'WITHSCORES')[2]
    if first and (not earliest or tonumber(first) < tonumber(earliest)) then earliest = first end
  end
  return earliest or ''
end

local function count_delayed()
  local count = 0
  for _, priority in ipairs(PRIORITIES) do count = count + call('ZCARD', priority.delayed) end
  return count
end

-- Without rings, and without the places of cancelled tasks.
local function count_waiting()
  local count = call('LLEN', K) + call('LLEN', HIGH) + call('LLEN', LOW) - call('SCARD', GHOSTS)
  if call('LPOS', K, RING, 'RANK', -1, 'MAXLEN', 100) then count = count - 1 end
  return math.max(count, 0)
end
