"""Outlier: a vessel that moves as vessels of its class don't, there."""

from detectors.outlier.detector import Outlier

__all__ = ["Outlier"]
