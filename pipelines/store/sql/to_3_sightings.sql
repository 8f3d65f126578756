-- Version 3: what others saw.
CREATE TABLE IF NOT EXISTS sightings (
    "sighting_id" VARCHAR,
    "time" TIMESTAMPTZ,
    "lat" DOUBLE,
    "lon" DOUBLE,
    "uncertainty_m" DOUBLE,
    "source" VARCHAR,
    "length_m" DOUBLE,
    "confidence" DOUBLE,
    "note" VARCHAR,
    "file_key" VARCHAR
)
