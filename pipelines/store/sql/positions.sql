-- Position reports of the vessels in `need`, each from its own time on, as received.
SELECT p.*
FROM read_parquet($files) AS p
JOIN need AS n USING (mmsi)
WHERE p.time >= n.from_time AND p.time <= $end
