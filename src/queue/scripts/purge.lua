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
    local kind = string.byte(element)
    if kind == REF and #element == ID_LENGTH + 1 or kind == INLINE then
      ids[#ids + 1] = string.sub(element, 2, ID_LENGTH + 1)
    elseif not (kind == RING and #element == 1) then
      bare = bare + 1
    end
  end
  return #elements
end

local looked = 0
if state == 'waiting' then
  for _, list in ipairs({ LOW, K, HIGH }) do
    if looked < n then looked = looked + take(redis.call('LPOP', list, n - looked) or {}) end
  end
else
  local set = state == 'dead' and DEAD or DELAYED
  ids = redis.call('ZRANGE', set, 0, n - 1)
  looked = #ids
  if looked > 0 then redis.call('ZREM', set, unpack(ids)) end
end
if #ids == 0 then return { bare, looked } end

local bytes, removed = 0, 0
for _, id in ipairs(ids) do
  local size = redis.call('HSTRLEN', TASKS, id)
  if size > 0 then
    bytes, removed = bytes + size, removed + 1
  else
    ghosts[#ghosts + 1] = id
  end
  if state ~= 'waiting' then redis.call('DEL', P .. 'history:' .. id) end
end
redis.call('HDEL', TASKS, unpack(ids))
redis.call('HDEL', TRIES, unpack(ids))
redis.call('HINCRBY', STATS, 'bytes', -bytes)
redis.call('HINCRBY', STATS, 'removed', removed)
if #ghosts > 0 then redis.call('SREM', GHOSTS, unpack(ghosts)) end
return { removed + bare, looked }
