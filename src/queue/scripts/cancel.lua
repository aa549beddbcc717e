-- Cancels a task: removed if it waits or is delayed or dead, marked for its worker if it is active.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  id
-- ARGV[2]  ms for which the record is kept; 0 = none is
--
-- Returns  "removed", "active" (its worker is told with its next heartbeat), "finished" or "unknown".
-- Cost     O(log n). A waiting task's place in its list stays and is passed over when it is reached (a ghost).
-- Repeat   safe: the second call says "finished" or "active".

local id, record_ms = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local value = redis.call('HGET', TASKS, id)
if not value then return redis.call('EXISTS', P .. 'task:' .. id) == 1 and 'finished' or 'unknown' end
if redis.call('HEXISTS', ACTIVE, id) == 1 then
  redis.call('SADD', CANCELLED, id)
  return 'active'
end

if redis.call('ZREM', DELAYED, id) == 0 and redis.call('ZREM', DEAD, id) == 0 then
  redis.call('SADD', GHOSTS, id)
end
if record_ms > 0 then
  local record = table.concat({ 'cancelled\t', string.format('%.0f', now), '\t\n{"message":"cancelled"}\n', value })
  redis.call('SET', P .. 'task:' .. id, record, 'PX', record_ms)
  redis.call('PEXPIRE', P .. 'history:' .. id, record_ms)
else
  redis.call('DEL', P .. 'history:' .. id)
end
announce(id, 'cancelled', value, nil, '{"message":"cancelled"}')
redis.call('HDEL', TASKS, id)
redis.call('HDEL', TRIES, id)
redis.call('HINCRBY', STATS, 'bytes', -#value)
redis.call('HINCRBY', STATS, 'removed', 1)
return 'removed'
