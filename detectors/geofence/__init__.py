"""Geofence: zones entered and left, boundaries crossed, conduct in lanes and off a coast.

A rule is a module: `visit` (enter, exit, dwell), `line` (cross_line), `lane` (stop, against_lane,
approach).
"""

from detectors.geofence.detector import Geofence

__all__ = ["Geofence"]
