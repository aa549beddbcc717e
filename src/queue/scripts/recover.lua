-- Finds what one dead consumer held. What it had started counts as failed: the caller settles that in the dead one's
-- name. What it had only been handed goes back to the queue.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most tasks to look at
--
-- Returns  {now, dead consumer or "", per task id, failed attempts so far, value, what was noted of it or ""}. The tasks
--          stay in the dead consumer's held list until they are settled.
-- Cost     O(tasks · held), O(dead consumers).
-- Repeat   safe: a repeated call finds what is not settled yet.

local n = tonumber(ARGV[1])
local now = now_ms()
if is_patient(now) then return { now, '' } end

-- A dead consumer's blocked read may outlive it for a while and be handed one more task: it is watched until then. One
-- over HTTP makes none, and there may be many.
local watch_ms = 30000
local dead
for _, name in ipairs(call('ZRANGEBYSCORE', CONSUMERS, '-inf', now, 'LIMIT', 0, 1000)) do
  if call('EXISTS', held_list(name)) == 1 then
    dead = name
    break
  elseif is_over_http(name) or tonumber(call('ZSCORE', CONSUMERS, name)) < now - watch_ms then
    call('ZREM', CONSUMERS, name)
  end
end
if not dead then return { now, '' } end

local held, reply = held_list(dead), { now, dead }
local rings = false
for _, element in ipairs(call('LRANGE', held, -n, -1)) do
  local id = id_in(element)
  local value = id and call('HGET', TASKS, id)
  if value and is_started(element) then
    local noted = call('HGET', ACTIVE, id) or ''
    for _, part in ipairs({ id, call('HGET', TRIES, id) or '0', value, noted }) do reply[#reply + 1] = part end
  else
    call('LREM', held, -1, element)
    rings = put_back(element, id, value) or rings
  end
end
if rings then ring() end
return reply
