-- What named receivers received since a time.
SELECT mmsi, time, lat, lon, ais_class, station
FROM received($files)
WHERE time >= $since AND station IS NOT NULL AND station <> ''
