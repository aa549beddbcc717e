-- Puts a worker on the roll of a channel for a while, or takes it off, and forgets those whose lease has ended.
--
-- KEYS[1]  ZSET  worker → end of its lease, ms
-- ARGV[1]  worker; "" = none, only look
-- ARGV[2]  its lease in ms from now; 0 = it leaves
--
-- Returns  the workers that live, at most 10,000.
-- Cost     O(workers).
-- Repeat   safe.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local worker, lease = ARGV[1], tonumber(ARGV[2])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if worker ~= '' and lease > 0 then redis.call('ZADD', KEYS[1], now + lease, worker) end
if worker ~= '' and lease == 0 then redis.call('ZREM', KEYS[1], worker) end
return redis.call('ZRANGE', KEYS[1], 0, 9999)
