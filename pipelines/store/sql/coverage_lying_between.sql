-- Where vessels lay still on some dates.
SELECT * FROM coverage_lying WHERE date >= $first AND date <= $last ORDER BY ALL
