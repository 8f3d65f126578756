-- Whole tracks, joined from their days. Length leaves out the leg across each midnight.
SELECT track_id, any_value(mmsi) AS mmsi, min(start) AS start, max("end") AS "end",
       sum(n_reports)::BIGINT AS n_reports, min(min_lat) AS min_lat, max(max_lat) AS max_lat,
       min(min_lon) AS min_lon, max(max_lon) AS max_lon, sum(length_m) AS length_m,
       list(geometry ORDER BY date) AS geometries
FROM track_days
GROUP BY track_id
ORDER BY track_id
