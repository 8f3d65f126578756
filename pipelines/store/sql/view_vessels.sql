-- What each vessel called itself last: of every field the newest value that said something.
SELECT mmsi,
       nullif(coalesce(arg_max(imo, last_time) FILTER (imo > 0), 0), 0) AS imo,
       arg_max(name, last_time) FILTER (name <> '') AS name,
       arg_max(callsign, last_time) FILTER (callsign <> '') AS callsign,
       arg_max(ship_type, last_time) FILTER (ship_type >= 0) AS ship_type,
       arg_max(length_m, last_time) FILTER (NOT isnan(length_m)) AS length_m,
       arg_max(destination, last_time) FILTER (destination <> '') AS destination,
       arg_max(ais_class, last_time) FILTER (ais_class <> '') AS ais_class,
       max(last_time) AS last_said
FROM {store}.statics
GROUP BY mmsi
