-- Finished runs, oldest first, each with the newest report that was looked at up to it.
SELECT run_id, ordinal, start, "end", state, max("end") OVER (ORDER BY ordinal) AS known_time
FROM runs
ORDER BY ordinal
