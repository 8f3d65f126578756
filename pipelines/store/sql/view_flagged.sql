-- The flagged vessels of the newest run.
SELECT f.*
FROM {store}.flags AS f
WHERE f.run_id = (SELECT arg_max(run_id, ordinal) FROM {store}.runs)
ORDER BY f.rank, f.score DESC, f.mmsi
