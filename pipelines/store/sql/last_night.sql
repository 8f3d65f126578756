-- The newest finished run that is no look between nights.
SELECT run_id, ordinal, start, "end", state, manifest
FROM runs
WHERE (manifest -> '$.look') IS NULL
ORDER BY ordinal DESC
LIMIT 1
