-- Events as they were known after a run, the newest revision of each up to it: those that a vessel
-- takes part in, whose id begins so, and that are among some, as far as these are given. Which rows
-- that is is found first: of a year's evidence, most of the store, no more is read than is wanted.
WITH told AS (
    SELECT v.rowid AS row, v.event_id, r.ordinal
    FROM event_revisions AS v
    JOIN runs AS r USING (run_id)
    WHERE r.ordinal <= $ordinal
        AND ($mmsi = 0 OR v.mmsi = $mmsi OR v.other_mmsi = $mmsi)
        AND starts_with(v.event_id, $event_id)
        AND ($ids IS NULL OR v.event_id IN (SELECT unnest($ids)))
),
newest AS (
    SELECT event_id, arg_max(row, ordinal) AS row FROM told GROUP BY event_id
),
-- Whose story an event took over only the revision says that began it.
took AS (
    SELECT v.event_id, arg_max(v.supersedes, t.ordinal) AS supersedes
    FROM told AS t
    JOIN event_revisions AS v ON v.rowid = t.row
    WHERE v.supersedes <> ''
    GROUP BY v.event_id
),
begun AS (
    SELECT event_id, first_run_id FROM events WHERE event_id IN (SELECT event_id FROM newest)
)
SELECT v.* EXCLUDE (run_id, status) REPLACE (coalesce(took.supersedes, '') AS supersedes),
       v.status = 'retracted' AS retracted, v.run_id,
       begun.first_run_id
FROM event_revisions AS v
JOIN begun USING (event_id)
LEFT JOIN took USING (event_id)
WHERE v.rowid IN (SELECT row FROM newest)
ORDER BY v.start, v.event_id
