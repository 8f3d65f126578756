-- Events not retracted whose span touches a window, without their long texts.
SELECT * REPLACE ('' AS evidence, '' AS explanation, '' AS reason) FROM events
WHERE NOT retracted AND start <= $end AND ("end" IS NULL OR "end" >= $start)
ORDER BY start, event_id
