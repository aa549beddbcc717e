-- Ends a queue's pause and wakes an idle worker.
--
-- KEYS[1]  LIST  the queue
--
-- Returns  1.
-- Cost     O(1).
-- Repeat   safe.

call('DEL', PAUSED)
ring()
return 1
