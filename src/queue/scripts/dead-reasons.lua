-- Tells of what dead tasks died: of each its task's name and its last error, the newest first.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  how many newer ones to skip
-- ARGV[2]  most to look at, at most 100
--
-- Returns  {id, task, error's name, error's message, …}; texts cut to 200 bytes.
-- Cost     O(log dead + looked at): some milliseconds for a hundred with the longest stacks.
-- Repeat   safe: it only reads.

local first, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local answer = {}
for _, id in ipairs(call('ZRANGE', DEAD, first, first + count - 1, 'REV')) do
  local name = string.match(call('HGET', TASKS, id) or '', '^%-?%d+\t([^\t\n]*)') or ''
  -- An attempt is Servery's own JSON, not a user's; and it is not written back.
  local ok, attempt = pcall(cjson.decode, call('LINDEX', P .. 'history:' .. id, -1) or '')
  local err = ok and type(attempt) == 'table' and attempt.error
  if type(err) ~= 'table' then err = {} end
  answer[#answer + 1] = id
  answer[#answer + 1] = name
  answer[#answer + 1] = string.sub(tostring(err.name or ''), 1, 200)
  answer[#answer + 1] = string.sub(tostring(err.message or ''), 1, 200)
end
return answer
