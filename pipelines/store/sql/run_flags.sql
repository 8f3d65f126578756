-- The flagged vessels of a run, in rank order.
SELECT * EXCLUDE (run_id) FROM flags WHERE run_id = $run_id ORDER BY rank, score DESC, mmsi
