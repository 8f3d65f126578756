-- Position reports since a time, as received.
SELECT * FROM received($files) WHERE time >= $since
