"""How two vessels came to one another and parted, as hypotheses ask it."""

from typing import Final

from detectors.core.hypothesis import All, Any, Compare, Is

COMPANY_M: Final = 1000.0
"""Nearer than this before they met or after they parted, they came or went in company."""

CAME_AND_WENT: Final = All(
    Compare("apart_before_m", ">", COMPANY_M), Compare("apart_after_m", ">", COMPANY_M)
)
"""They came to one another from away, and parted again."""
GROUND_M: Final = 3704.0
FROM_AFAR: Final = All(
    Is("brief_meeting"),
    Compare("apart_before_m", ">=", GROUND_M),
    Compare("apart_after_m", ">=", GROUND_M),
)
"""For some minutes, and so far apart half an hour before and half an hour after: they came for that
alone. Boats of one ground or village are no further from one another, see `Crossing.min_met_out_m`;
boats that come from afar to lie together stay for a night. Of 1,087 meetings on six nights of two
simulators with nothing planted 29 were so: 28 of ferries, pilots, launches and barges, which have
reasons of their own, and a yacht and a launch that passed (2.2 and 2.4 nm)."""
FROM_PORT: Final = {"came_from_port": True}
TO_PORT: Final = {"went_to_port": True}
"""Of a vessel that was in a port in the two hours before, or after."""
SLOWED: Final = {"slowed": True}
"""Of a vessel that took way off her to be alongside: see `encounter.dynamics.SLOWED`."""
IN_COMPANY: Final = Any(
    Compare("apart_before_m", "<=", COMPANY_M), Compare("apart_after_m", "<=", COMPANY_M)
)
"""They were near one another before or afterwards."""

BERTHED_KN: Final = 0.03
"""A metre a minute: less than a ship at anchor moves (0.05 to 0.1 kn), and no tow that lies to."""
MOORED_BOAT_KN: Final = 0.1
"""What moves slower for half of the time isn't adrift: see `held.FAST_KN`."""
PLANING_KN: Final = 15.0
"""Who comes at this or more planes: see `encounter.company.FAST_KN`."""
CAME_SLOWLY: Final = Compare("approach_kn", "<", PLANING_KN)
PARTED_FAST: Final = Compare("parting_kn", ">=", PLANING_KN)
AS_ONE: Final = Any(
    Compare("median_relative_speed_kn", "<=", 0.5),
    All(Compare("duration_s", ">=", 3600.0), Compare("max_distance_seen_m", "<=", 250.0)),
)
"""They moved as the water does, not against one another; errors of 10 m on both sides make 0.3 kn
of a step, and larger ones more: what moves at half a knot is half a mile off after an hour."""
CARRIED: Final = Compare("faster_kn", "<=", "max_drift_kn")
"""No faster than the stream runs. What the stream is, the two say together: an absolute speed that
stands for "still" would be of slack water alone."""
