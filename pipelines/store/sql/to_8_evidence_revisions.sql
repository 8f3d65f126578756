-- Version 8: the same of what each run learned.
UPDATE event_revisions SET evidence = evidence_of_flat(evidence, explanation)
