-- Files, their size and their rows by UTC date, and what was worked out from them.
WITH received AS (
    SELECT date, count(*) AS files, sum(bytes)::BIGINT AS bytes, sum(rows)::BIGINT AS rows
    FROM files
    GROUP BY date
), judged AS (
    SELECT date, sum(bytes)::BIGINT AS bytes FROM track_files GROUP BY date
)
SELECT
    date, files, received.bytes, rows, coalesce(judged.bytes, 0) AS judged_bytes, counts
FROM received LEFT JOIN judged USING (date) LEFT JOIN days USING (date)
ORDER BY date
