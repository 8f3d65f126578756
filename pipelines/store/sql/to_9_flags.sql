-- Version 9: a flagged vessel names its incident; those of older runs name none.
ALTER TABLE flags ADD COLUMN IF NOT EXISTS incident_id VARCHAR DEFAULT ''
