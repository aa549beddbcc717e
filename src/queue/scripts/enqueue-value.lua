-- Takes in a bare value, to be dropped if nobody has taken it by a certain time.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most tasks that may wait or be delayed; 0 = no limit
-- ARGV[2]  most bytes that unfinished tasks may hold; 0 = no limit
-- ARGV[3]  id
-- ARGV[4]  when it is dropped: "" = never, "+<ms>" = so long from now, "<ms>" = then, in ms since 1970 by Redis' clock
-- ARGV[5]  the value as {K}:tasks has it, without the time
--
-- Returns  {1 if it was taken or was to be dropped at once, 0 if the queue is full; length}.
-- Cost     O(log values that are to be dropped).
-- Repeat   not safe: a second call takes it in a second time. It is sent on connections that never re-send.

local limit, max_bytes, id, expiry = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local now = now_ms()
local value = now .. '\t' .. ARGV[5]

drop_expired(now, 100)
-- Before anything is written these fail if a key is of another type.
local length = count_waiting() + count_delayed()
local expires_at
if expiry ~= '' then
  expires_at = string.byte(expiry) == 43 and now + tonumber(string.sub(expiry, 2)) or tonumber(expiry)
  if expires_at <= now then return { 1, length } end
end
local bytes = tonumber(call('HGET', STATS, 'bytes') or '0') + #value
if (limit > 0 and length >= limit) or (max_bytes > 0 and bytes > max_bytes) then return { 0, length } end

call('LPUSH', K, ref(id))
call('HSET', TASKS, id, value)
call('HINCRBY', STATS, 'accepted', 1)
call('HINCRBY', STATS, 'bytes', #value)
count_traffic(now, 'a', 1)
tell({ id }, '"waiting"')
if expires_at then call('ZADD', EXPIRING, expires_at, id) end
return { 1, length + 1 }
