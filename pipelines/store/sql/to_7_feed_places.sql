-- Version 7: where the feeds' files were found last. Of feeds read before, only their names are known.
CREATE TABLE IF NOT EXISTS feed_places (
    "feed_key" VARCHAR,
    "uri" VARCHAR
)
