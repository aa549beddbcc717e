-- Forgets a schedule.
--
-- KEYS[1]  HASH  the schedules
-- ARGV[1]  name
--
-- Returns  {a revision later than its last, its value}; the value is "" if there was none.
-- Cost     O(log schedules).
-- Repeat   safe: the second call finds none.

local name = ARGV[1]
local value = call('HGET', K, name)
if not value then return { 0, '' } end
call('HDEL', K, name)
call('ZREM', P .. 'due', name)
call('HDEL', P .. 'last', name)
return { math.max(now_ms(), string.match(value, '^%d+') + 1), value }
