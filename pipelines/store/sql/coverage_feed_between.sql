-- Feed activity of the dates of a window.
SELECT * FROM coverage_feed WHERE date >= $first AND date <= $last ORDER BY ALL
