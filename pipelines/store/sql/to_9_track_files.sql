-- Version 9: judged reports, a file for each date.
CREATE TABLE IF NOT EXISTS track_files (
    "date" VARCHAR,
    "path" VARCHAR,
    "rows" BIGINT,
    "bytes" BIGINT,
    "sha256" VARCHAR
)
