-- Pushes values onto a list, all of them or none.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most values the list may hold; 0 = no limit
-- ARGV[2]  "1" = only if the list exists (LPUSHX)
-- ARGV[3…] the values, at most 10,000
--
-- Returns  {outcome, length}: outcome is "pushed", "absent" (asked for an existing list and there is none)
--          or "full"; length is the list's afterwards.
-- Cost     O(number of values).
-- Repeat   not safe: a second call pushes a second time. It is sent on connections that never re-send.

local length = redis.call('LLEN', KEYS[1])
local limit = tonumber(ARGV[1])
local count = #ARGV - 2

if ARGV[2] == '1' and length == 0 then
  return { 'absent', 0 }
end
if limit > 0 and length + count > limit then
  return { 'full', length }
end

-- Lua can pass only some thousands of arguments at once.
for first = 3, #ARGV, 1000 do
  length = redis.call('LPUSH', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
return { 'pushed', length }
