-- What a vessel said of itself, field by field: each value per UTC date, from when to when.
-- 24 A and 24 B each carry a part; what a report leaves unsaid isn't a value.
WITH said AS (
    SELECT date, first_time, last_time, reports,
           CASE WHEN imo > 0 THEN imo::DOUBLE END AS imo,
           CASE WHEN ship_type >= 0 THEN ship_type::DOUBLE END AS ship_type,
           CASE WHEN NOT isnan(length_m) THEN length_m END AS length_m,
           CASE WHEN NOT isnan(beam_m) THEN beam_m END AS beam_m,
           CASE WHEN NOT isnan(draught_m) THEN draught_m END AS draught_m,
           nullif(name, '') AS name, nullif(callsign, '') AS callsign,
           nullif(destination, '') AS destination, nullif(ais_class, '') AS ais_class
    FROM statics
    WHERE mmsi = $mmsi
), numbers AS (
    UNPIVOT (SELECT * EXCLUDE (name, callsign, destination, ais_class) FROM said)
    ON imo, ship_type, length_m, beam_m, draught_m INTO NAME field VALUE number
), texts AS (
    UNPIVOT (SELECT * EXCLUDE (imo, ship_type, length_m, beam_m, draught_m) FROM said)
    ON name, callsign, destination, ais_class INTO NAME field VALUE text
), both_kinds AS (
    SELECT field, '' AS text, number, date, first_time, last_time, reports FROM numbers
    UNION ALL
    SELECT field, text, 0.0, date, first_time, last_time, reports FROM texts
)
SELECT field, text, number, min(first_time) AS first_time, max(last_time) AS last_time,
       sum(reports)::BIGINT AS reports
FROM both_kinds
GROUP BY field, text, number, date
ORDER BY field, first_time, last_time, number, text
