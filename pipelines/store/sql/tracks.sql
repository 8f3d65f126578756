-- Whole tracks, joined from their days. The length leaves out the leg across each midnight, and
-- the bounds are those of the days, so that a track across the antimeridian has one per day.
SELECT track_id, any_value(mmsi) AS mmsi, min(start) AS start, max("end") AS "end",
       sum(n_reports)::BIGINT AS n_reports, min(south) AS south, max(north) AS north,
       list(west ORDER BY date) AS west, list(east ORDER BY date) AS east,
       sum(length_m) AS length_m, list(geometry ORDER BY date) AS geometries
FROM track_days
GROUP BY track_id
ORDER BY track_id
