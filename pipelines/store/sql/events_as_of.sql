-- Events as they were known after a run: the newest revision of each up to it, and whose story it
-- took over, which only the revision says that began it.
SELECT v.* EXCLUDE (run_id, status) REPLACE (
         coalesce(
           last_value(nullif(v.supersedes, '') IGNORE NULLS)
             OVER (PARTITION BY v.event_id ORDER BY r.ordinal),
           ''
         ) AS supersedes
       ),
       v.status = 'retracted' AS retracted, v.run_id,
       e.first_run_id
FROM event_revisions AS v
JOIN runs AS r USING (run_id)
JOIN events AS e USING (event_id)
WHERE r.ordinal <= $ordinal
  AND ($mmsi = 0 OR v.mmsi = $mmsi OR v.other_mmsi = $mmsi)
  AND starts_with(v.event_id, $event_id)
QUALIFY row_number() OVER (PARTITION BY v.event_id ORDER BY r.ordinal DESC) = 1
ORDER BY v.start, v.event_id
