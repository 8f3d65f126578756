-- How many reports of a span state what. Boats' sets seldom state a heading, so that it is counted of
-- the others; a time of whole minutes is one of sixty by chance. How many minutes, and hours of the
-- clock, vessels were heard in is told to ten per cent or so: exact, it would take memory by report.
SELECT count(*)::BIGINT AS reports,
       (count(*) FILTER (NOT isnan(sog_kn)))::BIGINT AS speed,
       (count(*) FILTER (ais_class <> 'B'))::BIGINT AS ships,
       (count(*) FILTER (ais_class <> 'B' AND NOT isnan(heading_deg)))::BIGINT AS heading,
       (count(*) FILTER (ais_class <> ''))::BIGINT AS ais_class,
       (count(*) FILTER (epoch_us(time) % 60000000 <> 0))::BIGINT AS seconds,
       approx_count_distinct((mmsi, epoch_us(time) // 60000000))::BIGINT AS minutes,
       approx_count_distinct((mmsi, epoch_us(time) // 3600000000))::BIGINT AS hours
FROM received($files)
WHERE time BETWEEN $since AND $until
