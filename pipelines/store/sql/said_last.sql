-- What each vessel called itself last before a time by some feeds, and when each of it was said, in
-- microseconds since 1970-01-01 UTC: see `vessels`. Numbers of what wasn't said tell nothing.
WITH said AS (
    SELECT * REPLACE (epoch_us(least(last_time, $end)) AS last_time)
    FROM statics
    WHERE list_contains($feeds, feed_key) AND first_time <= $end
)
SELECT mmsi,
       arg_max(imo, (last_time, imo)) FILTER (imo > 0) AS imo,
       max(last_time) FILTER (imo > 0) AS imo_time,
       arg_max(name, (last_time, name)) FILTER (name <> '') AS name,
       max(last_time) FILTER (name <> '') AS name_time,
       arg_max(callsign, (last_time, callsign)) FILTER (callsign <> '') AS callsign,
       max(last_time) FILTER (callsign <> '') AS callsign_time,
       arg_max(ship_type, (last_time, ship_type)) FILTER (ship_type >= 0) AS ship_type,
       max(last_time) FILTER (ship_type >= 0) AS ship_type_time,
       arg_max(length_m, (last_time, length_m)) FILTER (NOT isnan(length_m)) AS length_m,
       max(last_time) FILTER (NOT isnan(length_m)) AS length_m_time,
       arg_max(beam_m, (last_time, beam_m)) FILTER (NOT isnan(beam_m)) AS beam_m,
       max(last_time) FILTER (NOT isnan(beam_m)) AS beam_m_time,
       arg_max(draught_m, (last_time, draught_m)) FILTER (NOT isnan(draught_m)) AS draught_m,
       max(last_time) FILTER (NOT isnan(draught_m)) AS draught_m_time,
       arg_max(destination, (last_time, destination)) FILTER (destination <> '') AS destination,
       max(last_time) FILTER (destination <> '') AS destination_time,
       arg_max(ais_class, (last_time, ais_class)) FILTER (ais_class <> '') AS ais_class,
       max(last_time) FILTER (ais_class <> '') AS ais_class_time
FROM said
GROUP BY mmsi
