-- Minds the lease of a consumer that takes one task at a time: ends it if nothing is held under it.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  ms from now for which its lease is to last if it holds something; "0" = as long as it did
--
-- Returns  {now, tasks held}.
-- Cost     O(log consumers).
-- Repeat   safe.

local consumer, lease = ARGV[1], tonumber(ARGV[2])
local now, held = now_ms(), call('LLEN', held_list(consumer))
if held == 0 then
  call('ZREM', CONSUMERS, consumer)
elseif lease > 0 then
  call('ZADD', CONSUMERS, 'XX', now + lease, consumer)
end
return { now, held }
