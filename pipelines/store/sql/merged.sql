-- The rows of some files as they are stored, sorted like every file, without some feeds.
SELECT *
FROM read_parquet($files, union_by_name := true)
WHERE NOT list_contains($without::VARCHAR[], feed_key)
ORDER BY mmsi, time, source, source_offset, feed_key
