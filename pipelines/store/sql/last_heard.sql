-- The newest position report in the store at or before a time.
SELECT max(least(last_time, $end)) AS time FROM presence WHERE first_time <= $end
