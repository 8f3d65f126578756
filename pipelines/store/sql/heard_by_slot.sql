-- Slots of ten minutes in which the feeds heard something, between two times: at least a fiftieth of
-- what is heard in a slot as a rule, or anything behind the last such slot, where more may be on its
-- way. Through an outage of 80 minutes a handful of misdated reports came, which told it as two of 40.
WITH slots AS (
    SELECT time, sum(reports) AS reports FROM coverage_feed
    WHERE time >= $since AND time <= $end GROUP BY time
), known AS (
    SELECT *, reports >= (SELECT median(reports) FROM slots) / 50 AS heard FROM slots
)
SELECT time FROM known
WHERE heard OR time > (SELECT max(time) FROM known WHERE heard) ORDER BY time
