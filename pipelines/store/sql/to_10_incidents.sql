-- Version 10: an incident says what its score is made of, and where its vessel was heard last; those
-- of older runs say neither.
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS made_of VARCHAR DEFAULT '';
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS last_seen TIMESTAMPTZ;
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS last_lat DOUBLE;
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS last_lon DOUBLE;
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS last_sog_kn DOUBLE;
ALTER TABLE incidents ADD COLUMN IF NOT EXISTS last_cog_deg DOUBLE
