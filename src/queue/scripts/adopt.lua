-- Makes a regular held task of an element that a blocked worker was handed (BLMOVE), as reserve does for the others.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  the element, as it is in the consumer's held list
-- ARGV[3]  an id for it, should it be a bare value
--
-- Returns  {state, now, id, failed attempts so far, value}: state is
--          "held"    it is this consumer's to run
--          "paused"  the queue is paused: it went back
--          "nothing" a ring, or a task that was cancelled meanwhile
--          "lost"    it is no longer in the held list: somebody else's, or settled
-- Cost     O(held).
-- Repeat   safe: a second call finds the element replaced by the task's reference, and says "held" again. An equal
--          bare value that came meanwhile is not mistaken for it: the id tells.

local consumer, element, raw_id = ARGV[1], ARGV[2], ARGV[3]
local held = held_list(consumer)
local now = now_ms()
local kind = string.byte(element)
local is_ring = kind == RING and #element == 1
local is_bare = not (is_ring or kind == INLINE or (kind == REF and #element == ID_LENGTH + 1))
local id = is_bare and raw_id or string.sub(element, 2, ID_LENGTH + 1)

local function is_known()
  if redis.call('HEXISTS', TASKS, id) == 1 or redis.call('SISMEMBER', GHOSTS, id) == 1 then return true end
  return redis.call('EXISTS', P .. 'task:' .. id) == 1
end

-- Bytes that are no UTF-8 reach the caller as U+FFFD. Of bare values only what is to be adopted is in the held list.
local function find_bare()
  for _, each in ipairs(redis.call('LRANGE', held, 0, -1)) do
    if not id_in(each) and each ~= '\1' then return each end
  end
  return element
end

if is_bare and string.find(element, '\239\191\189', 1, true) then element = find_bare() end

local is_first = not (is_bare and is_known()) and redis.call('LREM', held, 1, element) == 1
if not is_first then
  if is_ring or not redis.call('LPOS', held, ref(id)) then return { 'lost', now } end
  redis.call('LREM', held, 1, ref(id))
end
if is_ring then return { 'nothing', now } end
if is_bare and is_first then
  local value = now .. '\t\t\n' .. element
  redis.call('HSET', TASKS, id, value)
  redis.call('HINCRBY', STATS, 'accepted', 1)
  redis.call('HINCRBY', STATS, 'bytes', #value)
end

local value = redis.call('HGET', TASKS, id)
if not value then
  redis.call('SREM', GHOSTS, id)
  return { 'nothing', now }
end
if kind ~= INLINE and redis.call('EXISTS', PAUSED) == 1 then
  redis.call('HDEL', ACTIVE, id)
  redis.call('RPUSH', list_of(id), ref(id))
  return { 'paused', now }
end
local failed = redis.call('HGET', TRIES, id) or '0'
redis.call('LPUSH', held, ref(id))
redis.call('ZREM', EXPIRING, id)
redis.call('HSET', ACTIVE, id, active_mark(failed + 1, now, consumer))
return { 'held', now, id, failed, value }
