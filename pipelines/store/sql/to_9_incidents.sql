-- Version 9: what happened, as one, by the run that told it.
CREATE TABLE IF NOT EXISTS incidents (
    "run_id" VARCHAR,
    "incident_id" VARCHAR,
    "rank" BIGINT,
    "title" VARCHAR,
    "score" DOUBLE,
    "certainty" VARCHAR,
    "start" TIMESTAMPTZ,
    "end" TIMESTAMPTZ,
    "lat" DOUBLE,
    "lon" DOUBLE,
    "status" VARCHAR,
    "news" VARCHAR,
    "merged_into" VARCHAR,
    "mmsi" BIGINT,
    "vessels" VARCHAR,
    "events" VARCHAR,
    "next_step" VARCHAR
)
