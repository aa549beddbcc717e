-- Writes a schedule down. With the timing it has, it keeps its next due time; what says the same changes nothing.
--
-- KEYS[1]  HASH  the schedules
-- ARGV[1]  name
-- ARGV[2]  timing, JSON on one line
-- ARGV[3]  task, JSON on one line
-- ARGV[4]  what the timing counts from, ms by Redis' clock
-- ARGV[5]  first due time, ms
-- ARGV[6]  most schedules
--
-- Returns  {outcome, revision, value before or ""}: outcome is "created", "changed", "unchanged" or "full" (there are
--          as many as there may be).
-- Cost     O(log schedules).
-- Repeat   safe: the second call says "unchanged".

local name, timing, task, anchor, due = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local before = call('HGET', K, name)
if not before and call('HLEN', K) >= tonumber(ARGV[6]) then return { 'full', 0, '' } end

-- "revision \t anchor \n timing \n task"
local old_revision, old_anchor, old_timing, old_task = string.match(before or '', '^(%d+)\t(%d+)\n([^\n]*)\n(.*)$')
if old_timing == timing and old_task == task then return { 'unchanged', tonumber(old_revision), before } end

local revision = math.max(now_ms(), (old_revision or 0) + 1)
if old_timing == timing then
  anchor = old_anchor
  call('ZADD', P .. 'due', 'NX', due, name)
else
  call('ZADD', P .. 'due', due, name)
end
call('HSET', K, name, table.concat({ string.format('%.0f', revision), '\t', anchor, '\n', timing, '\n', task }))
return { before and 'changed' or 'created', revision, before or '' }
