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
local is_ring = element == RING
local is_bare = not (is_ring or id_in(element))
local id = id_in(element) or raw_id

local function is_known()
  if call('HEXISTS', TASKS, id) == 1 or call('SISMEMBER', GHOSTS, id) == 1 then return true end
  return call('HEXISTS', record_key(id), id) == 1
end

local function answer()
  return { 'held', now, id, call('HGET', TRIES, id) or '0', call('HGET', TASKS, id) }
end

if call('LPOS', held, started(id)) then return answer() end
local is_new = not (is_bare and is_known()) and call('LREM', held, 1, element) == 1
if is_ring then return { is_new and 'nothing' or 'lost', now } end
-- It may have been adopted before, have gone back to the queue, and been handed over again.
if not is_new and call('LREM', held, 1, ref(id)) == 0 then return { 'lost', now } end
if is_bare and is_new then
  local value = now .. '\t\n' .. element
  call('HSET', TASKS, id, value)
  call('HINCRBY', STATS, 'accepted', 1)
  call('HINCRBY', STATS, 'bytes', #value)
end

if call('HEXISTS', TASKS, id) == 0 then
  call('SREM', GHOSTS, id)
  return { 'nothing', now }
end
local _, kind = id_in(element)
if kind ~= INLINE and call('EXISTS', PAUSED) == 1 then
  call('RPUSH', list_of(id), ref(id))
  return { 'paused', now }
end
call('LPUSH', held, started(id))
call('ZREM', EXPIRING, id)
call('HINCRBY', STATS, 'active', 1)
tell({ id }, '"active"')
return answer()
