-- Pushes values onto a list: several pushes one after another, each of all its values or none.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most values the list may hold; 0 = no limit
-- ARGV[2]  how many pushes there are, n
-- ARGV[3…] n numbers: the values of each push, at most 10,000; negative = only if the list exists (LPUSHX)
-- then     the values of all pushes
--
-- Returns  {length, outcome, …}: per push the list's length afterwards, and "pushed", "absent" (asked for an existing
--          list and there is none) or "full".
-- Cost     O(number of values).
-- Repeat   not safe: a second call pushes a second time. It is sent on connections that never re-send.

local length = redis.call('LLEN', KEYS[1])
local limit, pushes = tonumber(ARGV[1]), tonumber(ARGV[2])
local answers = {}
-- Values from `first` on that are to be pushed, and are counted in the length already
local first, next_value = 3 + pushes, 3 + pushes

-- Lua can pass only some thousands of arguments at once.
local function push_all()
  for from = first, next_value - 1, 1000 do
    redis.call('LPUSH', KEYS[1], unpack(ARGV, from, math.min(from + 999, next_value - 1)))
  end
end

for i = 3, 2 + pushes do
  local given = tonumber(ARGV[i])
  local count = math.abs(given)
  local outcome = given < 0 and length == 0 and 'absent' or limit > 0 and length + count > limit and 'full' or 'pushed'
  if outcome == 'pushed' then
    length, next_value = length + count, next_value + count
  else
    push_all()
    next_value = next_value + count
    first = next_value
  end
  answers[#answers + 1] = length
  answers[#answers + 1] = outcome
end
push_all()
return answers
