-- Gives tasks back to the end of their queue, for those who had them have gone. No attempt is counted, but how often
-- this happens is: a task that its consumers never survive must not go round for ever.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  times that a task is given back like this
-- ARGV[3]  ms without another time after which they are forgotten
-- ARGV[4…] per task, at most 1,000: id, attempt
--
-- Returns  per task "back"; "lost" = it is no longer this consumer's; "worn" = given back that often already, "cancelled" =
--          it was to be cancelled meanwhile: both are still held, and to be settled.
-- Cost     O(number of tasks · held).
-- Repeat   safe: what was given back is no longer held, and so lost the second time.

local consumer, most, memory_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local held = held_list(consumer)

local function give_back_to_end(id, attempt)
  local mark = redis.call('HGET', ACTIVE, id)
  if consumer_in(mark) ~= consumer or attempt_in(mark) ~= attempt then return 'lost' end
  if redis.call('SISMEMBER', CANCELLED, id) == 1 then return 'cancelled' end
  local returns = P .. 'returns:' .. id
  if tonumber(redis.call('GET', returns) or '0') >= most then return 'worn' end
  if redis.call('LREM', held, -1, ref(id)) == 0 then return 'lost' end
  redis.call('HDEL', ACTIVE, id)
  redis.call('INCR', returns)
  redis.call('PEXPIRE', returns, memory_ms)
  redis.call('LPUSH', list_of(id), ref(id))
  return 'back'
end

local reply = {}
for i = 4, #ARGV, 2 do reply[#reply + 1] = give_back_to_end(ARGV[i], ARGV[i + 1]) end
if redis.call('LLEN', HIGH) + redis.call('LLEN', LOW) > 0 then ring() end
return reply
