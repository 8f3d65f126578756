-- Position reports since a time of the vessels from one MMSI on and below another, as received.
SELECT mmsi, time, lat, lon, sog_kn, cog_deg, heading_deg, nav_status, msg_type, ais_class,
       source, source_offset
FROM received($files)
WHERE time >= $since AND mmsi >= $low AND mmsi < $high
