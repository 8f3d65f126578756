-- Incidents as the newest run up to a number told them, the oldest first: those whose id begins so,
-- that a vessel is in, and that ever touched a span, as far as these are given; without looks as
-- nights alone told them.
WITH told AS (
    SELECT i.*, r.ordinal
    FROM incidents AS i
    JOIN runs AS r USING (run_id)
    WHERE ($ordinal IS NULL OR r.ordinal <= $ordinal)
        AND ($looks OR (r.manifest -> '$.look') IS NULL)
        AND ($prefix = '' OR starts_with(i.incident_id, $prefix))
)
SELECT * EXCLUDE (run_id, ordinal)
FROM told
WHERE incident_id IN (
    SELECT incident_id
    FROM told
    WHERE ($mmsi = '' OR contains(vessels, $mmsi))
        AND ($since IS NULL OR "end" IS NULL OR "end" >= $since)
        AND ($until IS NULL OR start <= $until)
)
QUALIFY row_number() OVER (PARTITION BY incident_id ORDER BY ordinal DESC) = 1
ORDER BY start, incident_id
