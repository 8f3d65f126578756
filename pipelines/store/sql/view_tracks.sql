-- Tracks, joined from their days; a length leaves out the leg across each midnight.
SELECT track_id, any_value(mmsi) AS mmsi, min(start) AS start, max("end") AS "end",
       sum(n_reports)::BIGINT AS n_reports, sum(length_m) AS length_m,
       min(south) AS south, min(west) AS west, max(north) AS north, max(east) AS east
FROM {store}.track_days
GROUP BY track_id
