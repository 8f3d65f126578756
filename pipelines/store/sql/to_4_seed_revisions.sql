-- Version 4: the first revision of each event of a store that kept none: what is known of it, by the run
-- that learned it.
INSERT INTO event_revisions BY NAME
SELECT e.* EXCLUDE (run_id, first_run_id, retracted), w.run_id, w.status
FROM events AS e
JOIN (
    SELECT v.event_id, arg_max(v.run_id, r.ordinal) AS run_id,
           arg_max(v.status, r.ordinal) AS status
    FROM run_events AS v JOIN runs AS r USING (run_id)
    WHERE v.status IN ('created', 'changed', 'retracted')
    GROUP BY v.event_id
) AS w USING (event_id)
