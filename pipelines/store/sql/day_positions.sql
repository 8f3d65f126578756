-- All position reports of one UTC date, as received.
SELECT * FROM read_parquet($files)
