-- Files of sightings that no finished run has looked at yet.
SELECT file_key AS feed_key, name, first_time, last_time
FROM sighting_files
WHERE file_key NOT IN (SELECT feed_key FROM run_feeds) AND first_time IS NOT NULL
ORDER BY first_time, feed_key
