"""Innocent reasons for two vessels to be together."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    MOORED,
    OFFICIAL,
    All,
    Any,
    Case,
    Compare,
    Each,
    Hypothesis,
    Is,
    Not,
    Some,
    Vessel,
)
from detectors.hypotheses.at_work import HELD_S
from detectors.hypotheses.common import (
    AT_A_BERTH,
    ENGINE_TROUBLE,
    OFFICIAL_CRAFT,
    SEARCH_AND_RESCUE,
)
from detectors.hypotheses.company import (
    BERTHED_KN,
    CAME_SLOWLY,
    COMPANY_M,
    FROM_PORT,
    IN_COMPANY,
    MOORED_BOAT_KN,
    PARTED_FAST,
)
from detectors.hypotheses.held import SWING_M as LYING_CIRCLE_M
from detectors.hypotheses.pilots import (
    BOARDING_KN,
    LAUNCH_SERVICE,
    PILOT_GROUND,
    PILOT_STANDING_BY,
    PILOT_TRANSFER,
)
from detectors.hypotheses.rafts import ALONGSIDE_M, NEAR_FOR_HOURS, RAFT
from detectors.hypotheses.services import (
    BOAT_IN_A_TRANSFER_AREA,
    BUNKERING,
    BUNKERING_OFF_LIMITS,
    FERRY_PASSING,
    HARBOUR_CRAFT,
    SERVED_AT_ANCHOR,
    SHIPS_IN_A_TRANSFER_AREA,
    TANKERS_IN_A_TRANSFER_AREA,
    TOW_LYING_TO,
    TUG_AND_TOW,
    TUG_TO_A_CASUALTY,
)
from detectors.hypotheses.tows import KEEPING_STATION
from detectors.hypotheses.work_together import (
    AT_WORK_ON_ONE_GROUND,
    COMES_AGAIN,
    FISHING_IN_COMPANY,
    IN_ATTENDANCE,
    PAIR_TRAWLING,
    SMALL_CRAFT_TOGETHER,
    WITHIN_SIGHT,
    WORKING_TOGETHER,
)

CLEAR_M: Final = 150.0
"""Ships at anchor lie at least so far apart that they can swing."""
SWING_M: Final = 30.0
"""The distance of two vessels made fast to one another stays within half as much for half of the
time, even with position errors of 10 m on both sides."""

UNMOVED_KN: Final = 0.002
UNTURNED_DEG: Final = 15.0
"""A cable's length in two days, and what errors of 10 m make of the bearing of what lies 80 m off.
Of ten pairs that lay made fast to one another at one ship's anchor for nine hours and more all made
0.004 kn good and turned by 26 degrees or more."""
SELDOM_S: Final = 900.0
BOTH_SELDOM: Final = All(
    Compare("duration_s", ">=", "n_reports", times=SELDOM_S),
    Compare("duration_s", ">=", "other_n_reports", times=SELDOM_S),
)
BERTHED_SELDOM_KN: Final = 0.01
"""Between reports far apart a ship at anchor makes good less than she moves. Of 116 pairs at berths
of a thinned Baltic feed, both heard a quarter of an hour apart or more, the faster made less."""

AT_REST_KN: Final = 0.2
"""Errors of 10 m make as much of a step of two minutes."""

OWN_MOORING_M: Final = 100.0
"""Antennas of two that lie alongside are no further apart, but for ships that are longer."""

OFTEN_S: Final = 300.0
"""Twice the interval of class A at anchor, with losses: what comes alongside and goes again takes
longer (a boarding `min_boarding_s`, and its way)."""
ENDS: Final = 2.0
"""The last report before and the first one after a meeting are counted, and tell nothing of it."""
BOTH_HEARD_OFTEN: Final = All(
    Compare("duration_s", "<=", "n_reports", times=OFTEN_S),
    Compare("duration_s", "<=", "other_n_reports", times=OFTEN_S),
    Compare("n_reports", ">", ENDS),
    Compare("other_n_reports", ">", ENDS),
)
SWUNG_M: Final = 100.0
"""More than errors of 10 m make of what doesn't swing, even in hours."""

NEVER_NEAR: Final = Compare("min_distance_m", ">=", 100.0)
NOT_MADE_FAST: Final = Any(
    All(Compare("median_distance_m", ">=", CLEAR_M), NEVER_NEAR),
    Compare("distance_swing_m", ">=", SWING_M),
)
NOT_MADE_FAST_FOR_LONG: Final = Any(
    Compare("distance_swing_m", ">=", SWING_M), Compare("duration_s", "<", 3600.0)
)
"""Ships adrift side by side for an hour, their distance the same to a few metres, are made fast to
one another, whatever lengths they state: the antennas of two are as far apart as both are long."""
A_BOAT_CAME: Final = All(
    Is("small_craft"),
    Not(Is("both_small_craft")),
    Compare("apart_before_m", ">=", COMPANY_M),
    Compare("median_relative_speed_kn", "<", "max_station_kn"),
)

HARDLY_ALONGSIDE: Final = All(
    Compare("duration_s", ">=", "min_brief_s"),
    Compare("duration_s", "<", "min_brief_s", times=2.0),
    Compare("median_distance_m", ">=", CLEAR_M),
    Not(Compare("median_distance_m", "<=", "longest_m")),
    Compare("distance_spread_m", ">=", CLEAR_M),
)
"""Further apart than two that lie alongside for half of less than twice what handing over takes:
alongside for less than that. Of one of unknown length its distance tells, which changed."""

CONTROL: Final = Any(Compare("duration_s", "<=", 3600.0), Compare("slower_kn", ">=", BOARDING_KN))
"""Looking at papers takes less than an hour, and who brings a ship in goes with her; a type that
was typed in and a port behind it cost who lies alongside for hours nothing."""
OFFICIAL_OUT_OF_A_PORT: Final = replace(
    OFFICIAL_CRAFT,
    weight=0.65,
    cases=(
        Case(
            "a military, rescue, law enforcement or medical vessel, which came out of a port, "
            "takes part",
            Some(Vessel(types=OFFICIAL, facts=FROM_PORT)),
            CONTROL,
        ),
        *OFFICIAL_CRAFT.cases,
    ),
    looks_for="A military, police, rescue or medical vessel that came out of a port, for an hour "
    "at most, or under way.",
)
ANCHORED_NEIGHBOURS: Final = Hypothesis(
    "anchored neighbours",
    0.85,
    "Both at anchor, clear of one another, at a steady distance.",
    "they come alongside, or a boat goes between them",
    Case(
        "both report being at anchor and never came closer than {min_distance_m:.0f} m",
        Each(Vessel(statuses=frozenset({AT_ANCHOR}))),
        NEVER_NEAR,
        Compare("distance_spread_m", "<=", 200.0),
    ),
)
LYING_AS_NEIGHBOURS: Final = Hypothesis(
    "lying as neighbours",
    0.65,
    "One at anchor, both still, clear of one another, and nobody came to the other; or both swung "
    "in an anchorage over a change of the stream, and didn't turn about one another.",
    "they come alongside, or a boat goes between them",
    Case(
        "at least one reports being at anchor or moored, they lay near one another before or "
        "after too, {median_distance_m:.0f} m apart, and half of the time their distance "
        "changed by {distance_swing_m:.0f} m or more: they weren't made fast",
        Some(Vessel(statuses=frozenset({AT_ANCHOR, MOORED}))),
        NOT_MADE_FAST,
        IN_COMPANY,
        Compare("slower_drift_kn", "<=", 0.3),
    ),
    Case(
        "they lay inside an anchorage for {duration_s:h.1f} h, {median_distance_m:.0f} m "
        "apart, neither came to the other, and half of the time their distance changed by "
        "{distance_swing_m:.0f} m or more: they weren't made fast",
        Is("in_anchorage"),
        NOT_MADE_FAST,
        Compare("duration_s", ">=", HELD_S),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Not(Compare("apart_before_m", ">", COMPANY_M)),
    ),
    Case(
        "they swung {swung_m:.0f} m inside an anchorage in {duration_s:h.1f} h, and all the "
        "while one bore from the other within {direction_spread_deg:.0f} degrees: made fast to "
        "one another they would have turned together, so each lay to an anchor of its own",
        Is("in_anchorage"),
        Compare("duration_s", ">=", HELD_S),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Compare("swung_m", ">=", SWUNG_M),
        Compare("swung_m", "<=", LYING_CIRCLE_M),
        Compare("swing_radius_m", ">=", LYING_CIRCLE_M / 2),
    ),
)
BERTHED: Final = Hypothesis(
    "berthed near one another",
    0.7,
    "Both as still as only what is made fast to land, boats on moorings, or where many lie, and "
    "neither seen to come to the other, unless neither swung over a change of the stream; or both "
    "held to the ground, too far apart to be alongside.",
    "a chart or an image shows open water there",
    Case(
        "neither moved at all for {duration_s:h.1f} h, as at a berth or a quay that no zone "
        "shows: at anchor they would swing",
        Compare("faster_kn", "<=", BERTHED_KN),
        Any(Not(BOTH_SELDOM), Compare("faster_kn", "<=", BERTHED_SELDOM_KN)),
        Not(Compare("apart_before_m", ">", COMPANY_M)),
    ),
    Case(
        "over a change of the stream, in {duration_s:h.1f} h, neither moved, and one bore from "
        "the other within {direction_spread_deg:.0f} degrees, as at berths: alongside a ship "
        "at anchor both would have swung",
        Compare("duration_s", ">=", HELD_S),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Compare("faster_drift_kn", "<=", UNMOVED_KN),
        Compare("direction_spread_deg", "<=", UNTURNED_DEG),
        Not(BOTH_SELDOM),
    ),
    Case(
        "two boats that bore from one another within {direction_spread_deg:.0f} degrees over a "
        "change of the stream, in {duration_s:h.1f} h, and never nearer than "
        "{min_distance_m:.0f} m: on moorings, whether a zone shows them or not",
        Is("both_small_craft"),
        Compare("duration_s", ">=", HELD_S),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Compare("direction_spread_deg", "<=", UNTURNED_DEG),
        Compare("min_distance_m", ">=", ALONGSIDE_M),
    ),
    Case(
        "they lay still for {duration_s:h.1f} h where {n_lain:.0f} vessels lay at once: a "
        "harbour or an anchorage, whether a zone says so or not, and neither came to the other",
        Compare("n_lain", ">=", "min_lying"),
        Compare("faster_kn", "<=", AT_REST_KN),
        Not(Compare("apart_before_m", ">", COMPANY_M)),
    ),
    Case(
        "one didn't move at all, as at a berth, neither came to the other, and they were never "
        "nearer than {min_distance_m:.0f} m: one of them left its berth",
        NEVER_NEAR,
        Compare("slower_kn", "<=", BERTHED_KN),
        Compare("came_kn", "<=", AT_REST_KN),
        Compare("other_came_kn", "<=", AT_REST_KN),
    ),
    Case(
        "two boats that hardly moved for {duration_s:h.1f} h, {median_distance_m:.0f} m apart, "
        "as on moorings that no zone shows: adrift they would be carried along",
        Is("both_small_craft"),
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Not(Compare("apart_before_m", ">", COMPANY_M)),
    ),
    Case(
        "both hardly moved for {duration_s:h.1f} h, {median_distance_m:.0f} m apart: each on "
        "an anchor or a mooring of its own",
        Compare("faster_kn", "<=", MOORED_BOAT_KN),
        Any(
            All(
                Compare("median_distance_m", ">", "longest_m"),
                Compare("median_distance_m", ">=", OWN_MOORING_M),
            ),
            All(Is("small_craft"), Compare("median_distance_m", ">=", CLEAR_M), NEVER_NEAR),
        ),
    ),
)
SAILING_IN_COMPANY: Final = Hypothesis(
    "convoy or overtaking",
    0.6,
    "Both make way, clear of one another, for a short time.",
    "they come closer than 100 m, stop, or meet again",
    Case(
        "both made way at {slower_drift_kn:.1f} kn or more, never closer than "
        "{min_distance_m:.0f} m, for {duration_s:min.0f} min",
        Not(A_BOAT_CAME),
        Compare("slower_drift_kn", ">=", 2.0),
        NEVER_NEAR,
        Compare("duration_s", "<=", 3600.0),
    ),
)

KEPT_APART: Final = Hypothesis(
    "kept apart",
    0.6,
    "Both heard every few minutes, and never near enough to one another to be alongside, or not "
    "for long enough.",
    "a third boat goes between them, or an image shows a line across",
    Case(
        "they were never nearer than {min_distance_m:.0f} m, both heard every few minutes: "
        "what is handed over is handed over alongside",
        Compare("min_distance_m", ">=", CLEAR_M),
        Any(
            Is("both_small_craft"),
            All(Compare("min_distance_m", ">", "longest_m"), NOT_MADE_FAST_FOR_LONG),
        ),
        BOTH_HEARD_OFTEN,
    ),
    Case(
        "for half of {duration_s:min.0f} min they were {median_distance_m:.0f} m apart or "
        "more, both heard every few minutes: too short a time alongside to hand over anything",
        HARDLY_ALONGSIDE,
        BOTH_HEARD_OFTEN,
        CAME_SLOWLY,
        Not(PARTED_FAST),
    ),
)
CALL_IN_AN_ANCHORAGE: Final = Hypothesis(
    "call in an anchorage",
    0.35,
    "A short call inside an anchorage, by whom isn't known.",
    "no agent ordered it, or it came from the other coast",
    Case(
        "one called at the other for {duration_s:min.0f} min inside an anchorage, where ships "
        "are served",
        Is("in_anchorage"),
        Compare("duration_s", "<=", 3600.0),
    ),
)

HYPOTHESES: Final = (
    PILOT_TRANSFER,
    ANCHORED_NEIGHBOURS,
    TUG_AND_TOW,
    PAIR_TRAWLING,
    OFFICIAL_OUT_OF_A_PORT,
    SEARCH_AND_RESCUE,
    BUNKERING,
    WORKING_TOGETHER,
    TANKERS_IN_A_TRANSFER_AREA,
    PILOT_STANDING_BY,
    TOW_LYING_TO,
    FERRY_PASSING,
    FISHING_IN_COMPANY,
    BERTHED,
    RAFT,
    TUG_TO_A_CASUALTY,
    HARBOUR_CRAFT,
    KEEPING_STATION,
    LYING_AS_NEIGHBOURS,
    IN_ATTENDANCE,
    WITHIN_SIGHT,
    AT_WORK_ON_ONE_GROUND,
    NEAR_FOR_HOURS,
    SAILING_IN_COMPANY,
    PILOT_GROUND,
    LAUNCH_SERVICE,
    KEPT_APART,
    COMES_AGAIN,
    SHIPS_IN_A_TRANSFER_AREA,
    SERVED_AT_ANCHOR,
    SMALL_CRAFT_TOGETHER,
    AT_A_BERTH,
    ENGINE_TROUBLE,
    BUNKERING_OFF_LIMITS,
    CALL_IN_AN_ANCHORAGE,
    BOAT_IN_A_TRANSFER_AREA,
)
"""The heaviest first; of equal ones the first listed wins: what lies still was not adrift."""
