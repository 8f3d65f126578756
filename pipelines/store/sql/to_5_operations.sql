-- Version 5: periods and areas of operations.
CREATE TABLE IF NOT EXISTS operations (
    "name" VARCHAR,
    "start" TIMESTAMPTZ,
    "end" TIMESTAMPTZ,
    "area" VARCHAR,
    "outline" VARCHAR,
    "note" VARCHAR,
    "author" VARCHAR,
    "made_time" TIMESTAMPTZ
)
