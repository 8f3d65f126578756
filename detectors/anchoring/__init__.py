"""Anchoring: a ship held to the ground where the rule of the waters doesn't let it lie."""

from detectors.anchoring.detector import Anchoring

__all__ = ["Anchoring"]
