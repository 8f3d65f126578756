-- Version 9: verdicts look both ways. What was worked out of the dates is worked out again by the
-- next run; nothing that was found or concluded is touched.
DELETE FROM days;
DELETE FROM track_days;
DELETE FROM coverage_cells;
DELETE FROM coverage_feed;
DELETE FROM coverage_receivers;
DROP TABLE track_state
