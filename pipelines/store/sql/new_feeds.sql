-- Feeds that no finished run has looked at yet.
SELECT feed_key, name, first_time, last_time
FROM ledger
WHERE feed_key NOT IN (SELECT feed_key FROM run_feeds)
ORDER BY first_time, feed_key
