"""Spoofing: reported positions that the vessel can't have had.

A rule is a module (`jump`, `copy`, `circle`, `on_land`, `frozen`, `replay`, `scatter`, and `away`
for what leads to another track); each yields a `story.Story`, and `merge` makes one of those that
are of the same false track.
"""

from detectors.spoofing.detector import Spoofing

__all__ = ["Spoofing"]
