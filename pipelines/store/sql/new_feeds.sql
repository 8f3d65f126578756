-- Feeds that no finished run has looked at yet. Of one that a run had looked at before it was read
-- again, only what came to it then is new.
SELECT l.feed_key, l.name, coalesce(later.first_time, l.first_time) AS first_time, l.last_time
FROM ledger AS l LEFT JOIN late_reports AS later USING (feed_key)
WHERE l.feed_key NOT IN (SELECT feed_key FROM run_feeds)
ORDER BY 3, l.feed_key
