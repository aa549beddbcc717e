-- Notes what a consumer has been running for a while, and how far it is.
--
-- KEYS[1]  LIST  the queue
-- ARGV[1]  consumer
-- ARGV[2…] per task: id, attempt, startedAt in ms, fraction or "", note
--
-- Returns  number of tasks noted; others are no longer this consumer's.
-- Cost     O(number of tasks · held).
-- Repeat   safe.

local consumer, ids, states, noted = ARGV[1], {}, {}, 0
for i = 2, #ARGV, 5 do
  local id, attempt, started_at, fraction, note = unpack(ARGV, i, i + 4)
  if call('LPOS', held_list(consumer), started(id)) then
    local progress = fraction == '' and '' or '\t' .. fraction .. '\t' .. note
    call('HSET', ACTIVE, id, attempt .. '\t' .. started_at .. '\t' .. consumer .. progress)
    noted = noted + 1
    if fraction ~= '' then
      ids[#ids + 1] = id
      states[#states + 1] = '"active",' .. fraction .. ',' .. cjson.encode(note)
    end
  end
end
tell(ids, states)
return noted
