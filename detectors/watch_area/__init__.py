"""Watch areas: meetings and silences in areas of users' own."""

from detectors.watch_area.detector import WatchArea

__all__ = ["WatchArea"]
