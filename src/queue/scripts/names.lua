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
local K = KEYS[1]
local P = '{' .. K .. '}:'
local TASKS, ACTIVE, TRIES, STATS = P .. 'tasks', P .. 'active', P .. 'tries', P .. 'stats'
local DELAYED, DEAD, CONSUMERS, PAUSED = P .. 'delayed', P .. 'dead', P .. 'consumers', P .. 'paused'
local HIGH, LOW, CANCELLED = P .. 'high', P .. 'low', P .. 'cancelled'
-- Ids of cancelled tasks whose place in a waiting or held list has not been reached yet
local GHOSTS = P .. 'ghosts'
local RING, REF, INLINE, STARTED = '\1ring', 2, 3, 4
local ID_LENGTH = 17

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The first letter of an id is its priority.
local function list_of(id)
  local priority = string.byte(id)
  if priority == 104 then return HIGH end
  if priority == 108 then return LOW end
  return K
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

-- Records of tasks whose ids were made in the same 64 ms share a hash: one key to expire, and not one for each.
local function record_key(id)
  return P .. 'task:' .. string.sub(id, 2, 8)
end

-- The id in an element, and its kind; none in a ring or a bare value, which may begin with any byte
local function id_in(element)
  local kind = string.byte(element)
  if not kind or kind < REF or kind > STARTED then return end
  local id = string.match(element, '^.([hnl][%w_-]+)', 1)
  if not id or #id ~= ID_LENGTH then return end
  local next_byte = string.byte(element, ID_LENGTH + 2)
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

local function next_due()
  local first = call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
  return first[2] or ''
end
