-- The same columns where there is no file of positions yet.
SELECT NULL::BIGINT AS mmsi, NULL::TIMESTAMPTZ AS time, NULL::DOUBLE AS lat, NULL::DOUBLE AS lon,
       NULL::DOUBLE AS sog_kn, NULL::DOUBLE AS cog_deg, NULL::DOUBLE AS heading_deg,
       NULL::SMALLINT AS nav_status, NULL::SMALLINT AS msg_type, NULL::VARCHAR AS ais_class,
       NULL::VARCHAR AS source, NULL::BIGINT AS source_offset
WHERE false
