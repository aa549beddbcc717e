-- Lets no run of a schedule's earlier revisions into a queue any more; of one that left the queue nothing stays for
-- long.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  schedule
-- ARGV[2]  its new revision
-- ARGV[3]  "1" = it goes on in this queue
-- ARGV[4]  ms for which to remember one that does not: longer than a call of enqueue-run.lua may be late
--
-- Returns  1, or 0 if a later revision was here.
-- Cost     O(1).
-- Repeat   safe.

local seen_key, revision, stays, keep_ms = P .. 'schedule:' .. ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local seen = call('GET', seen_key)
local seen_revision, rest = string.match(seen or '0\t0\t', '^(%d+)(\t.*)$')
if tonumber(seen_revision) > tonumber(revision) then return 0 end
if seen and stays then
  call('SET', seen_key, revision .. rest, 'KEEPTTL')
else
  call('SET', seen_key, revision .. rest, 'PX', keep_ms)
end
return 1
