-- What no run has noted or looked at: feeds and files of sightings, and further names of them, the
-- first as "key+1".
WITH noted AS (
    SELECT feed_key AS key FROM run_feeds
    UNION
    SELECT unnest((manifest -> '$.asked.arrived')::VARCHAR[]) FROM runs
), held AS (
    SELECT feed_key AS key, report FROM ledger
    UNION ALL
    SELECT file_key, report FROM sighting_files
), come AS (
    SELECT key FROM held
    UNION ALL
    SELECT key || '+' || unnest(range(1, json_array_length(report -> '$.also_named')::BIGINT + 1))
    FROM held
    WHERE (report -> '$.also_named') IS NOT NULL
)
SELECT key FROM come WHERE key NOT IN (SELECT key FROM noted) ORDER BY key
