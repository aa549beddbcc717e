-- Gives tasks back to the end of their queue, for those who had them have gone. No attempt is counted, but how often
-- this happens is: a task that its consumers never survive must not go round for ever.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  times that a task is given back like this
-- ARGV[3]  ms without another time after which they are forgotten
-- ARGV[4…] per task, at most 1,000: id, attempt
--
-- Returns  per task "back"; "lost" = it is no longer this consumer's; "worn" = given back that often already,
--          "cancelled" = it was to be cancelled meanwhile: both are still held, and to be settled.
-- Cost     O(number of tasks · held).
-- Repeat   safe: what was given back is no longer held, and so lost the second time.

local consumer, most, memory_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local held = held_list(consumer)

local function give_back_to_end(id, attempt)
  if attempt - 1 ~= tonumber(call('HGET', TRIES, id) or 0) then return 'lost' end
  if not call('LPOS', held, started(id)) then return 'lost' end
  if call('SISMEMBER', CANCELLED, id) == 1 then return 'cancelled' end
  local returns = P .. 'returns:' .. id
  if tonumber(call('GET', returns) or '0') >= most then return 'worn' end
  call('LREM', held, -1, started(id))
  call('HINCRBY', STATS, 'active', -1)
  call('HDEL', ACTIVE, id)
  call('INCR', returns)
  call('PEXPIRE', returns, memory_ms)
  call('LPUSH', list_of(id), ref(id))
  return 'back'
end

local reply, back = {}, {}
for i = 4, #ARGV, 2 do
  local outcome = give_back_to_end(ARGV[i], ARGV[i + 1])
  reply[#reply + 1] = outcome
  if outcome == 'back' then back[#back + 1] = ARGV[i] end
end
tell(back, '"waiting"')
if call('LLEN', HIGH) + call('LLEN', LOW) > 0 then ring() end
return reply
