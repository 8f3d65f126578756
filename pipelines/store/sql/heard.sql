-- Vessels heard between two times, by the dates they were heard on.
SELECT DISTINCT mmsi
FROM presence
WHERE last_time >= $since AND first_time <= $end
ORDER BY mmsi
