-- The newest finished run, be it a look between nights.
SELECT run_id, ordinal, start, "end", state, manifest
FROM runs
ORDER BY ordinal DESC
LIMIT 1
