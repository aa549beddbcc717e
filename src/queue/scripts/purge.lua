-- Removes tasks that wait, are delayed, or are dead; no records are kept of them.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  "waiting", "delayed" or "dead"
-- ARGV[2]  most to remove, at most 1,000
--
-- Returns  {removed, looked at}: call again until fewer are looked at than asked for.
-- Cost     O(looked at).
-- Repeat   safe: a repeated call removes further ones.

local state, n = ARGV[1], tonumber(ARGV[2])
local ids, bare, ghosts = {}, 0, {}

local function take(elements)
  for _, element in ipairs(elements) do
    local id = id_in(element)
    if id then
      ids[#ids + 1] = id
    elseif element ~= RING then
      bare = bare + 1
    end
  end
  return #elements
end

local looked = 0
if state == 'waiting' then
  for _, list in ipairs({ LOW, K, HIGH }) do
    if looked < n then looked = looked + take(call('LPOP', list, n - looked) or {}) end
  end
else
  local sets = { DEAD }
  if state == 'delayed' then
    for i, priority in ipairs(PRIORITIES) do sets[i] = priority.delayed end
  end
  for _, set in ipairs(sets) do
    local found = looked < n and call('ZRANGE', set, 0, n - looked - 1) or {}
    if #found > 0 then call('ZREM', set, unpack(found)) end
    for _, id in ipairs(found) do ids[#ids + 1] = id end
    looked = looked + #found
  end
end
if #ids == 0 then return { bare, looked } end

local bytes, removed = 0, 0
for _, id in ipairs(ids) do
  local size = call('HSTRLEN', TASKS, id)
  if size > 0 then
    bytes, removed = bytes + size, removed + 1
  else
    ghosts[#ghosts + 1] = id
  end
  call('DEL', P .. 'history:' .. id)
end
call('ZREM', EXPIRING, unpack(ids))
call('HDEL', TASKS, unpack(ids))
call('HDEL', TRIES, unpack(ids))
call('HINCRBY', STATS, 'bytes', -bytes)
call('HINCRBY', STATS, 'removed', removed)
if #ghosts > 0 then call('SREM', GHOSTS, unpack(ghosts)) end
return { removed + bare, looked }
