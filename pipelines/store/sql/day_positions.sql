-- Position reports since a time, as received.
SELECT mmsi, time, lat, lon, sog_kn, cog_deg, heading_deg, nav_status, msg_type, ais_class,
       source, source_offset
FROM received($files)
WHERE time >= $since
