-- Pauses a queue: nothing more is taken out of it.
--
-- KEYS[1]  LIST  the queue
--
-- Returns  1.
-- Cost     O(1): looks at a bounded number of elements.
-- Repeat   safe.

call('SET', PAUSED, '1')
-- What carries its value along is started at once by whoever is handed it. There are few such, and they are next to be
-- taken.
local most = 100
local first = math.max(call('LLEN', K) - most, 0)
for i, element in ipairs(call('LRANGE', K, first, -1)) do
  local id, kind = id_in(element)
  if kind == INLINE then call('LSET', K, first + i - 1, ref(id)) end
end
return 1
