-- Position reports of some files as they were received. A whole number times a unit comes first,
-- the float where no unit gives the value; see pipelines/store/positions.py. Files of before
-- stations were kept have no column of that name.
CREATE OR REPLACE TEMP MACRO received(paths) AS TABLE
SELECT * EXCLUDE (lat_x600000, lat_x10000000, lon_x600000, lon_x10000000, sog_kn_x10, cog_deg_x10,
                  heading_deg_x1)
         REPLACE (mmsi::BIGINT AS mmsi,
                  coalesce(lat_x600000 / 6e5, lat_x10000000 / 1e7, lat) AS lat,
                  coalesce(lon_x600000 / 6e5, lon_x10000000 / 1e7, lon) AS lon,
                  coalesce(sog_kn_x10 / 1e1, sog_kn) AS sog_kn,
                  coalesce(cog_deg_x10 / 1e1, cog_deg) AS cog_deg,
                  coalesce(heading_deg_x1 / 1e0, heading_deg) AS heading_deg)
FROM read_parquet(paths, union_by_name := true)
