-- Whom a vessel met up to a time, how often; and whom those met in turn, that it didn't meet itself.
WITH met AS (
    SELECT mmsi AS one, other_mmsi AS other, start, score
    FROM events
    WHERE NOT retracted AND other_mmsi > 0 AND kind IN ('encounter', 'possible_meeting')
      AND start <= $end
), pairs AS (
    FROM met
    UNION ALL
    SELECT other, one, start, score FROM met
), own AS (
    SELECT other, count(*) AS meetings, min(start) AS first_time, max(start) AS last_time,
           max(score) AS score
    FROM pairs
    WHERE one = $mmsi
    GROUP BY other
), further AS (
    SELECT p.other, count(*) AS meetings, min(p.start) AS first_time, max(p.start) AS last_time,
           max(p.score) AS score, arg_max(p.one, p.start) AS through
    FROM pairs AS p
    SEMI JOIN own ON own.other = p.one
    ANTI JOIN own AS known ON known.other = p.other
    WHERE p.other <> $mmsi
    GROUP BY p.other
)
SELECT other AS mmsi, meetings, first_time, last_time, score, 0::BIGINT AS through FROM own
UNION ALL
SELECT other, meetings, first_time, last_time, score, through FROM further
ORDER BY through > 0, meetings DESC, last_time DESC, mmsi
