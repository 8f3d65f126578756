"""Crossing: a small craft at speed, at night, from one state's coast towards another's."""

from detectors.crossing.detector import Crossing

__all__ = ["Crossing"]
