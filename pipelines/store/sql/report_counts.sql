-- Reports of each vessel on the dates that touch a span, copies in several feeds included.
SELECT mmsi, sum(reports)::BIGINT AS reports
FROM presence
WHERE last_time >= $since AND first_time <= $end
GROUP BY mmsi
ORDER BY mmsi
