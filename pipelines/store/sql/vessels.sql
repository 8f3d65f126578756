-- What each vessel called itself last before a time: of every field the newest value that said
-- something, since 24 A and 24 B each carry a part. Equal times are settled by the value.
-- What was said again after that time counts as said at it.
WITH said AS (
    SELECT * REPLACE (least(last_time, $end) AS last_time)
    FROM statics
    WHERE first_time <= $end
)
SELECT mmsi,
       coalesce(arg_max(imo, (last_time, imo)) FILTER (imo > 0), 0) AS imo,
       coalesce(arg_max(name, (last_time, name)) FILTER (name <> ''), '') AS name,
       coalesce(arg_max(callsign, (last_time, callsign)) FILTER (callsign <> ''), '') AS callsign,
       coalesce(arg_max(ship_type, (last_time, ship_type)) FILTER (ship_type >= 0), -1)
           AS ship_type,
       arg_max(length_m, (last_time, length_m)) FILTER (NOT isnan(length_m)) AS length_m,
       arg_max(beam_m, (last_time, beam_m)) FILTER (NOT isnan(beam_m)) AS beam_m,
       arg_max(draught_m, (last_time, draught_m)) FILTER (NOT isnan(draught_m)) AS draught_m,
       coalesce(
           arg_max(destination, (last_time, destination)) FILTER (destination <> ''), ''
       ) AS destination,
       coalesce(arg_max(ais_class, (last_time, ais_class)) FILTER (ais_class <> ''), '')
           AS ais_class
FROM said
GROUP BY mmsi
ORDER BY mmsi
