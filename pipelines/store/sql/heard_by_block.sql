-- Reports by block of half a degree of longitude and a degree of latitude, for each stretch of 24
-- hours before a time: day 0 is the last one.
SELECT floor(epoch($end - time) / 86400)::BIGINT AS day,
       (lat_cell // 10 - 90)::BIGINT AS lat, (lon_cell // 5 - 360)::BIGINT AS lon_half,
       sum(reports)::BIGINT AS reports
FROM coverage_cells
WHERE time > $since AND time <= $end
GROUP BY ALL
ORDER BY ALL
