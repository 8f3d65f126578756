-- Rows of each feed in the files of `merged`, without some feeds.
SELECT feed_key, sum(rows)::BIGINT AS rows
FROM file_feeds
WHERE path IN (SELECT path FROM merged) AND NOT list_contains($without::VARCHAR[], feed_key)
GROUP BY feed_key
ORDER BY feed_key
