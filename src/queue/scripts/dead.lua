-- Put in front of the scripts that keep the dead within bounds.

-- Removes dead tasks that are too old or too many, at most some hundred.
local function trim_dead(now, dead_max, dead_ms)
  local old = call('ZRANGEBYSCORE', DEAD, '-inf', now - dead_ms, 'LIMIT', 0, 100)
  local excess = call('ZCARD', DEAD) - #old - dead_max
  if excess > 0 then
    for _, id in ipairs(call('ZRANGE', DEAD, #old, #old + math.min(excess, 100) - 1)) do old[#old + 1] = id end
  end
  if #old == 0 then return end
  local bytes = 0
  for _, id in ipairs(old) do
    bytes = bytes + call('HSTRLEN', TASKS, id)
    call('DEL', P .. 'history:' .. id)
  end
  call('ZREM', DEAD, unpack(old))
  call('HDEL', TASKS, unpack(old))
  call('HDEL', TRIES, unpack(old))
  call('HINCRBY', STATS, 'bytes', -bytes)
  call('HINCRBY', STATS, 'removed', #old)
end
