-- What each vessel called itself last before a time, and when each of it was said, by some feeds
-- and by what was `known` before: see `vessels`.
WITH said AS (
    SELECT * REPLACE (least(last_time, $end) AS last_time)
    FROM statics
    WHERE list_contains($feeds, feed_key) AND first_time <= $end
), dated AS (
    SELECT mmsi,
           imo, CASE WHEN imo > 0 THEN last_time END AS imo_time,
           name, CASE WHEN name <> '' THEN last_time END AS name_time,
           callsign, CASE WHEN callsign <> '' THEN last_time END AS callsign_time,
           ship_type, CASE WHEN ship_type >= 0 THEN last_time END AS ship_type_time,
           length_m, CASE WHEN NOT isnan(length_m) THEN last_time END AS length_m_time,
           beam_m, CASE WHEN NOT isnan(beam_m) THEN last_time END AS beam_m_time,
           draught_m, CASE WHEN NOT isnan(draught_m) THEN last_time END AS draught_m_time,
           destination, CASE WHEN destination <> '' THEN last_time END AS destination_time,
           ais_class, CASE WHEN ais_class <> '' THEN last_time END AS ais_class_time
    FROM said
    UNION ALL BY NAME
    FROM known
)
SELECT mmsi,
       arg_max(imo, (imo_time, imo)) FILTER (imo_time IS NOT NULL) AS imo,
       max(imo_time) AS imo_time,
       arg_max(name, (name_time, name)) FILTER (name_time IS NOT NULL) AS name,
       max(name_time) AS name_time,
       arg_max(callsign, (callsign_time, callsign)) FILTER (callsign_time IS NOT NULL) AS callsign,
       max(callsign_time) AS callsign_time,
       arg_max(ship_type, (ship_type_time, ship_type)) FILTER (ship_type_time IS NOT NULL)
           AS ship_type,
       max(ship_type_time) AS ship_type_time,
       arg_max(length_m, (length_m_time, length_m)) FILTER (length_m_time IS NOT NULL) AS length_m,
       max(length_m_time) AS length_m_time,
       arg_max(beam_m, (beam_m_time, beam_m)) FILTER (beam_m_time IS NOT NULL) AS beam_m,
       max(beam_m_time) AS beam_m_time,
       arg_max(draught_m, (draught_m_time, draught_m)) FILTER (draught_m_time IS NOT NULL)
           AS draught_m,
       max(draught_m_time) AS draught_m_time,
       arg_max(destination, (destination_time, destination))
           FILTER (destination_time IS NOT NULL) AS destination,
       max(destination_time) AS destination_time,
       arg_max(ais_class, (ais_class_time, ais_class)) FILTER (ais_class_time IS NOT NULL)
           AS ais_class,
       max(ais_class_time) AS ais_class_time
FROM dated
GROUP BY mmsi
ORDER BY mmsi
