-- Slots of ten minutes in which any feed heard anything, between two times.
SELECT DISTINCT time FROM coverage_feed WHERE time >= $since AND time <= $end ORDER BY time
