-- Tells who was told to start a task.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  id
--
-- Returns  the consumer, or nil.
-- Cost     O(consumers · held).
-- Repeat   safe: it only reads.

local value = call('HGET', TASKS, ARGV[1])
return value and holder_of(ARGV[1], value)
