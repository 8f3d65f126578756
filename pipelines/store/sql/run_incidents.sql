-- The incidents of a run: in rank order, then those that are over.
SELECT * EXCLUDE (run_id)
FROM incidents
WHERE run_id = $run_id
ORDER BY rank = 0, rank, start, incident_id
