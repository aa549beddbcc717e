-- Put in front of the scripts that change the state of tasks: tells whoever listens.

local RESULTS, CHANGES = 'task:results', 'task:changes'
local MOST_CHANGES = 20

local function queue_name()
  return sub(K, 12)
end

-- What nobody hears need not be said. Of a cluster's nodes, each knows only its own listeners.
local function is_heard(channel)
  return IS_CLUSTER or call('PUBSUB', 'NUMSUB', channel)[2] > 0
end

-- Says what became of tasks, the first of them: JSON {"queue", "count", "changes": [[id, state], …]}.
-- `states` is JSON, the same for all or one for each.
local function tell(ids, states)
  if #ids == 0 or not is_heard(CHANGES) then return end
  local changes = {}
  for i = 1, math.min(#ids, MOST_CHANGES) do
    changes[i] = '["' .. ids[i] .. '",' .. (type(states) == 'table' and states[i] or states) .. ']'
  end
  local list = table.concat(changes, ',')
  call('PUBLISH', CHANGES, '{"queue":' .. cjson.encode(queue_name()) .. ',"count":' .. #ids .. ',"changes":[' .. list .. ']}')
end

-- Whether somebody listens to how tasks end, by name or by pattern.
local function are_results_heard()
  return is_heard(RESULTS) or call('PUBSUB', 'NUMPAT') > 0
end

-- Says how a task ended; `outcome` is already JSON on one line, `mark` is "attempt \t startedAt \t consumer" or none.
local function announce(id, state, value, mark, outcome)
  local name = string.match(value, '^%-?%d+\t([^\t\n]*)') or ''
  local attempt, consumer = string.match(mark or '', '^(%d+)\t%d*\t([^\t]*)')
  local field = ({ done = 'result', cancelled = 'error', dead = 'lastAttempt' })[state]
  call('PUBLISH', RESULTS, table.concat({
    '{"id":', cjson.encode(queue_name() .. '.' .. id), ',"queue":', cjson.encode(queue_name()),
    ',"task":', cjson.encode(name), ',"state":"', state,
    '","attempt":', attempt or '0', ',"worker":', cjson.encode(consumer or ''),
    ',"', field, '":', outcome, '}',
  }))
end
