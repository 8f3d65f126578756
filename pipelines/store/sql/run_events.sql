-- The events of a run with their status in it.
SELECT e.* EXCLUDE (run_id, first_run_id, retracted), r.status
FROM run_events AS r JOIN events AS e USING (event_id)
WHERE r.run_id = $run_id
ORDER BY e.start, e.event_id
