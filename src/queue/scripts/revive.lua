-- Lets a dead or cancelled task wait again, its failed attempts forgotten.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  id
--
-- Returns  "waiting", "unfinished" (it is neither dead nor cancelled) or "unknown".
-- Cost     O(log dead).
-- Repeat   safe: the second call says "unfinished".

local id = ARGV[1]
local record_key = P .. 'task:' .. id
if redis.call('HEXISTS', TASKS, id) == 1 then
  if redis.call('ZREM', DEAD, id) == 0 then return 'unfinished' end
  redis.call('HINCRBY', STATS, 'dead', -1)
else
  local record = redis.call('GET', record_key)
  if not record then return 'unknown' end
  if string.sub(record, 1, 9) ~= 'cancelled' then return 'unfinished' end
  local value = string.match(record, '^[^\n]*\n[^\n]*\n(.*)$')
  redis.call('HSET', TASKS, id, value)
  redis.call('HINCRBY', STATS, 'bytes', #value)
  redis.call('HINCRBY', STATS, 'accepted', 1)
  redis.call('DEL', record_key)
end
redis.call('HDEL', TRIES, id)
redis.call('DEL', P .. 'history:' .. id)
-- One that was cancelled while it waited may have its place in the list still.
if redis.call('SREM', GHOSTS, id) == 0 then redis.call('LPUSH', list_of(id), ref(id)) end
if list_of(id) ~= K then ring() end
return 'waiting'
