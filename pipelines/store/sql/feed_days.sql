-- Reports of each feed file by UTC date since a date, and when the first and the last of them came.
SELECT l.name, p.date, sum(p.reports)::BIGINT AS reports,
       min(p.first_time) AS first_time, max(p.last_time) AS last_time
FROM presence AS p JOIN ledger AS l USING (feed_key)
WHERE p.date >= $since
GROUP BY l.name, p.date
ORDER BY l.name, p.date
