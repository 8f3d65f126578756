-- Whom a vessel met up to a time, how often, and whom it could have met while one of the two wasn't
-- heard; and whom those that it met have met in turn, that it didn't itself.
WITH met AS (
    SELECT mmsi AS one, other_mmsi AS other, start, score, kind = 'encounter' AS seen
    FROM events
    WHERE NOT retracted AND other_mmsi > 0 AND kind IN ('encounter', 'possible_meeting')
      AND start <= $end
), pairs AS (
    FROM met
    UNION ALL
    SELECT other, one, start, score, seen FROM met
), own AS (
    SELECT other, count(*) FILTER (seen) AS meetings, count(*) FILTER (NOT seen) AS possible,
           min(start) AS first_time, max(start) AS last_time, max(score) AS score
    FROM pairs
    WHERE one = $mmsi
    GROUP BY other
), further AS (
    SELECT p.other, count(*) AS meetings, min(p.start) AS first_time, max(p.start) AS last_time,
           max(p.score) AS score, arg_max(p.one, p.start) AS through,
           count(DISTINCT p.one) - 1 AS through_more
    FROM pairs AS p
    SEMI JOIN own ON own.other = p.one AND own.meetings > 0
    ANTI JOIN own AS known ON known.other = p.other
    WHERE p.other <> $mmsi AND p.seen
    GROUP BY p.other
)
SELECT other AS mmsi, meetings, possible, first_time, last_time, score, 0::BIGINT AS through,
       0::BIGINT AS through_more
FROM own
UNION ALL
SELECT other, meetings, 0, first_time, last_time, score, through, through_more FROM further
ORDER BY through > 0, meetings DESC, last_time DESC, mmsi
