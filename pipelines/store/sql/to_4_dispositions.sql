-- Version 4: what was concluded of events. Some stores of version 3 have the table.
CREATE TABLE IF NOT EXISTS dispositions (
    "disposition_id" VARCHAR,
    "made_time" TIMESTAMPTZ,
    "author" VARCHAR,
    "event_id" VARCHAR,
    "kind" VARCHAR,
    "mmsi" BIGINT,
    "other_mmsi" BIGINT,
    "start" TIMESTAMPTZ,
    "end" TIMESTAMPTZ,
    "lat" DOUBLE,
    "lon" DOUBLE,
    "conclusion" VARCHAR,
    "reason" VARCHAR,
    "quiet_until" TIMESTAMPTZ,
    "quiet_within_m" DOUBLE
)
