-- Put in front of the scripts that take values in and hand them out: drops those whose time is over.
--
-- {K}:expiring  ZSET  id -> ms by Redis' clock: values that have never been taken, and are dropped then

local EXPIRING = P .. 'expiring'

-- Drops up to n values; how many it looked at.
local function drop_expired(now, n)
  local ids = call('ZRANGEBYSCORE', EXPIRING, '-inf', now, 'LIMIT', 0, n)
  if #ids == 0 then return 0 end
  local dropped, bytes = 0, 0
  for _, id in ipairs(ids) do
    local size = call('HSTRLEN', TASKS, id)
    if size > 0 then
      dropped, bytes = dropped + 1, bytes + size
      call('SADD', GHOSTS, id)
    end
  end
  call('ZREM', EXPIRING, unpack(ids))
  call('HDEL', TASKS, unpack(ids))
  call('HINCRBY', STATS, 'removed', dropped)
  call('HINCRBY', STATS, 'bytes', -bytes)
  -- Most are the oldest that wait: then their places need not stay until they are reached.
  for _ = 1, #ids do
    local id = id_in(call('LINDEX', K, -1) or '')
    if not id or call('SREM', GHOSTS, id) == 0 then break end
    call('RPOP', K)
  end
  return #ids
end
