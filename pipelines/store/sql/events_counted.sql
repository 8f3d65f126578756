-- Events not retracted whose span touches a window, without their long texts: those that score so
-- much, and some by their ids.
SELECT * REPLACE ('' AS evidence, '' AS explanation, '' AS reason) FROM events
WHERE NOT retracted AND start <= $end AND ("end" IS NULL OR "end" >= $start)
    AND (score >= $min_score OR event_id IN (SELECT unnest($ids::VARCHAR[])))
ORDER BY start, event_id
