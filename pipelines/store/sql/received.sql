-- Position reports of some files as they were received. A whole number times a unit comes first,
-- the float where no unit gives the value; see pipelines/store/positions.py.
CREATE OR REPLACE TEMP MACRO received(paths) AS TABLE
SELECT mmsi::BIGINT AS mmsi, time,
       coalesce(lat_x600000 / 6e5, lat_x10000000 / 1e7, lat) AS lat,
       coalesce(lon_x600000 / 6e5, lon_x10000000 / 1e7, lon) AS lon,
       coalesce(sog_kn_x10 / 1e1, sog_kn) AS sog_kn,
       coalesce(cog_deg_x10 / 1e1, cog_deg) AS cog_deg,
       coalesce(heading_deg_x1 / 1e0, heading_deg) AS heading_deg,
       nav_status, msg_type, ais_class, source, source_offset, feed_key
FROM read_parquet(paths)
