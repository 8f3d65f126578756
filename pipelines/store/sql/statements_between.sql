-- What the vessels in `need` said of themselves, each from its from_time, up to a time.
-- Copies in several feeds are one statement; what was said again after that time counts as said
-- at it.
SELECT s.mmsi, min(s.first_time) AS first_time, least(max(s.last_time), $end) AS last_time,
       s.imo, s.name, s.callsign, s.ship_type, s.length_m, s.beam_m, s.draught_m, s.destination,
       s.ais_class, sum(s.reports)::BIGINT AS reports,
       arg_min(s.source, (s.first_time, s.source, s.source_offset)) AS source,
       arg_min(s.source_offset, (s.first_time, s.source, s.source_offset)) AS source_offset
FROM statics AS s JOIN need AS n ON n.mmsi = s.mmsi
WHERE s.date >= strftime(n.from_time, '%Y-%m-%d') AND s.first_time <= $end
GROUP BY s.date, s.mmsi, s.imo, s.name, s.callsign, s.ship_type, s.length_m, s.beam_m,
         s.draught_m, s.destination, s.ais_class
ORDER BY ALL
