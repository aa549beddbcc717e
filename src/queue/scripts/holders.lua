-- Put in front of the scripts that must know who has a task: what a worker runs for a moment only is noted nowhere but
-- in its held list.

-- "attempt \t startedAt \t consumer [\t progress \t note]" of a task that its consumer noted
local function consumer_in(mark)
  return mark and string.match(mark, '^%d+\t%d*\t([^\t]*)')
end

-- The consumer that was told to start a task, or started it at once because it was handed its value along;
-- O(consumers · held).
local function holder_of(id, value)
  local noted = consumer_in(call('HGET', ACTIVE, id))
  if noted then return noted end
  local inline = '\3' .. id .. '\n' .. value
  for _, consumer in ipairs(call('ZRANGE', CONSUMERS, 0, -1)) do
    local held = held_list(consumer)
    if not is_over_http(consumer) and (call('LPOS', held, started(id)) or call('LPOS', held, inline)) then
      return consumer
    end
  end
end
