-- Puts a value that a consumer holds back into its queue.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  the value
-- ARGV[3]  "LEFT" or "RIGHT": the end it goes to
--
-- Returns  1, or 0 if the consumer does not hold it.
-- Cost     O(held).
-- Repeat   safe: it is no longer held the second time.

if call('LREM', held_list(ARGV[1]), 1, ARGV[2]) == 0 then return 0 end
call(ARGV[3] == 'LEFT' and 'LPUSH' or 'RPUSH', K, ARGV[2])
return 1
