-- Reports of some vessels by slot of ten minutes and by receiver; those of no named one under ''.
SELECT mmsi, time_bucket(INTERVAL 10 MINUTE, time) AS time,
       CASE WHEN list_contains($stations, station) THEN station ELSE '' END AS station,
       count(*) AS reports
FROM received($files)
WHERE time BETWEEN $since AND $until AND list_contains($mmsis, mmsi)
GROUP BY ALL
ORDER BY ALL
