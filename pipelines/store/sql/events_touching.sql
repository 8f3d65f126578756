-- Events not retracted whose span touches a window.
SELECT * FROM events
WHERE NOT retracted AND start <= $end AND ("end" IS NULL OR "end" >= $start)
ORDER BY start, event_id
