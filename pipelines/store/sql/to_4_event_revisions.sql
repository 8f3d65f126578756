-- Version 4: what every run learned of an event.
CREATE TABLE IF NOT EXISTS event_revisions (
    "run_id" VARCHAR,
    "event_id" VARCHAR,
    "kind" VARCHAR,
    "subkind" VARCHAR,
    "detector" VARCHAR,
    "version" VARCHAR,
    "mmsi" BIGINT,
    "other_mmsi" BIGINT,
    "zone_id" VARCHAR,
    "track_ids" VARCHAR,
    "group_id" VARCHAR,
    "start" TIMESTAMPTZ,
    "end" TIMESTAMPTZ,
    "lat" DOUBLE,
    "lon" DOUBLE,
    "score" DOUBLE,
    "explanation" VARCHAR,
    "evidence" VARCHAR,
    "status" VARCHAR,
    "supersedes" VARCHAR,
    "reason" VARCHAR
)
