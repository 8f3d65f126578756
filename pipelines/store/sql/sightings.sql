-- Sightings between two times.
SELECT * EXCLUDE (file_key) FROM sightings
WHERE "time" >= $since AND "time" <= $end
ORDER BY "time", sighting_id
