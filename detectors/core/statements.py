"""What rests on the word of a crew, and how little of a score that may take away."""

from typing import Final

import numpy as np

from detectors.core.arrays import Floats

STATED: Final = frozenset(
    {
        *("ship_type", "other_ship_type", "length_m", "other_length_m"),
        *("longest_m", "own_length_m", "smallest_tanker_m", "smallest_tug_m", "ship_class"),
        *("nav_status", "other_nav_status", "nav_status_fraction"),
        *("name", "callsign", "destination", "says_the_same", "same_said"),
        *("fishing_visitors_fraction", "small_craft", "both_small_craft"),
    }
)
"""Measures and facts that rest on what a crew typed in: type, size, status, name, destination."""
TELLS_NOTHING: Final = frozenset(
    {"duration_s", "zone_class", "is_open", "brief_meeting", "zones_reached", "ais_class", "story"}
)
"""What holds of any event of its kind, or of most, whatever a vessel did."""
STATED_BOUND: Final = 0.2
"""The share of a score that statements alone may take away, see decision 43: of 35 events of
planted vessels on three nights none would fall below 0.3 by it, by a bound of 0.5 22 would."""
MOST_SLENDER: Final = 20.0
"""Hulls at sea are 3 (barges) to 15 times (longtail boats) as long as they are wide."""


def hull_length_m(length_m: Floats, beam_m: Floats) -> Floats:
    """Return lengths in metres that somebody entered, NaN where nobody did, or more than
    `MOST_SLENDER` times the beam that he entered, or less than it: a digit too many makes no ship
    of a boat, nor one too few a boat of a ship.

    >>> hull_length_m(np.array([27.0, 310.0, 2.0, 0.0, 40.0]), np.array([8.0, 8.0, 7.0, 3.0, 0.0]))
    array([27., nan, nan, nan, 40.])
    """
    slender = (beam_m > 0) & (length_m > MOST_SLENDER * beam_m)
    return np.where((length_m > 0) & ~slender & ~(beam_m > length_m), length_m, np.nan)
