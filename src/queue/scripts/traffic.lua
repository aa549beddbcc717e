-- Put in front of the scripts that count what passes: {K}:traffic:<hour> is a HASH of counters, five minutes each, that is
-- gone after a day.
--   <n>a, <n>d, <n>f   tasks accepted and done, attempts failed in the n-th five minutes
--   <n>w               tasks that waited at its end

local function traffic_slot(now)
  return P .. 'traffic:' .. string.format('%.0f', math.floor(now / 3600000)), math.floor(now / 300000) % 12
end

local function count_traffic(now, kind, count)
  local key, slot = traffic_slot(now)
  if call('HINCRBY', key, slot .. kind, count) == count then call('EXPIRE', key, 90000) end
end
