-- What each run up to one learned of an event.
SELECT v.*, r.ordinal, r.known_time
FROM event_revisions AS v
JOIN (SELECT run_id, ordinal, max("end") OVER (ORDER BY ordinal) AS known_time FROM runs) AS r
USING (run_id)
WHERE v.event_id = $event_id AND r.ordinal <= $ordinal
ORDER BY r.ordinal
