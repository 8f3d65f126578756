-- Version 9: where vessels lay still. Days are worked out anew, since coverage has a new version.
CREATE TABLE IF NOT EXISTS coverage_lying (
    "date" VARCHAR,
    "time" TIMESTAMPTZ,
    "lat_cell" INTEGER,
    "lon_cell" INTEGER,
    "vessels" INTEGER,
    "silences" INTEGER
)
