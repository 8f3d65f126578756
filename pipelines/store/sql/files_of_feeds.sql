-- Files with rows of some feeds, and whether other feeds have rows in them too.
SELECT ff.feed_key, f.date, f.path, f.sha256, ff.rows,
       (SELECT count(*) FROM file_feeds AS o WHERE o.path = f.path) > 1 AS others
FROM files AS f JOIN file_feeds AS ff USING (path)
WHERE list_contains($feeds, ff.feed_key)
ORDER BY ff.feed_key, f.date, f.path
