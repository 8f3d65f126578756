-- Version 8: evidence holds checks, facts and settings (see flat_evidence.py) instead of one flat mapping.
UPDATE events SET evidence = evidence_of_flat(evidence, explanation)
