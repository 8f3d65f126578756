-- For each vessel in `reach` (with the time that must be reached back to): midnight UTC of the
-- last date on which it was heard at or before that time, or of its first date ever.
SELECT r.mmsi,
       strptime(
           coalesce(max(p.date) FILTER (p.first_time <= r.reach_time), min(p.date)), '%Y-%m-%d'
       )::TIMESTAMPTZ AS from_time,
       min(p.first_time) AS first_time
FROM reach AS r JOIN presence AS p USING (mmsi)
GROUP BY r.mmsi, r.reach_time
ORDER BY r.mmsi
