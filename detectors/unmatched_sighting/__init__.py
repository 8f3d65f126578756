"""Unmatched sighting: something was seen that no AIS track explains."""

from detectors.unmatched_sighting.detector import UnmatchedSighting

__all__ = ["UnmatchedSighting"]
