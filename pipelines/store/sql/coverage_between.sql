-- Coverage of the dates of a window.
SELECT * FROM coverage_cells WHERE date >= $first AND date <= $last ORDER BY ALL
