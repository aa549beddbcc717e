-- Lets a dead or cancelled task wait again, its failed attempts forgotten.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  id
--
-- Returns  "waiting", "unfinished" (it is neither dead nor cancelled) or "unknown".
-- Cost     O(log dead).
-- Repeat   safe: the second call says "unfinished".

local id = ARGV[1]
if call('HEXISTS', TASKS, id) == 1 then
  if call('ZREM', DEAD, id) == 0 then return 'unfinished' end
else
  local record = call('HGET', record_key(id), id)
  if not record then return 'unknown' end
  if string.sub(record, 1, 9) ~= 'cancelled' then return 'unfinished' end
  local value = string.match(record, '^[^\n]*\n[^\n]*\n(.*)$')
  call('HSET', TASKS, id, value)
  call('HINCRBY', STATS, 'bytes', #value)
  call('HINCRBY', STATS, 'accepted', 1)
  call('HDEL', record_key(id), id)
end
call('HDEL', TRIES, id)
call('DEL', P .. 'history:' .. id)
-- One that was cancelled while it waited may have its place in the list still.
if call('SREM', GHOSTS, id) == 0 then call('LPUSH', list_of(id), ref(id)) end
if list_of(id) ~= K then ring() end
tell({ id }, '"waiting"')
return 'waiting'
