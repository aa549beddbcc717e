-- Takes tasks in: those due now wait, the others are delayed.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  most tasks that may wait or be delayed; 0 = no limit
-- ARGV[2]  most bytes that unfinished tasks may hold; 0 = no limit
-- ARGV[3]  "1" = this call may be a repetition: leave out tasks that are there or have been
-- ARGV[4]  idempotency key, for one task; "" = none
-- ARGV[5]  fingerprint of the request that came with it
-- ARGV[6]  ms for which the key is remembered
-- ARGV[7…] per task, at most 1,000: id, due, value
--          due: "" = now, "+<ms>" = so long from now, "<ms>" = then, in ms since 1970 by Redis' clock
--
-- Returns  {accepted, now, length, seen}: the first `accepted` of them were taken, the rest did not fit. `seen` is ""
--          unless the key is known: then nothing was taken, and it is "fingerprint \t enqueuedAt \t id" of the first time.
-- Cost     O(number of tasks), O(log n) for a delayed one.
-- Repeat   safe with ARGV[3] = "1", for a task that is there, or whose record is, is not taken again; and with a key.

local limit, max_bytes, repeated = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local now = now_ms()
local waiting = redis.call('LLEN', K)
local length = waiting + redis.call('LLEN', HIGH) + redis.call('LLEN', LOW) + redis.call('ZCARD', DELAYED)
local bytes = 0
if max_bytes > 0 then bytes = tonumber(redis.call('HGET', STATS, 'bytes') or '0') end

local once = P .. 'once:' .. ARGV[4]
local seen = ARGV[4] ~= '' and redis.call('GET', once)
if seen then return { 0, now, length, seen } end

local function is_known(id)
  return redis.call('HEXISTS', TASKS, id) == 1 or redis.call('EXISTS', P .. 'task:' .. id) == 1
end

local function due_at(due)
  if string.byte(due) == 43 then return now + tonumber(string.sub(due, 2)) end
  return tonumber(due)
end

-- An idle worker is blocked on the list: it gets the value along with the task.
local idle = waiting == 0 and #ARGV <= 6 + 3 * 16 and redis.call('EXISTS', PAUSED) == 0

local values, pushes, delays = {}, { [K] = {}, [HIGH] = {}, [LOW] = {} }, {}
local accepted, added, added_bytes = 0, 0, 0
for i = 7, #ARGV, 3 do
  local id, due, value = ARGV[i], ARGV[i + 1], now .. '\t' .. ARGV[i + 2]
  if repeated and is_known(id) then
    accepted = accepted + 1
  else
    if limit > 0 and length + added >= limit then break end
    if max_bytes > 0 and bytes + added_bytes + #value > max_bytes then break end
    accepted, added, added_bytes = accepted + 1, added + 1, added_bytes + #value
    values[#values + 1] = id
    values[#values + 1] = value
    if due ~= '' and due_at(due) > now then
      delays[#delays + 1] = due_at(due)
      delays[#delays + 1] = id
    else
      local push = pushes[list_of(id)]
      push[#push + 1] = (idle and list_of(id) == K) and ('\3' .. id .. '\n' .. value) or ref(id)
    end
  end
end
if added == 0 then return { accepted, now, length, '' } end

redis.call('HSET', TASKS, unpack(values))
redis.call('HINCRBY', STATS, 'accepted', added)
redis.call('HINCRBY', STATS, 'bytes', added_bytes)
if #delays > 0 then
  local before = next_due()
  redis.call('ZADD', DELAYED, unpack(delays))
  if next_due() ~= before then ring() end
end
if #pushes[HIGH] > 0 then redis.call('LPUSH', HIGH, unpack(pushes[HIGH])) end
if #pushes[LOW] > 0 then redis.call('LPUSH', LOW, unpack(pushes[LOW])) end
if #pushes[K] > 0 then
  redis.call('LPUSH', K, unpack(pushes[K]))
elseif #pushes[HIGH] + #pushes[LOW] > 0 then
  ring()
end
if ARGV[4] ~= '' then redis.call('SET', once, table.concat({ ARGV[5], now, ARGV[7] }, '\t'), 'PX', ARGV[6]) end
return { accepted, now, length + added, '' }
