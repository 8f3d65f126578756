-- What some feeds say that vessels called themselves before a time, and when it was said last, in
-- microseconds since 1970-01-01 UTC. What was said again after that time counts as said at it.
SELECT mmsi, epoch_us(least(last_time, $end)) AS time, imo, name, callsign, ship_type, length_m,
       beam_m, draught_m, destination, ais_class
FROM statics
WHERE list_contains($feeds, feed_key) AND first_time <= $end
