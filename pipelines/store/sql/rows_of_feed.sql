-- The rows of a feed in a file as they are stored, sorted like every file.
SELECT *
FROM read_parquet([$file], union_by_name := true)
WHERE feed_key = $feed_key
ORDER BY mmsi, time, source, source_offset, feed_key
