-- Position reports as they were received: what several feeds heard stands there several times, and
-- no date is missing that a newer file has replaced.
SELECT mmsi, time, lat, lon, sog_kn, cog_deg, heading_deg, nav_status, msg_type, ais_class, source,
       source_offset
FROM received({files})
