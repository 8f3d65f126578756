-- The first and last report of a vessel, of whatever kind.
SELECT min(first_time) AS first_time, max(last_time) AS last_time
FROM (
    SELECT first_time, last_time FROM presence WHERE mmsi = $mmsi
    UNION ALL
    SELECT first_time, last_time FROM statics WHERE mmsi = $mmsi
)
