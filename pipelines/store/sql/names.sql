-- What every vessel said of name, call sign and IMO number up to a time, and every number heard.
WITH said AS (
    SELECT mmsi, first_time, least(last_time, $end) AS last_time,
           nullif(name, '') AS name, nullif(callsign, '') AS callsign,
           CASE WHEN imo > 0 THEN imo::VARCHAR END AS imo
    FROM statics
    WHERE first_time <= $end
), heard AS (
    SELECT mmsi, 'mmsi' AS field, lpad(mmsi::VARCHAR, 9, '0') AS "value", first_time,
           least(last_time, $end) AS last_time
    FROM presence
    WHERE first_time <= $end
    UNION ALL
    SELECT mmsi, 'mmsi', lpad(mmsi::VARCHAR, 9, '0'), first_time, last_time FROM said
), told AS (
    UNPIVOT said ON name, callsign, imo INTO NAME field VALUE "value"
)
SELECT mmsi, field, "value", min(first_time) AS first_time, max(last_time) AS last_time
FROM (
    FROM heard
    UNION ALL
    SELECT mmsi, field, "value", first_time, last_time FROM told
)
GROUP BY mmsi, field, "value"
ORDER BY mmsi, field, "value"
