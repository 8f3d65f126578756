-- The newest finished run.
SELECT run_id, ordinal, start, "end", state, manifest FROM runs ORDER BY ordinal DESC LIMIT 1
