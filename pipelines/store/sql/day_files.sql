-- The dates in the store with their files and what was worked out from them last time.
SELECT f.date, string_agg(f.path, ' ' ORDER BY f.path) AS paths, any_value(d.input) AS input,
       any_value(d.state) AS state
FROM files AS f LEFT JOIN days AS d USING (date)
GROUP BY f.date
ORDER BY f.date
