"""Loitering: one vessel slow for long in open water."""

from detectors.loitering.detector import Loitering

__all__ = ["Loitering"]
