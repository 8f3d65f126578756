-- What each receiver heard on the dates of a window.
SELECT * FROM coverage_receivers WHERE date >= $first AND date <= $last ORDER BY ALL
