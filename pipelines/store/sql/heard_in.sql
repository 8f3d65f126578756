-- Feeds that the vessels in `wanted` were heard in, by UTC date up to a time.
SELECT mmsi, date, feed_key, 'position' AS what
FROM presence JOIN wanted USING (mmsi)
WHERE first_time <= $end
UNION
SELECT mmsi, date, feed_key, 'static'
FROM statics JOIN wanted USING (mmsi)
WHERE first_time <= $end
ORDER BY ALL
