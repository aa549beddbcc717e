-- Says that a consumer is alive, and tells it what concerns it.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2]  its lease in ms from now
-- ARGV[3]  most dead tasks kept, and
-- ARGV[4]  ms for which one is kept; without them the dead are left alone
--
-- Returns  {now, tasks held, next due or "", dead consumers, 1 if tasks wait to be taken else 0, ids of held tasks that
--          are to be cancelled…}.
-- Cost     O(log consumers + cancellations · held).
-- Repeat   safe.

local consumer, lease = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local heard_at = call('HGET', STATS, 'heardAt')
if heard_at and now - heard_at > SILENCE_MS then call('HSET', STATS, 'patientUntil', now + PATIENCE_MS) end
call('HSET', STATS, 'heardAt', now)
call('ZADD', CONSUMERS, now + lease, consumer)

local dead = is_patient(now) and 0 or call('ZCOUNT', CONSUMERS, '-inf', now)
local waiting = count_waiting()
local is_open = waiting > 0 and call('EXISTS', PAUSED) == 0
if ARGV[3] then trim_dead(now, tonumber(ARGV[3]), tonumber(ARGV[4])) end
local traffic, slot = traffic_slot(now)
if call('EXISTS', traffic) == 1 then call('HSET', traffic, slot .. 'w', waiting) end
local reply = { now, call('LLEN', held_list(consumer)), next_due(), dead, is_open and 1 or 0 }
if call('EXISTS', CANCELLED) == 1 then
  for _, id in ipairs(call('SMEMBERS', CANCELLED)) do
    if call('HEXISTS', TASKS, id) == 0 then
      call('SREM', CANCELLED, id)
    elseif call('LPOS', held_list(consumer), started(id)) then
      reply[#reply + 1] = id
    end
  end
end
return reply
