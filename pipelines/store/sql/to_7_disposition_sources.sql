-- Version 7: what the event of a conclusion rested on when it was made.
ALTER TABLE dispositions ADD COLUMN IF NOT EXISTS "sources" VARCHAR DEFAULT ''
