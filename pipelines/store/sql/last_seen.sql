-- The last report of each vessel in `wanted` up to a time, of whatever kind; see `seen`.
SELECT mmsi, max(least(last_time, $end)) AS last_time
FROM (
    SELECT mmsi, first_time, last_time FROM presence JOIN wanted USING (mmsi)
    UNION ALL
    SELECT mmsi, first_time, last_time FROM statics JOIN wanted USING (mmsi)
)
WHERE first_time <= $end
GROUP BY mmsi
