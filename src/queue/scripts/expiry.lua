-- Put in front of the scripts that take values in and hand them out: drops those whose time is over.
--
-- {K}:expiring  ZSET  id -> ms by Redis' clock: values that have never been taken, and are dropped then

local EXPIRING = P .. 'expiring'

-- Drops up to n values; how many it looked at.
local function drop_expired(now, n)
  local ids = redis.call('ZRANGEBYSCORE', EXPIRING, '-inf', now, 'LIMIT', 0, n)
  if #ids == 0 then return 0 end
  local dropped, bytes = 0, 0
  for _, id in ipairs(ids) do
    local size = redis.call('HSTRLEN', TASKS, id)
    if size > 0 then
      dropped, bytes = dropped + 1, bytes + size
      redis.call('SADD', GHOSTS, id)
    end
  end
  redis.call('ZREM', EXPIRING, unpack(ids))
  redis.call('HDEL', TASKS, unpack(ids))
  redis.call('HINCRBY', STATS, 'removed', dropped)
  redis.call('HINCRBY', STATS, 'bytes', -bytes)
  -- Most are the oldest that wait: then their places need not stay until they are reached.
  for _ = 1, #ids do
    local id = id_in(redis.call('LINDEX', K, -1) or '')
    if not id or redis.call('SREM', GHOSTS, id) == 0 then break end
    redis.call('RPOP', K)
  end
  return #ids
end
