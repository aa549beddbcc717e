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
local elements = call('LRANGE', held_list(consumer), 0, -1)
call('DEL', held_list(consumer))
local rings, ended = false, 0
for _, element in ipairs(elements) do
  local id = id_in(element)
  if is_started(element) then
    ended = ended + 1
    call('HDEL', ACTIVE, id)
  end
  rings = put_back(element, id, id and call('HGET', TASKS, id)) or rings
end
if rings then ring() end
if ended > 0 then call('HINCRBY', STATS, 'active', -ended) end
if is_watched then
  call('ZADD', CONSUMERS, 'XX', now_ms(), consumer)
else
  call('ZREM', CONSUMERS, consumer)
end
return #elements
