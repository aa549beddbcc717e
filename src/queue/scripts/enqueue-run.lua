-- Takes in a schedule's task for one due time, once. A schedule's due times only grow, and so do its revisions: the
-- last that were seen here tell a repetition and a process that was asleep from a new run, however long ago that was.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most tasks that may wait or be delayed; 0 = no limit
-- ARGV[2]  most bytes that unfinished tasks may hold; 0 = no limit
-- ARGV[3]  schedule
-- ARGV[4]  its revision
-- ARGV[5]  due time, ms
-- ARGV[6]  when it is too late for this call, ms by Redis' clock
-- ARGV[7]  id
-- ARGV[8]  value
--
-- Returns  {outcome, now, id}: outcome is "accepted", "repeated" (taken in before; the id is that of then), "full" (and
--          then this due time is refused for good) or "stale" (the call came too late, or the schedule was changed or
--          deleted meanwhile).
-- Cost     O(1).
-- Repeat   safe: the second call says "repeated", or "full" again.

local limit, max_bytes, schedule, revision, due = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local id = ARGV[7]
local now = now_ms()
local value = now .. '\t' .. ARGV[8]
local seen_key = P .. 'schedule:' .. schedule

local function settle(taken)
  call('SET', seen_key, table.concat({ revision, '\t', due, '\t', taken }))
end

-- "revision \t due \t id"; no id = it was full
local seen = call('GET', seen_key)
local seen_revision, seen_due, seen_id = string.match(seen or '0\t0\t', '^(%d+)\t(%d+)\t(.*)$')
if now > tonumber(ARGV[6]) or tonumber(revision) < tonumber(seen_revision) then return { 'stale', now, '' } end
if tonumber(due) <= tonumber(seen_due) then return { seen_id == '' and 'full' or 'repeated', now, seen_id } end

-- Before anything is written these fail if a key is of another type.
local length = limit > 0 and count_waiting() + count_delayed() or 0
local bytes = tonumber(call('HGET', STATS, 'bytes') or '0') + #value
if (limit > 0 and length >= limit) or (max_bytes > 0 and bytes > max_bytes) then
  settle('')
  return { 'full', now, '' }
end

call('LPUSH', list_of(id), ref(id))
call('HSET', TASKS, id, value)
call('HINCRBY', STATS, 'accepted', 1)
call('HINCRBY', STATS, 'bytes', #value)
settle(id)
count_traffic(now, 'a', 1)
tell({ id }, '"waiting"')
if list_of(id) ~= K then ring() end
return { 'accepted', now, id }
