-- Lets a delayed task wait at once, whatever it is delayed until.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  id
--
-- Returns  "waiting", "undelayed" (it is something else) or "unknown".
-- Cost     O(log delayed).
-- Repeat   safe: the second call says "undelayed".

local id = ARGV[1]
if call('ZREM', delayed_of(id), id) == 0 then
  local is_known = call('HEXISTS', TASKS, id) == 1 or call('HEXISTS', record_key(id), id) == 1
  return is_known and 'undelayed' or 'unknown'
end
call('LPUSH', list_of(id), ref(id))
if list_of(id) ~= K then ring() end
tell({ id }, '"waiting"')
return 'waiting'
