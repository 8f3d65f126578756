"""Detection over a window: days worked out, detectors run, events compared with the store."""
