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
-- Ids of cancelled tasks whose place in a waiting or held list has not been reached yet
local GHOSTS = P .. 'ghosts'
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

local function attempt_in(mark)
  return mark and string.match(mark, '^%d+')
end

-- When nobody was heard of for longer than beats are apart, Redis was away, or everybody was: that leases ended
-- meanwhile says nothing about their consumers, and until all had time to be heard of again nobody is taken for dead.
local SILENCE_MS, PATIENCE_MS = 2500, 5000

local function is_patient(now)
  local heard = redis.call('HMGET', STATS, 'heardAt', 'patientUntil')
  return now - (heard[1] or 0) > SILENCE_MS or now < tonumber(heard[2] or 0)
end

-- The id in an element; none in a ring or a bare value
local function id_in(element)
  local kind = string.byte(element)
  if kind == INLINE or (kind == REF and #element == ID_LENGTH + 1) then
    return string.sub(element, 2, ID_LENGTH + 1)
  end
end

local function is_ring(element)
  return element == '\1'
end

-- Puts an element that was taken out of a held list back to where it is the next to be taken, unless it is of no use any
-- more; true if nobody who is blocked hears of it.
local function give_back(element, id, value)
  if not id then
    if not is_ring(element) then redis.call('RPUSH', K, element) end
  elseif value then
    redis.call('RPUSH', list_of(id), ref(id))
    return list_of(id) ~= K
  else
    redis.call('SREM', GHOSTS, id)
  end
end

-- Wakes one idle worker for what is not in the list that it is blocked on.
local function ring()
  if redis.call('LLEN', K) == 0 then redis.call('LPUSH', K, '\1') end
end

local function next_due()
  local first = redis.call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')
  return first[2] or ''
end
