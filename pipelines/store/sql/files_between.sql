-- Files of positions that may hold reports between two dates.
SELECT path FROM files WHERE date >= $first AND date <= $last ORDER BY path
