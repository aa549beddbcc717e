-- Tells which schedules are due, to one process at a time: the others would find the work done.
--
-- KEYS[1]  HASH  the schedules
-- ARGV[1]  who asks
-- ARGV[2]  ms for which it is then its turn, unless it finds before that nothing is due any more
-- ARGV[3]  most schedules to tell of
--
-- Returns  {now, when to look again in ms or "", per due schedule: name, due time, value}
-- Cost     O(log schedules + due).
-- Repeat   safe. It may tell two processes of one due time, when a turn took too long: enqueue-run.lua takes only one
--          run in.

local who, turn_ms, most = ARGV[1], ARGV[2], ARGV[3]
local DUE, TURN = P .. 'due', P .. 'turn'
local now = now_ms()
local due = call('ZRANGEBYSCORE', DUE, '-inf', now, 'WITHSCORES', 'LIMIT', 0, most)
local holder = call('GET', TURN)

if #due == 0 then
  if holder == who then call('DEL', TURN) end
  return { now, call('ZRANGE', DUE, 0, 0, 'WITHSCORES')[2] or '' }
end
if holder and holder ~= who then return { now, tostring(now + call('PTTL', TURN)) } end

call('SET', TURN, who, 'PX', turn_ms)
local reply = { now, '' }
for i = 1, #due, 2 do
  local value = call('HGET', K, due[i])
  if value then
    for _, part in ipairs({ due[i], due[i + 1], value }) do reply[#reply + 1] = part end
  else
    call('ZREM', DUE, due[i])
  end
end
return reply
