-- How many vessels were heard up to a time on the busiest of the last dates that have reports.
SELECT coalesce(max(vessels), 0) AS vessels
FROM (
    SELECT count(DISTINCT mmsi) AS vessels
    FROM presence
    WHERE date <= $last AND first_time <= $end
    GROUP BY date
    ORDER BY date DESC
    LIMIT $dates
)
