-- Reports of the vessels in `need`, each from the date of its from_time on, up to that of a time.
-- Copies in several feeds included.
SELECT n.mmsi, coalesce(sum(p.reports), 0)::BIGINT AS reports
FROM need AS n LEFT JOIN presence AS p
     ON p.mmsi = n.mmsi AND p.date >= strftime(n.from_time, '%Y-%m-%d') AND p.first_time <= $end
GROUP BY n.mmsi
ORDER BY n.mmsi
