-- The newest report of each vessel at or before a time, newest first; as many as decide (`now.MOST_NEEDED`).
SELECT max(least(last_time, $end)) AS time
FROM presence
WHERE first_time <= $end
GROUP BY mmsi
ORDER BY time DESC
LIMIT $most
