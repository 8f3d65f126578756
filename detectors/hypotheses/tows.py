"""Innocent reasons of vessels that steer at a crawl: cable layers, tows, who guards them, and pair
trawlers.
"""

from typing import Final

from detectors.core.hypothesis import All, Case, Compare, Hypothesis, Is, Own, Vessel
from detectors.hypotheses.at_work import BOATS_OF_A_GROUND, HELD_S, WORK_ROOM_M

TOWING_STATUS: Final = frozenset({11, 12})
"""Navigation status of power-driven vessels towing astern, pushing or towing alongside."""
KEEPS_STRAIGHT_ON: Final = All(
    Compare("duration_s", ">=", HELD_S), Compare("drift_kn", ">=", "median_speed_kn", times=0.9)
)
"""All but straight on over a change of the stream, which no vessel adrift goes in a tidal sea."""
STATION_M: Final = 50.0
"""Two adrift for hours, of different windage, don't keep their distance to that; two that steer do.
Positions err by 10 m on both sides."""
TOW_KN: Final = (2.5, 6.5)
"""Tugs of the Strait make 3 to 6 kn with a barge (judgement); ships slow down from 10 and more."""
TOWS_AT_MOST_KN: Final = 5.0
A_TOW_S: Final = 1800.0
"""Pair trawlers of the region tow at 4 to 4.2 kn for 2 to 4 h (SEAFDEC, Monograph of fishing gear,
5.2, Pair Trawls); half an hour of it may be all that is seen of them near one another."""

CREEPS_ON: Final = Hypothesis(
    "creeping on in company",
    0.6,
    (
        Case(
            All(Is("ais_class", "A"), KEEPS_STRAIGHT_ON, Compare("n_beside", ">=", 1.0)),
            "it made {drift_kn:.1f} kn good for {duration_s:h.1f} h, whatever the stream did, with "
            "a vessel that kept beside it: so cable and pipes are laid, and what is long is towed",
        ),
    ),
    "Straight on at a crawl for longer than the stream runs one way, with a guard beside it.",
    "no notice to mariners announces the work, or the two come alongside",
)
KEEPING_STATION: Final = Hypothesis(
    "keeping station on work",
    0.7,
    (
        Case(
            All(
                KEEPS_STRAIGHT_ON,
                Compare("slower_drift_kn", ">=", 0.3),
                Compare("distance_spread_m", "<=", STATION_M),
                Compare("min_distance_m", ">=", WORK_ROOM_M),
            ),
            "one kept {median_distance_m:.0f} m off the other, steady within "
            "{distance_spread_m:.0f} m and never nearer than {min_distance_m:.0f} m, while both "
            "made {slower_drift_kn:.1f} kn good for {duration_s:h.1f} h whatever the stream did: "
            "as a guard boat keeps with a vessel that lays cable, surveys or tows",
        ),
    ),
    "Both steer: straight on at a crawl for longer than the stream runs one way, at a steady "
    "distance and never near.",
    "no notice to mariners announces the work, or the two come alongside",
)
TOW_THAT_STOPPED: Final = Hypothesis(
    "tow that stopped",
    0.5,
    (
        Case(
            All(
                Is("ais_class", "A"),
                Compare("n_beside", ">=", 1.0),
                Compare("came_kn", ">=", TOW_KN[0]),
                Compare("came_kn", "<=", TOW_KN[1]),
                Compare("went_kn", ">=", TOW_KN[0]),
                Compare("went_kn", "<=", TOW_KN[1]),
                Compare("went_off_deg", "<=", 15.0),
            ),
            "it came at {came_kn:.1f} kn and went on at {went_kn:.1f} kn within "
            "{went_off_deg:.0f} degrees of its course, at the speed of tows, and another vessel "
            "kept beside it: a tow waits for a tide or mends its gear",
        ),
        Case(
            All(
                Own(Vessel(statuses=TOWING_STATUS)),
                Compare("n_beside", ">=", 1.0),
                Compare("went_kn", ">=", TOW_KN[0]),
                Compare("went_kn", "<=", TOW_KN[1]),
            ),
            "it reports towing, another vessel kept beside it, and it went on at {went_kn:.1f} kn, "
            "the speed of tows: a tow waits for a tide or mends its gear",
        ),
    ),
    "Stopped on its way with another beside it, before and after at the speed of tows.",
    "neither is a tug, or the two came apart",
)
PAIR_TRAWLING: Final = Hypothesis(
    "pair trawling",
    0.8,
    (
        Case(
            All(
                BOATS_OF_A_GROUND,
                Compare("slower_kn", ">=", 1.5),
                Compare("faster_kn", "<=", TOWS_AT_MOST_KN),
                Compare("speed_difference_kn", "<=", 1.0),
                Compare("duration_s", ">=", A_TOW_S),
            ),
            "both are, or may be, fishing vessels and moved together at {slower_kn:.1f} to "
            "{faster_kn:.1f} kn, {median_distance_m:.0f} m apart",
        ),
    ),
    "Two fishing vessels tow a net between them at trawling speed, for as long as a tow takes.",
    "they stop together, come alongside, or one lands no catch",
    needs_types=True,
)
