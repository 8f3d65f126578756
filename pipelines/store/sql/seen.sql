-- The first and last report of a vessel up to a time, of whatever kind. Whether one came in the rest
-- of its date before that time isn't known.
SELECT min(first_time) AS first_time, max(least(last_time, $end)) AS last_time
FROM (
    SELECT first_time, last_time FROM presence WHERE mmsi = $mmsi
    UNION ALL
    SELECT first_time, last_time FROM statics WHERE mmsi = $mmsi
)
WHERE first_time <= $end
