-- Moves a schedule on from one due time to the next, if that is still the time it is due.
--
-- KEYS[1]  HASH  the schedules
-- ARGV[1]  name
-- ARGV[2]  the due time that is dealt with, ms
-- ARGV[3]  the next one, ms; "" = there is none
-- ARGV[4]  the run, JSON; "" = none was made
--
-- Returns  1, or 0 if it was moved on, changed or deleted by somebody else.
-- Cost     O(log schedules).
-- Repeat   safe: the second call finds another due time.

local name, due, next_due, run = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local score = call('ZSCORE', P .. 'due', name)
if not score or tonumber(score) ~= due then return 0 end
if next_due == '' then
  call('ZREM', P .. 'due', name)
else
  call('ZADD', P .. 'due', next_due, name)
end
if run ~= '' then call('HSET', P .. 'last', name, run) end
return 1
