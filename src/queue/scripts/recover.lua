-- Takes over what one dead consumer held. What it had started counts as failed, which the caller settles; what it had
-- only been handed goes back to the queue.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  the consumer that takes over; it must be alive
-- ARGV[2]  most tasks to take over
--
-- Returns  {now, dead consumer or "", per task id, failed attempts so far, value, mark}. The tasks are in the caller's
--          held list.
-- Cost     O(tasks).
-- Repeat   safe: a repeated call goes on where the first ended.

local consumer, n = ARGV[1], tonumber(ARGV[2])
local now = now_ms()
if not redis.call('ZSCORE', CONSUMERS, consumer) then return { now, '' } end

-- A dead consumer's blocked read may outlive it for a while and be handed one more task: it is watched until then.
local keep_ms = 30000
local dead, elements
for _, name in ipairs(redis.call('ZRANGEBYSCORE', CONSUMERS, '-inf', now, 'LIMIT', 0, 20)) do
  elements = name ~= consumer and redis.call('LPOP', held_list(name), n)
  if elements then
    dead = name
    break
  elseif tonumber(redis.call('ZSCORE', CONSUMERS, name)) < now - keep_ms then
    redis.call('ZREM', CONSUMERS, name)
  end
end
if not dead then return { now, '' } end

local reply, returned = { now, dead }, false
for i, element in ipairs(elements) do
  local kind = string.byte(element)
  if kind == REF and #element == ID_LENGTH + 1 or kind == INLINE then
    local id = string.sub(element, 2, ID_LENGTH + 1)
    local value, mark = redis.call('HGET', TASKS, id), redis.call('HGET', ACTIVE, id)
    if not value then
      redis.call('HINCRBY', STATS, 'ghosts', -1)
    elseif consumer_in(mark) == dead then
      local failed = redis.call('HGET', TRIES, id) or '0'
      redis.call('LPUSH', held_list(consumer), ref(id))
      redis.call('HSET', ACTIVE, id, active_mark(failed + 1, now, consumer))
      for _, part in ipairs({ id, failed, value, mark }) do reply[#reply + 1] = part end
    else
      redis.call('RPUSH', list_of(id), ref(id))
      returned = true
    end
  elseif not (kind == RING and #element == 1) then
    redis.call('RPUSH', K, element)
  end
end
if returned then ring() end
return reply
