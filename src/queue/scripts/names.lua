-- Put in front of every task script: the names of a queue's satellites, and what their elements look like.
--
-- Satellites are derived from the queue's key; they carry it in braces and so are in its Cluster slot.
--
-- An element of a waiting or held list is one of
--   "\1"                      a ring: wakes whoever is blocked on the list, means nothing else
--   "\2" id                   a task whose value is in {K}:tasks
--   "\3" id "\n" value        the same with the value along, to save an idle worker a round trip
--   anything else             a bare value that another program pushed

local K = KEYS[1]
local P = '{' .. K .. '}:'
local TASKS, ACTIVE, TRIES, STATS = P .. 'tasks', P .. 'active', P .. 'tries', P .. 'stats'
local DELAYED, DEAD, CONSUMERS, PAUSED = P .. 'delayed', P .. 'dead', P .. 'consumers', P .. 'paused'
local HIGH, LOW, CANCELLED = P .. 'high', P .. 'low', P .. 'cancelled'
local RING, REF, INLINE = 1, 2, 3
local ID_LENGTH = 17

local function now_ms()
  local time = redis.call('TIME')
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

local function held_list(consumer)
  return P .. 'held:' .. consumer
end

-- "attempt \t startedAt \t consumer [\t progress \t note]": who works on a task, and since when
local function active_mark(attempt, now, consumer)
  return string.format('%d\t%.0f\t%s', attempt, now, consumer)
end

local function consumer_in(mark)
  return mark and string.match(mark, '^%d+\t%d+\t([^\t]*)')
end

-- Wakes one idle worker for what is not in the list that it is blocked on.
local function ring()
  if redis.call('LLEN', K) == 0 then redis.call('LPUSH', K, '\1') end
end

local function next_due()
  local first = redis.call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
  return first[2] or ''
end
