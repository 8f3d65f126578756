-- The same of what is `known` alone, in the form of `vessels`.
SELECT mmsi, coalesce(imo, 0) AS imo, coalesce(name, '') AS name,
       coalesce(callsign, '') AS callsign, coalesce(ship_type, -1) AS ship_type, length_m, beam_m,
       draught_m, coalesce(destination, '') AS destination, coalesce(ais_class, '') AS ais_class
FROM known
ORDER BY mmsi
