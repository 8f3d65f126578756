-- The incidents of the newest run that aren't over.
SELECT i.*
FROM {store}.incidents AS i
WHERE i.run_id = (SELECT arg_max(run_id, ordinal) FROM {store}.runs) AND i.rank > 0
ORDER BY i.rank
