-- Presence as the files of a date have it.
SELECT $date AS date, mmsi::BIGINT AS mmsi, feed_key, count(*) AS reports,
       min(time) AS first_time, max(time) AS last_time
FROM read_parquet($files, union_by_name := true)
GROUP BY mmsi, feed_key
ORDER BY mmsi, feed_key
