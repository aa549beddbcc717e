-- Cancels a task: removed if it waits or is delayed or dead, marked for its worker if it is active.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  id
-- ARGV[2]  ms for which the record is kept; 0 = none is
--
-- Returns  "removed", "active" (its worker is told with its next heartbeat), "finished" or "unknown".
-- Cost     O(log n + consumers · held). A waiting task's place in its list stays and is passed over when it is reached
--          (a ghost).
-- Repeat   safe: the second call says "finished" or "active".

local id, record_ms = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local value = call('HGET', TASKS, id)
if not value then return call('HEXISTS', record_key(id), id) == 1 and 'finished' or 'unknown' end
local is_elsewhere = call('ZSCORE', delayed_of(id), id) or call('ZSCORE', DEAD, id)
if not is_elsewhere and holder_of(id, value) then
  call('SADD', CANCELLED, id)
  return 'active'
end

-- A worker may have it at hand, not started.
local function take_from_hand()
  for _, consumer in ipairs(call('ZRANGE', CONSUMERS, 0, -1)) do
    if not is_over_http(consumer) and call('LREM', held_list(consumer), 1, ref(id)) == 1 then return true end
  end
end

if call('ZREM', delayed_of(id), id) == 0 and call('ZREM', DEAD, id) == 0 and not take_from_hand() then
  call('SADD', GHOSTS, id)
end
call('ZREM', EXPIRING, id)
if record_ms > 0 then
  local record = table.concat({ 'cancelled\t', string.format('%.0f', now), '\t\n{"message":"cancelled"}\n', value })
  call('HSET', record_key(id), id, record)
  call('PEXPIRE', record_key(id), record_ms)
  call('PEXPIRE', P .. 'history:' .. id, record_ms)
else
  call('DEL', P .. 'history:' .. id)
end
if are_results_heard() then announce(id, 'cancelled', value, nil, '{"message":"cancelled"}') end
tell({ id }, '"cancelled"')
call('HDEL', TASKS, id)
call('SREM', CANCELLED, id)
call('HDEL', TRIES, id)
call('HINCRBY', STATS, 'bytes', -#value)
call('HINCRBY', STATS, 'removed', 1)
return 'removed'
