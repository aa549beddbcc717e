-- Put in front of the scripts that must know who has a task: what a worker runs for a moment only is noted nowhere but in
-- its held list.

-- "attempt \t startedAt \t consumer [\t progress \t note]" of a task that its consumer noted
local function consumer_in(mark)
  return mark and string.match(mark, '^%d+\t%d*\t([^\t]*)')
end

-- The consumer that was told to start a task; O(consumers · held).
local function holder_of(id)
  local noted = consumer_in(call('HGET', ACTIVE, id))
  if noted then return noted end
  for _, consumer in ipairs(call('ZRANGE', CONSUMERS, 0, -1)) do
    if call('LPOS', held_list(consumer), started(id)) then return consumer end
  end
end
