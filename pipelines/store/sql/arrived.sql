-- Feeds and files of sightings that came after the newest run: no run has noted them or looked at
-- them.
WITH noted AS (
    SELECT feed_key AS key FROM run_feeds
    UNION
    SELECT unnest((manifest -> '$.asked.arrived')::VARCHAR[]) FROM runs
)
SELECT feed_key AS key FROM ledger WHERE feed_key NOT IN (SELECT key FROM noted)
UNION
SELECT file_key FROM sighting_files WHERE file_key NOT IN (SELECT key FROM noted)
ORDER BY key
