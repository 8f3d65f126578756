-- Every incident as the newest run up to a number told it, the oldest first.
SELECT i.* EXCLUDE (run_id)
FROM incidents AS i
JOIN runs AS r USING (run_id)
WHERE $ordinal IS NULL OR r.ordinal <= $ordinal
QUALIFY row_number() OVER (PARTITION BY i.incident_id ORDER BY r.ordinal DESC) = 1
ORDER BY i.start, i.incident_id
