"""Mother ship: a vessel that waits, and small craft that come to it one after another.

A rule is a module: `visited` and `waiting`.
"""

from detectors.mother_ship.detector import MotherShip

__all__ = ["MotherShip"]
