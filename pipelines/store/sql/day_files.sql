-- The dates in the store with their files, what these hold (which compaction doesn't change), what
-- of it is of the first hours, and what was worked out from it last time.
WITH held AS (
    SELECT date, feed_key, sum(ff.rows)::BIGINT AS rows
    FROM file_feeds AS ff JOIN files USING (path)
    GROUP BY date, feed_key
), begun AS (
    SELECT date, feed_key, min(first_time) AS first_time FROM presence GROUP BY date, feed_key
), contents AS (
    SELECT date, string_agg(feed_key || ':' || rows, ' ' ORDER BY feed_key) AS content,
           coalesce(string_agg(feed_key || ':' || rows, ' ' ORDER BY feed_key) FILTER (
               first_time < strptime(date, '%Y-%m-%d')::TIMESTAMPTZ + to_seconds($early_s)
           ), '') AS early
    FROM held LEFT JOIN begun USING (date, feed_key)
    GROUP BY date
), paths AS (
    SELECT date, string_agg(path, ' ' ORDER BY path) AS paths FROM files GROUP BY date
)
SELECT date, paths, content, early, d.input, d.state
FROM paths JOIN contents USING (date) LEFT JOIN days AS d USING (date)
ORDER BY date
