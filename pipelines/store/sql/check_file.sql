-- What a file of positions holds: rows, those out of order, those of another date, and its feeds.
WITH stepped AS (
    SELECT feed_key, strftime(time, '%Y-%m-%d') <> $date AS elsewhere,
           coalesce(
               (mmsi, time, source, source_offset, feed_key)
               < lag((mmsi, time, source, source_offset, feed_key)) OVER (),
               false
           ) AS backwards
    FROM read_parquet($files)
)
SELECT feed_key, count(*) AS rows, count_if(backwards) AS backwards, count_if(elsewhere) AS elsewhere
FROM stepped
GROUP BY feed_key
ORDER BY feed_key
