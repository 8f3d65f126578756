"""Encounter: two vessels close together and slow for a while, away from port."""

from detectors.encounter.detector import Encounter

__all__ = ["Encounter"]
