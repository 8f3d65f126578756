-- How many vessels were heard up to a time on the busiest of some dates.
SELECT coalesce(max(vessels), 0) AS vessels
FROM (
    SELECT count(DISTINCT mmsi) AS vessels
    FROM presence
    WHERE date BETWEEN $first AND $last AND first_time <= $end
    GROUP BY date
)
