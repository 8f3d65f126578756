-- Version 3: files of what others saw.
CREATE TABLE IF NOT EXISTS sighting_files (
    "file_key" VARCHAR,
    "sha256" VARCHAR,
    "name" VARCHAR,
    "first_time" TIMESTAMPTZ,
    "last_time" TIMESTAMPTZ,
    "report" VARCHAR
)
