-- Whom a vessel met up to a time, how often, how often for an innocent reason (of a weight of 0.5 or
-- more, `scoring.EXPLAINED_WEIGHT`: neighbours at moorings, a tug and its tow), and whom it could have
-- met while one of the two wasn't heard; and whom those that it met have met in turn, that it didn't
-- itself. Which rows that is is found first: evidence is most of the store, and no more of it is read.
WITH met AS (
    SELECT rowid AS row, mmsi AS one, other_mmsi AS other, start, score, kind = 'encounter' AS seen
    FROM events
    WHERE NOT retracted AND other_mmsi > 0 AND kind IN ('encounter', 'possible_meeting')
      AND start <= $end
), pairs AS (
    FROM met
    UNION ALL
    SELECT row, other, one, start, score, seen FROM met
), mine AS (
    FROM pairs WHERE one = $mmsi
), theirs AS (
    SELECT p.*
    FROM pairs AS p
    SEMI JOIN mine ON mine.other = p.one AND mine.seen
    ANTI JOIN mine AS known ON known.other = p.other
    WHERE p.other <> $mmsi AND p.seen
), explained AS (
    SELECT rowid AS row FROM events
    WHERE rowid IN (SELECT row FROM mine UNION ALL SELECT row FROM theirs)
      AND (TRY_CAST(evidence AS JSON) ->> '$.explained.weight')::DOUBLE >= 0.5
), own AS (
    SELECT other, count(*) FILTER (seen AND e.row IS NULL) AS meetings,
           count(*) FILTER (seen AND e.row IS NOT NULL) AS explained,
           count(*) FILTER (NOT seen) AS possible,
           min(start) AS first_time, max(start) AS last_time, max(score) AS score
    FROM mine LEFT JOIN explained AS e USING (row)
    GROUP BY other
), further AS (
    SELECT other, count(*) AS meetings, min(start) AS first_time, max(start) AS last_time,
           max(score) AS score, arg_max(one, start) AS through,
           count(DISTINCT one) - 1 AS through_more
    FROM theirs
    SEMI JOIN own ON own.other = theirs.one AND own.meetings > 0
    ANTI JOIN explained USING (row)
    GROUP BY other
)
SELECT other AS mmsi, meetings, explained, possible, first_time, last_time, score,
       0::BIGINT AS through, 0::BIGINT AS through_more
FROM own
UNION ALL
SELECT other, meetings, 0, 0, first_time, last_time, score, through, through_more FROM further
ORDER BY through > 0, meetings DESC, last_time DESC, mmsi
