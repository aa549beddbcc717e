-- Puts the values of dead consumers back into their queue.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  "LEFT" or "RIGHT": the end they go to, the one that is taken from
-- ARGV[2]  most values to move
--
-- Returns  the number of values moved.
-- Cost     O(values), O(dead consumers).
-- Repeat   safe: a repeated call goes on where the first ended.

local now, n, moved = now_ms(), tonumber(ARGV[2]), 0
-- A dead consumer's blocked read may outlive it for a while and be handed one more value: it is watched until then.
local watch_ms = 30000
for _, name in ipairs(call('ZRANGEBYSCORE', CONSUMERS, '-inf', now, 'LIMIT', 0, 1000)) do
  while moved < n and call('LMOVE', held_list(name), K, 'LEFT', ARGV[1]) do moved = moved + 1 end
  local is_empty = call('EXISTS', held_list(name)) == 0
  if is_empty and tonumber(call('ZSCORE', CONSUMERS, name)) < now - watch_ms then
    call('ZREM', CONSUMERS, name)
  end
end
return moved
