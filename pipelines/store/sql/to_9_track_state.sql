-- Version 9: the hulls heard up to the end of each date.
CREATE TABLE track_state (
    "date" VARCHAR,
    "mmsi" BIGINT,
    "hull" SMALLINT,
    "time" TIMESTAMPTZ,
    "lat" DOUBLE,
    "lon" DOUBLE
)
