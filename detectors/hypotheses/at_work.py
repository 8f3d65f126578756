"""Innocent reasons of vessels at work, and of boats: to stay, and to be together."""

from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    FISHING,
    FISHING_STATUS,
    KNOWN,
    MERCHANT,
    MOORED,
    PLEASURE,
    RESTRICTED,
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
    Own,
    Some,
    Vessel,
)
from detectors.hypotheses.common import IS_RESTRICTED, WORKS_AT_SEA

FISHING_M: Final = 90.0
"""Fishing vessels of the Strait and the carriers that serve them are no longer (judgement)."""
WORK_ROOM_M: Final = 200.0
ALONGSIDE_M: Final = 50.0
"""Boats at work keep room for gear and cable between them, and may pass nearer, not alongside."""
REST_S: Final = 10_800.0
"""Handing over goods or people takes less than an hour, fuel to a boat one or two."""

WORKS: Final = Any(
    Some(Vessel(types=WORKING)), Some(Vessel(types=KNOWN, statuses=frozenset({RESTRICTED})))
)
"""By its type, or restricted in its ability to manoeuvre and of a type that it states."""
NO_MERCHANT: Final = Not(Some(Vessel(types=MERCHANT)))
BOATS_OF_A_GROUND: Final = All(
    Some(Vessel(types=FISHING)),
    Any(
        Each(Vessel(types=FISHING)),
        All(Is("both_small_craft"), Each(Vessel(types=FISHING | UNSTATED | PLEASURE))),
    ),
)
"""One says it fishes; the other says so too, or is a small craft that says nothing else."""
SHORT_ENOUGH: Final = Not(Compare("longest_m", ">", FISHING_M))
MAY_FISH: Final = All(
    Own(Vessel(types=UNSTATED | PLEASURE)), Not(Compare("own_length_m", ">", 60.0))
)
"""Nothing it says speaks against a fishing boat: size, and type if stated."""
SAYS_NO_MERCHANT: Final = Each(Vessel(types=KNOWN - MERCHANT))

# ---- one vessel stays

FISHING_ALONE: Final = Hypothesis(
    "fishing",
    0.8,
    (
        Case(
            All(SHORT_ENOUGH, Some(Vessel(types=FISHING))),
            "it is a fishing vessel, and moved at {median_speed_kn:.1f} kn",
        ),
        Case(
            All(SHORT_ENOUGH, Own(Vessel(statuses=frozenset({FISHING_STATUS})))),
            "it reports fishing, and moved at {median_speed_kn:.1f} kn",
        ),
    ),
    "A fishing vessel that isn't too long for one, or one that reports fishing.",
    "it meets another vessel, or lands no catch",
)
WORKING_TO_AND_FRO: Final = Hypothesis(
    "working to and fro",
    0.75,
    (
        Case(
            All(
                MAY_FISH,
                Compare("working_speed_fraction", ">=", 0.15),
                Compare("n_turns", ">=", 2.0),
                Compare("duration_s", "<=", "n_turns", times=10_800.0),
            ),
            "{working_speed_fraction:.0%} of the time it moved at {min_working_kn:g} to "
            "{max_working_kn:g} kn and it turned about {n_turns:.0f} times in {duration_s:h.1f} h, "
            "as boats do that tow nets or haul lines",
        ),
    ),
    "No merchant ship, much of the time at the speed of nets and lines, turning again and again.",
    "it meets another vessel, or shows no gear",
)
"""A vessel that drifts and now and then regains its place moves faster in between, or not at
all."""
AMONG_FISHING_BOATS: Final = Hypothesis(
    "among fishing boats",
    0.65,
    (
        Case(
            All(MAY_FISH, Is("ais_class", "B"), Compare("n_fishing_near", ">=", 1.0)),
            "it is a small craft with {n_fishing_near:.0f} fishing boats at work within 3 nm",
        ),
    ),
    "A small craft that says nothing else lies among boats that fish.",
    "it meets a larger vessel, or shows no gear",
)
BESIDE_WORK: Final = Hypothesis(
    "beside a vessel at work",
    0.75,
    (
        Case(
            All(Is("at_work_beside"), NO_MERCHANT),
            "it kept within 600 m of a vessel at work at sea for two hours, as guard and supply "
            "boats do",
        ),
    ),
    "A vessel at work at sea keeps beside it, and it is no merchant ship.",
    "no notice to mariners announces the work, or it takes something over",
)
WORK_AT_SEA: Final = Hypothesis(
    "work at sea",
    0.75,
    (
        Case(All(SAYS_NO_MERCHANT, WORKS_AT_SEA.when), WORKS_AT_SEA.says),
        Case(All(SAYS_NO_MERCHANT, IS_RESTRICTED.when), IS_RESTRICTED.says),
    ),
    "At work, and by its type no merchant ship: a tanker with a boat alongside reports being "
    "restricted in its ability to manoeuvre as well.",
    "no notice to mariners announces the work",
)

# ---- two are together

WORKING_TOGETHER: Final = Hypothesis(
    "working together",
    0.8,
    (
        Case(
            All(
                WORKS,
                NO_MERCHANT,
                Compare("distance_spread_m", "<=", 150.0),
                Compare("duration_s", ">=", 3600.0),
            ),
            "one of the two works at sea (by its type, or restricted in its ability to manoeuvre), "
            "and the other kept {median_distance_m:.0f} m off, steady within "
            "{distance_spread_m:.0f} m for {duration_s:h.1f} h, as guard and supply boats do",
        ),
    ),
    "A vessel at work at sea, and one that guards or serves it at a steady distance.",
    "no notice to mariners announces the work, or the other takes something over",
)
PAIR_TRAWLING: Final = Hypothesis(
    "pair trawling",
    0.8,
    (
        Case(
            All(
                BOATS_OF_A_GROUND,
                Compare("slower_kn", ">=", 1.5),
                Compare("speed_difference_kn", "<=", 1.0),
            ),
            "both are, or may be, fishing vessels and moved together at {slower_kn:.1f} to "
            "{faster_kn:.1f} kn, {median_distance_m:.0f} m apart",
        ),
    ),
    "Two fishing vessels tow a net between them at trawling speed.",
    "they stop together, come alongside, or one lands no catch",
    needs_types=True,
)
FISHING_IN_COMPANY: Final = Hypothesis(
    "fishing in company",
    0.75,
    (
        Case(
            All(BOATS_OF_A_GROUND, Compare("median_distance_m", ">=", 100.0)),
            "fishing boats {median_distance_m:.0f} m apart: boats of one ground work near one "
            "another",
        ),
    ),
    "Fishing vessels at work near one another, not alongside.",
    "they come alongside, or one lands no catch",
    needs_types=True,
)
BOATS_AT_REST: Final = Hypothesis(
    "boats at rest",
    0.7,
    (
        Case(
            All(
                Is("both_small_craft"),
                BOATS_OF_A_GROUND,
                Compare("duration_s", ">=", REST_S),
                Compare("faster_kn", "<=", 0.2),
                Compare("faster_drift_kn", "<=", 0.1),
            ),
            "fishing boats that lay still, {median_distance_m:.0f} m apart, for "
            "{duration_s:h.1f} h, as a fleet at rest does; handing something over takes less",
        ),
    ),
    "Fishing boats that lie still for hours, by night or off their village, alongside or not.",
    "one of them then meets a larger vessel, or lands no catch",
    needs_types=True,
)
AT_WORK_ON_ONE_GROUND: Final = Hypothesis(
    "at work on one ground",
    0.6,
    (
        Case(
            All(
                Each(Vessel(types=FISHING | WORKING)),
                Not(Some(Vessel(statuses=frozenset({AT_ANCHOR, MOORED})))),
                Compare("median_distance_m", ">=", WORK_ROOM_M),
                Compare("min_distance_m", ">=", ALONGSIDE_M),
            ),
            "one fishes and the other fishes or works at sea, never nearer than "
            "{min_distance_m:.0f} m",
        ),
    ),
    "One fishes, the other fishes or works at sea, and they keep clear of one another.",
    "they come alongside, or no notice to mariners announces the work",
    needs_types=True,
)
SMALL_CRAFT_TOGETHER: Final = Hypothesis(
    "small craft together",
    0.5,
    (
        Case(
            All(Is("both_small_craft"), NO_MERCHANT),
            "both are small craft: boats lie together to talk, to share bait or catch, or to help "
            "one another",
        ),
    ),
    "Two small craft, neither of which says it is a merchant ship.",
    "one of them then meets a larger vessel, or crosses to another coast",
)
