-- Version 7: feeds to which reports came at a second reading.
CREATE TABLE IF NOT EXISTS late_reports (
    "feed_key" VARCHAR,
    "first_time" TIMESTAMPTZ
)
