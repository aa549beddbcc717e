-- Put in front of the scripts that end tasks: tells the world how each ended.

-- A message on task:results, JSON; `outcome` is already JSON on one line.
local function announce(id, state, value, mark, outcome)
  local name = string.match(value, '^%d+\t([^\t]*)') or ''
  local field = ({ done = 'result', cancelled = 'error', dead = 'lastAttempt' })[state]
  redis.call('PUBLISH', 'task:results', table.concat({
    '{"id":', cjson.encode(string.sub(K, 12) .. '.' .. id),
    ',"queue":', cjson.encode(string.sub(K, 12)),
    ',"task":', cjson.encode(name),
    ',"state":"', state,
    '","attempt":', mark and attempt_in(mark) or '0',
    ',"worker":', cjson.encode(consumer_in(mark) or ''),
    ',"', field, '":', outcome, '}',
  }))
end

