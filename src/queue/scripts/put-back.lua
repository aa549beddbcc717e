-- Put in front of the scripts that empty another's held list.

-- Puts an element that was taken out of a held list back to where it is the next to be taken, unless it is of no use
-- any more; true if nobody who is blocked hears of it.
local function put_back(element, id, value)
  if not id then
    if element ~= RING then call('RPUSH', K, element) end
  elseif value then
    call('RPUSH', list_of(id), ref(id))
    return list_of(id) ~= K
  else
    call('SREM', GHOSTS, id)
  end
end
