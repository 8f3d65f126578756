-- Files with rows of the feeds in `dropped`, and whether other feeds have rows in them too.
SELECT f.date, f.path, bool_or(d.feed_key IS NULL) AS others
FROM files AS f JOIN file_feeds AS ff USING (path) LEFT JOIN dropped AS d USING (feed_key)
GROUP BY f.date, f.path
HAVING bool_or(d.feed_key IS NOT NULL)
ORDER BY f.path
