-- Ends a consumer's lease. What is still in its held list goes back to the queue, no attempt counted.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  "1" = it made blocked reads: one that outlived its connection may yet be handed a task, so the consumer is
--          watched for a while like a dead one
--
-- Returns  number of elements given back.
-- Cost     O(held).
-- Repeat   safe.

local consumer, is_watched = ARGV[1], ARGV[2] == '1'
local elements = redis.call('LRANGE', held_list(consumer), 0, -1)
redis.call('DEL', held_list(consumer))
local rings = false
for _, element in ipairs(elements) do
  local id = id_in(element)
  if id and consumer_in(redis.call('HGET', ACTIVE, id)) == consumer then redis.call('HDEL', ACTIVE, id) end
  rings = give_back(element, id, id and redis.call('HGET', TASKS, id)) or rings
end
if rings then ring() end
if is_watched then
  redis.call('ZADD', CONSUMERS, 'XX', now_ms(), consumer)
else
  redis.call('ZREM', CONSUMERS, consumer)
end
return #elements
