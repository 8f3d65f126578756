-- Reports of a span of time of the vessels from one MMSI on and below another.
SELECT *
FROM received($files)
WHERE time >= $since AND time < $until AND mmsi >= $low AND mmsi < $high
