-- What each run up to one said of an event.
SELECT run_id, ordinal, status
FROM run_events JOIN runs USING (run_id)
WHERE event_id = $event_id AND ordinal <= $ordinal
ORDER BY ordinal
