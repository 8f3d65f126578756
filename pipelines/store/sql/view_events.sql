-- The events that stand, as the last run that looked at each left them; evidence is JSON.
SELECT event_id, kind, subkind, detector, version, mmsi, nullif(other_mmsi, 0) AS other_mmsi,
       zone_id, track_ids, group_id, start, "end", lat, lon, score, explanation, reason, evidence,
       first_run_id, run_id
FROM {store}.events
WHERE NOT retracted
