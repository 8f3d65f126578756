-- Position reports since a time, as received.
SELECT * FROM read_parquet($files) WHERE time >= $since
