-- Put in front of the scripts that take others for dead.

-- When nobody was heard of for longer than beats are apart, Redis was away, or everybody was: that leases ended
-- meanwhile says nothing about their consumers, and until all had time to be heard of again nobody is taken for dead.
local SILENCE_MS, PATIENCE_MS = 2500, 5000

local function is_patient(now)
  local heard = call('HMGET', STATS, 'heardAt', 'patientUntil')
  return now - (heard[1] or 0) > SILENCE_MS or now < tonumber(heard[2] or 0)
end
