-- Reports of a span of time.
SELECT *
FROM received($files)
WHERE time >= $since AND time < $until
