-- Files, their size and their rows by UTC date.
SELECT date, count(*) AS files, sum(bytes)::BIGINT AS bytes, sum(rows)::BIGINT AS rows
FROM files
GROUP BY date
ORDER BY date
