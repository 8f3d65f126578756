"""Innocent reasons of vessels that steer at a crawl: cable layers, tows, and who guards them."""

from typing import Final

from detectors.core.hypothesis import (
    TENDER,
    TOWING,
    TUG,
    All,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Own,
    Some,
    Vessel,
)
from detectors.hypotheses.at_work import HELD_S, KEEPS_ITS_WAY, NO_MERCHANT
from detectors.hypotheses.work_together import WORK_ROOM_M

TUG_M: Final = 80.0
"""Tugs and anchor handlers are no longer (judgement)."""
A_TUG: Final = All(Some(Vessel(types=TUG | TOWING | TENDER)), Not(Compare("longest_m", ">", TUG_M)))
TOWING_STATUS: Final = frozenset({11, 12})
"""Navigation status of power-driven vessels towing astern, pushing or towing alongside."""
STRAIGHT_ON: Final = Compare("drift_kn", ">=", "median_speed_kn", times=0.9)
"""All but straight on: so much of its speed is made good."""
KEEPS_STRAIGHT_ON: Final = All(Compare("duration_s", ">=", HELD_S), STRAIGHT_ON)
"""Straight on over a change of the stream, which no vessel adrift goes in a tidal sea."""
CREEPS_KN: Final = 1.0
"""The mean stream of the Strait, to the north-west, carries off less over tides (judgement)."""
KEPT_S: Final = 14_400.0
"""Four hours: a difference in leeway of 0.05 kn takes two adrift a fifth of a mile apart."""
STATION_M: Final = 50.0
"""Two adrift for hours, of different windage, don't keep their distance to that; two that steer do.
Positions err by 10 m on both sides."""
NEAREST_M: Final = 150.0
"""In half a day one fix errs by more: see `encounter.CLEAR_M`."""
TOW_KN: Final = (2.5, 6.5)
"""Tugs of the Strait make 3 to 6 kn with a barge (judgement); ships slow down from 10 and more."""
LEFT_FASTER: Final = Compare("went_kn", ">", TOW_KN[1])
"""No tow: the accomplice that has to say it is a tug costs who waits for it nothing."""
CAME_AS_A_TOW: Final = All(Compare("came_kn", ">=", TOW_KN[0]), Compare("came_kn", "<=", TOW_KN[1]))

CREEPS_ON: Final = Hypothesis(
    "creeping on in company",
    0.6,
    "Straight on at a crawl for longer than the stream runs one way, with a guard beside it.",
    "no notice to mariners announces the work, or the two come alongside",
    Case(
        "it made {drift_kn:.1f} kn good for {duration_s:h.1f} h, whatever the stream did, with "
        "a vessel that kept beside it: so cable and pipes are laid, and what is long is towed",
        Is("ais_class", "A"),
        KEEPS_STRAIGHT_ON,
        Compare("n_beside", ">=", 1.0),
    ),
)
WHERE_IT_POINTS: Final = 0.8
"""Of its legs (judgement): what is adrift lies across the wind, whatever it is carried over."""
STEERS_AT_A_CRAWL: Final = Hypothesis(
    "steering at a crawl",
    0.6,
    "No merchant ship, straight on where its bow points for longer than the stream runs one way.",
    "no notice to mariners announces work, or a boat comes alongside",
    Case(
        "it made {drift_kn:.1f} kn good for {duration_s:h.1f} h, straight on and for "
        "{on_heading_fraction:.0%} of the way where its bow pointed: so cable is laid, and who "
        "does that is guarded; what is adrift lies across its way",
        NO_MERCHANT,
        KEEPS_ITS_WAY,
        Compare("on_heading_fraction", ">=", WHERE_IT_POINTS),
    ),
)
"""Straight on isn't enough: a squid jigger adrift in the South Atlantic was carried for 6.7, 9.3
and 10.3 h at 1.5 to 2.0 kn, straight to 5 to 14 degrees and steady as an engine. Merchant ships
aren't excused: most can't go on so slowly without stopping, and have no work there (judgement)."""
STEMS_THE_STREAM: Final = Hypothesis(
    "tow against the stream",
    0.6,
    "A tug that got straight on for longer than the stream runs one way: what is adrift comes "
    "back, and a barge on a long line seldom carries AIS.",
    "no barge is seen astern of it, or it waits for somebody",
    Case(
        "it is a tug that made {drift_kn:.1f} kn good for {duration_s:h.1f} h, whatever the "
        "stream did: with a barge on the line it gets no further against it",
        A_TUG,
        KEEPS_STRAIGHT_ON,
        Compare("drift_kn", ">=", CREEPS_KN),
        Not(LEFT_FASTER),
    ),
    needs_types=True,
)
KEEPING_STATION: Final = Hypothesis(
    "keeping station on work",
    0.7,
    "Both steer: straight on at a crawl for four hours or more, at a distance that no two adrift "
    "keep, and never near.",
    "no notice to mariners announces the work, or the two come alongside",
    Case(
        "one kept {median_distance_m:.0f} m off the other, steady within "
        "{distance_spread_m:.0f} m and never nearer than {min_distance_m:.0f} m, while both "
        "made {slower_drift_kn:.1f} kn straight on for {duration_s:h.1f} h: as a guard boat "
        "keeps with a vessel that lays cable, surveys or tows",
        Compare("duration_s", ">=", KEPT_S),
        STRAIGHT_ON,
        Compare("slower_drift_kn", ">=", 0.3),
        Compare("distance_spread_m", "<=", STATION_M),
        Compare("median_distance_m", ">=", WORK_ROOM_M),
        Compare("min_distance_m", ">=", NEAREST_M),
    ),
)
TOW_THAT_STOPPED: Final = Hypothesis(
    "tow that stopped",
    0.5,
    "Stopped on its way with another beside it, before and after at the speed of tows, or no "
    "faster afterwards.",
    "neither is a tug, or the two came apart",
    Case(
        "it came at {came_kn:.1f} kn and went on at {went_kn:.1f} kn within "
        "{went_off_deg:.0f} degrees of its course, at the speed of tows, and another vessel "
        "kept beside it: a tow waits for a tide or mends its gear",
        Is("ais_class", "A"),
        Compare("n_beside", ">=", 1.0),
        CAME_AS_A_TOW,
        Compare("went_kn", ">=", TOW_KN[0]),
        Compare("went_kn", "<=", TOW_KN[1]),
        Compare("went_off_deg", "<=", 15.0),
    ),
    Case(
        "it reports towing, another vessel kept beside it, and it went on at {went_kn:.1f} kn, "
        "the speed of tows: a tow waits for a tide or mends its gear",
        Own(Vessel(statuses=TOWING_STATUS)),
        Compare("n_beside", ">=", 1.0),
        Compare("went_kn", ">=", TOW_KN[0]),
        Compare("went_kn", "<=", TOW_KN[1]),
    ),
    Case(
        "it reports towing, came at {came_kn:.1f} kn, the speed of tows, another vessel kept "
        "beside it, and soon afterwards it made way within {resumed_off_deg:.0f} degrees of "
        "its course again: a tow waits for a tide or mends its gear",
        Own(Vessel(statuses=TOWING_STATUS)),
        Compare("n_beside", ">=", 1.0),
        CAME_AS_A_TOW,
        Compare("resumed_off_deg", "<=", 15.0),
    ),
    Case(
        "it came at {came_kn:.1f} kn, the speed of tows, and left no faster, and another "
        "vessel kept beside it: a tow waits for a tide or mends its gear",
        Is("ais_class", "A"),
        Compare("n_beside", ">=", 1.0),
        CAME_AS_A_TOW,
        Not(LEFT_FASTER),
    ),
)
