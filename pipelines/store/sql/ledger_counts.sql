-- Feeds whose ledger entry says otherwise than their files and presence.
WITH held AS (
    SELECT feed_key, sum(rows)::BIGINT AS rows FROM file_feeds GROUP BY feed_key
), heard AS (
    SELECT feed_key, min(first_time) AS first_time, max(last_time) AS last_time
    FROM presence
    GROUP BY feed_key
), counted AS (
    SELECT l.feed_key, l.name, coalesce(h.rows, 0) AS rows,
           (l.report ->> '$.positions')::BIGINT AS said,
           l.first_time IS DISTINCT FROM p.first_time OR l.last_time IS DISTINCT FROM p.last_time
               AS other_times
    FROM ledger AS l LEFT JOIN held AS h USING (feed_key) LEFT JOIN heard AS p USING (feed_key)
)
SELECT feed_key, name, rows, said, other_times
FROM counted
WHERE other_times OR rows <> said
ORDER BY feed_key
