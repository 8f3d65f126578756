-- Version 6: what each receiver heard. Days whose files name no receivers have none.
CREATE TABLE IF NOT EXISTS coverage_receivers (
    "date" VARCHAR,
    "time" TIMESTAMPTZ,
    "lat_cell" SMALLINT,
    "lon_cell" SMALLINT,
    "ais_class" VARCHAR,
    "station" VARCHAR,
    "reports" INTEGER
)
