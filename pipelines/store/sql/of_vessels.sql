-- Reports of the vessels in `need`, each from its own time on.
SELECT p.*
FROM received($files) AS p JOIN need AS n USING (mmsi)
WHERE p.time >= n.from_time AND p.time <= $end
