-- The last report of each vessel in `wanted`, of whatever kind.
SELECT mmsi, max(last_time) AS last_time
FROM (
    SELECT mmsi, last_time FROM presence JOIN wanted USING (mmsi)
    UNION ALL
    SELECT mmsi, last_time FROM statics JOIN wanted USING (mmsi)
)
GROUP BY mmsi
