"""Innocent reasons of vessels at work, and of boats, to be together."""

from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    FISHING,
    MOORED,
    PLEASURE,
    RESTRICTED,
    TANKER,
    TOWING,
    TUG,
    UNSTATED,
    WORKING,
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
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.at_work import NO_MERCHANT, SAYS_NO_MERCHANT
from detectors.hypotheses.company import (
    CAME_AND_WENT,
    CAME_SLOWLY,
    COMPANY_M,
    FROM_AFAR,
    PARTED_FAST,
    PLANING_KN,
)

WORK_ROOM_M: Final = 200.0
PASSING_M: Final = 150.0
"""Never nearer than this, and not still beside one another, whatever their lengths."""
ALONGSIDE_M: Final = 50.0
"""Boats at work keep room for gear and cable between them, and may pass nearer, not alongside."""
BOATS_APART_M: Final = 40.0
"""The same of boats: antennas of two that lie alongside are 20 m apart, and both err by 10 m. Two
that are `WORK_ROOM_M` apart for half of the time may pass nearer; see `WITHIN_SIGHT`."""
TRAWL_KN: Final = (1.5, 6.0)
"""See `Loitering.min_working_kn`: 2 to 4.5 kn, and what a stream adds or takes."""
PAIR_M: Final = 100.0
"""Two that tow one net keep its mouth open between them: 14 rafts on simulated nights that a stream
of 1.5 kn carried were 7 to 28 m apart, as two are that change people."""
RESTRICTED_IN_IT: Final = Some(Vessel(statuses=frozenset({RESTRICTED})))
A_TOW_S: Final = 1800.0
"""Pair trawlers of the region tow at 4 to 4.2 kn for 2 to 4 h (SEAFDEC, Monograph of fishing gear,
5.2, Pair Trawls); half an hour of it may be all that is seen of them near one another."""
OFTEN_S: Final = 360.0
"""Twice the interval of a class B set below 2 kn (ITU-R M.1371-5, annex 1, table 2)."""
BOATS_OF_A_GROUND: Final = All(
    Some(Vessel(types=FISHING)),
    Any(
        Each(Vessel(types=FISHING)),
        All(Is("both_small_craft"), Each(Vessel(types=FISHING | UNSTATED | PLEASURE))),
    ),
)
"""One says it fishes; the other says so too, or is a small craft that says nothing else."""

WORKING_TOGETHER: Final = Hypothesis(
    "working together",
    0.8,
    "A vessel at work at sea, and one that guards or serves it at a steady distance, with room "
    "between them if it came and went; of one merely restricted in its ability to manoeuvre, as in "
    "a transfer, both say what they are.",
    "no notice to mariners announces the work, or the other takes something over",
    Case(
        "one of the two works at sea (by its type, or restricted in its ability to manoeuvre), "
        "and the other kept {median_distance_m:.0f} m off, steady within "
        "{distance_spread_m:.0f} m for {duration_s:h.1f} h, as guard and supply boats do",
        Any(Some(Vessel(types=WORKING)), All(RESTRICTED_IN_IT, SAYS_NO_MERCHANT)),
        NO_MERCHANT,
        Compare("distance_spread_m", "<=", 150.0),
        Compare("duration_s", ">=", 3600.0),
        Any(Compare("min_distance_m", ">=", WORK_ROOM_M), Not(CAME_AND_WENT)),
    ),
)
ATTENDS_S: Final = 7200.0
"""Who boards a ship, or takes something over, comes for that and hasn't sailed in her sight for two
hours with her (judgement)."""
IN_ATTENDANCE: Final = Hypothesis(
    "in attendance",
    0.6,
    "A vessel at work at sea, and one that sailed within two miles of it for two hours before it "
    "came alongside, and came and parted slowly; not where both go as the stream may carry them.",
    "no notice to mariners announces the work, or her master knows nothing of the other",
    Case(
        "one of the two works at sea (by its type, or restricted in its ability to manoeuvre), "
        "and the other had sailed within 2 nm of it for {near_before_s:h.1f} h before, as chase "
        "boats and tenders do that call alongside for minutes",
        Any(Some(Vessel(types=WORKING)), All(RESTRICTED_IN_IT, SAYS_NO_MERCHANT)),
        NO_MERCHANT,
        Compare("near_before_s", ">=", ATTENDS_S),
        Compare("slower_drift_kn", ">=", 1.0),
        # Two that wait for one another drift in sight for hours, too.
        Compare("faster_kn", ">", "max_drift_kn"),
        Compare("approach_kn", "<", PLANING_KN),
        Not(PARTED_FAST),
    ),
)
COMES_AGAIN: Final = Hypothesis(
    "barge of a vessel at work",
    0.6,
    "A vessel at work at sea by its type, and a ship or a tug, no tanker, that had come alongside "
    "it and gone within the hours before, and comes again; slowly each way.",
    "no notice to mariners announces the work, or what it loads is no spoil",
    Case(
        "one of the two works at sea, and the other, which had been alongside and gone in the "
        "hours before ({n_calls_before:.0f}), came again, as hopper barges come to a dredger",
        Some(Vessel(types=WORKING)),
        Not(Some(Vessel(types=TANKER))),
        Any(Not(Is("small_craft")), Some(Vessel(types=TUG | TOWING))),
        Compare("n_calls_before", ">=", 1.0),
        Compare("apart_before_m", ">", COMPANY_M),
        CAME_SLOWLY,
        Not(PARTED_FAST),
    ),
    needs_types=True,
)
PAIR_TRAWLING: Final = Hypothesis(
    "pair trawling",
    0.8,
    "Two fishing vessels tow a net between them at trawling speed, as far apart as it is wide, for "
    "as long as a tow takes.",
    "they stop together, come alongside, or one lands no catch",
    Case(
        "both are, or may be, fishing vessels and moved together at {slower_kn:.1f} to "
        "{faster_kn:.1f} kn, {median_distance_m:.0f} m apart",
        BOATS_OF_A_GROUND,
        Compare("slower_kn", ">=", TRAWL_KN[0]),
        Compare("faster_kn", "<=", TRAWL_KN[1]),
        Compare("speed_difference_kn", "<=", 1.0),
        Compare("median_distance_m", ">=", PAIR_M),
        Compare("duration_s", ">=", A_TOW_S),
    ),
    needs_types=True,
)
FISHING_IN_COMPANY: Final = Hypothesis(
    "fishing in company",
    0.75,
    "Fishing vessels at work near one another, never alongside, or 200 m apart for half of the "
    "time, as those are that shoot and haul there and pass one another.",
    "they come alongside, or one lands no catch",
    Case(
        "fishing boats {median_distance_m:.0f} m apart: boats of one ground work near one another",
        BOATS_OF_A_GROUND,
        Compare("median_distance_m", ">=", PAIR_M),
        Any(
            Compare("min_distance_m", ">=", BOATS_APART_M),
            All(
                Compare("median_distance_m", ">=", WORK_ROOM_M),
                Compare("duration_s", ">=", A_TOW_S),
            ),
        ),
    ),
    needs_types=True,
)
AT_WORK_ON_ONE_GROUND: Final = Hypothesis(
    "at work on one ground",
    0.6,
    "One fishes, the other fishes or works at sea, and they keep clear of one another.",
    "they come alongside, or no notice to mariners announces the work",
    Case(
        "one fishes and the other fishes or works at sea, never nearer than {min_distance_m:.0f} m",
        Each(Vessel(types=FISHING | WORKING)),
        Not(Some(Vessel(statuses=frozenset({AT_ANCHOR, MOORED})))),
        Compare("median_distance_m", ">=", WORK_ROOM_M),
        Compare("min_distance_m", ">=", ALONGSIDE_M),
    ),
    needs_types=True,
)
WITHIN_SIGHT: Final = Hypothesis(
    "each about its own",
    0.6,
    "Two that go about within sight of one another for half an hour or more, their distance "
    "changing by as much as it is, or at a knot against one another: what hands something over "
    "keeps alongside, and moves as one.",
    "they come alongside, or a boat goes to and fro between them",
    Case(
        "{median_distance_m:.0f} m apart, now nearer and now further by "
        "{distance_spread_m:.0f} m, for {duration_s:h.1f} h: each went about its own",
        Compare("median_distance_m", ">=", WORK_ROOM_M),
        Compare("distance_spread_m", ">=", "median_distance_m"),
        Compare("duration_s", ">=", A_TOW_S),
    ),
    Case(
        "{median_distance_m:.0f} m apart for {duration_s:h.1f} h, moving against one another "
        "at {median_relative_speed_kn:.1f} kn: each went about its own",
        Any(
            Compare("median_distance_m", ">=", WORK_ROOM_M),
            Compare("min_distance_m", ">=", PASSING_M),
        ),
        Compare("median_relative_speed_kn", ">=", 1.0),
        Compare("duration_s", ">=", A_TOW_S),
        Compare("duration_s", "<=", "n_reports", times=OFTEN_S),
        Compare("duration_s", "<=", "other_n_reports", times=OFTEN_S),
    ),
)
"""Of 218 meetings of half an hour or more on 60 simulated nights none was so; those whose distance
changed by more than it was, as boats came and went, lay within 60 m of one another. Of 242 on 75
nights none was 200 m apart for half of the time (196 m at most), nor moved at a knot against one
another (0.6 at most)."""
SMALL_CRAFT_TOGETHER: Final = Hypothesis(
    "small craft together",
    STATED_BOUND,
    "Two small craft, neither of which says it is a merchant ship, that didn't come from afar to "
    "part again within minutes.",
    "one of them then meets a larger vessel, or crosses to another coast",
    Case(
        "both are small craft: boats lie together to talk, to share bait or catch, or to help "
        "one another",
        Is("both_small_craft"),
        NO_MERCHANT,
        Not(FROM_AFAR),
    ),
)
