-- Counts where a queue's tasks are.
--
-- KEYS[1]  LIST  the queue
--
-- Returns  {tasks with a value, waiting, delayed, dead, held, then the counters' names and values}.
-- Cost     O(consumers).
-- Repeat   safe: it only reads.

local held = 0
for _, consumer in ipairs(call('ZRANGE', CONSUMERS, 0, -1)) do held = held + call('LLEN', held_list(consumer)) end
local reply = { call('HLEN', TASKS), count_waiting(), count_delayed(), call('ZCARD', DEAD), held }
for _, part in ipairs(call('HGETALL', STATS)) do reply[#reply + 1] = part end
return reply
