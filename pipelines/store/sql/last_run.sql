-- The newest finished run; without $looks the newest that is no look between nights.
SELECT run_id, ordinal, start, "end", state, manifest
FROM runs
WHERE $looks OR (manifest -> '$.look') IS NULL
ORDER BY ordinal DESC
LIMIT 1
