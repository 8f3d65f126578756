-- Whom a vessel met up to a time, how often, how often for an innocent reason (of a weight of 0.5 or
-- more, `scoring.EXPLAINED_WEIGHT`: neighbours at moorings, a tug and its tow), and whom it could have
-- met while one of the two wasn't heard; and whom those that it met have met in turn, that it didn't
-- itself.
WITH met AS (
    SELECT mmsi AS one, other_mmsi AS other, start, score, kind = 'encounter' AS seen, evidence
    FROM events
    WHERE NOT retracted AND other_mmsi > 0 AND kind IN ('encounter', 'possible_meeting')
      AND start <= $end
), pairs AS (
    FROM met
    UNION ALL
    SELECT other, one, start, score, seen, evidence FROM met
), mine AS (
    SELECT *, coalesce((TRY_CAST(evidence AS JSON) ->> '$.explained.weight')::DOUBLE, 0) >= 0.5
              AS explained
    FROM pairs WHERE one = $mmsi
), own AS (
    SELECT other, count(*) FILTER (seen AND NOT explained) AS meetings,
           count(*) FILTER (seen AND explained) AS explained, count(*) FILTER (NOT seen) AS possible,
           min(start) AS first_time, max(start) AS last_time, max(score) AS score
    FROM mine
    GROUP BY other
), theirs AS (
    SELECT p.*
    FROM pairs AS p
    SEMI JOIN own ON own.other = p.one AND own.meetings > 0
    ANTI JOIN own AS known ON known.other = p.other
    WHERE p.other <> $mmsi AND p.seen
), further AS (
    SELECT other, count(*) AS meetings, min(start) AS first_time, max(start) AS last_time,
           max(score) AS score, arg_max(one, start) AS through,
           count(DISTINCT one) - 1 AS through_more
    FROM theirs
    WHERE coalesce((TRY_CAST(evidence AS JSON) ->> '$.explained.weight')::DOUBLE, 0) < 0.5
    GROUP BY other
)
SELECT other AS mmsi, meetings, explained, possible, first_time, last_time, score,
       0::BIGINT AS through, 0::BIGINT AS through_more
FROM own
UNION ALL
SELECT other, meetings, 0, 0, first_time, last_time, score, through, through_more FROM further
ORDER BY through > 0, meetings DESC, last_time DESC, mmsi
