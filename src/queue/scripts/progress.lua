-- Notes how far a task is.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2…] per task: id, fraction, note
--
-- Returns  number of tasks noted; others are no longer this consumer's.
-- Cost     O(number of tasks).
-- Repeat   safe.

local noted = 0
for i = 2, #ARGV, 3 do
  local mark = redis.call('HGET', ACTIVE, ARGV[i])
  if consumer_in(mark) == ARGV[1] then
    local start = string.match(mark, '^%d+\t%d+\t[^\t]*')
    redis.call('HSET', ACTIVE, ARGV[i], table.concat({ start, ARGV[i + 1], ARGV[i + 2] }, '\t'))
    noted = noted + 1
  end
end
return noted
