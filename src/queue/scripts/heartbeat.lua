-- Says that a consumer is alive, and tells it what concerns it.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  its lease in ms from now
--
-- Returns  {now, tasks held, next due or "", dead consumers, 1 if tasks wait to be taken else 0, ids of held tasks that
--          are to be cancelled…}.
-- Cost     O(log consumers + cancellations).
-- Repeat   safe.

local function is_waiting()
  if redis.call('EXISTS', PAUSED) == 1 then return false end
  return redis.call('LLEN', K) + redis.call('LLEN', HIGH) + redis.call('LLEN', LOW) > 0
end

local consumer, lease = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local heard_at = redis.call('HGET', STATS, 'heardAt')
if heard_at and now - heard_at > SILENCE_MS then redis.call('HSET', STATS, 'patientUntil', now + PATIENCE_MS) end
redis.call('HSET', STATS, 'heardAt', now)
redis.call('ZADD', CONSUMERS, now + lease, consumer)

local dead = is_patient(now) and 0 or redis.call('ZCOUNT', CONSUMERS, '-inf', now)
local reply = { now, redis.call('LLEN', held_list(consumer)), next_due(), dead, is_waiting() and 1 or 0 }
if redis.call('EXISTS', CANCELLED) == 1 then
  for _, id in ipairs(redis.call('SMEMBERS', CANCELLED)) do
    local mark = redis.call('HGET', ACTIVE, id)
    if not mark then
      redis.call('SREM', CANCELLED, id)
    elseif consumer_in(mark) == consumer then
      reply[#reply + 1] = id
    end
  end
end
return reply
