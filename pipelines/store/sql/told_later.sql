-- Events of some incidents as runs told them whose windows ended later than that of the newest run
-- that told of the incident: it looked at a past span again. Of one told twice the newest is last.
WITH told AS (
    SELECT i.incident_id, i.events, r.ordinal, r."end"
    FROM incidents AS i
    JOIN runs AS r USING (run_id)
    WHERE i.incident_id IN (SELECT unnest($ids::VARCHAR[]))
),

newest AS (
    SELECT incident_id, arg_max("end", ordinal) AS until
    FROM told
    GROUP BY incident_id
)

SELECT unnest(string_split(told.events, ';')) AS event_id, told.incident_id
FROM told
JOIN newest USING (incident_id)
WHERE told."end" > newest.until
ORDER BY told.ordinal, told.incident_id
