-- Open hulls of the vessels in `need`, as they stood before each one's first day of interest.
WITH begun AS (
    SELECT n.mmsi, max(d.date) AS date
    FROM need AS n JOIN days AS d ON d.date < strftime(n.from_time, '%Y-%m-%d')
    GROUP BY n.mmsi
)
SELECT s.* EXCLUDE (date)
FROM track_state AS s JOIN begun AS b ON b.mmsi = s.mmsi AND b.date = s.date
ORDER BY ALL
