-- The finished runs, oldest first.
SELECT r.run_id, r.ordinal, r.start, r."end", r.state,
       (SELECT count(*) FROM {store}.flags AS f WHERE f.run_id = r.run_id) AS flagged,
       (SELECT count(*) FROM {store}.run_events AS e WHERE e.run_id = r.run_id) AS events
FROM {store}.runs AS r
ORDER BY r.ordinal
