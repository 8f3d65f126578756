-- Version 11: what an incident's score is made of is JSON (see written_parts.py) instead of a text.
UPDATE incidents SET made_of = parts_of_text(coalesce(made_of, ''))
