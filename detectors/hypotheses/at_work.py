"""Innocent reasons of vessels at work, and of boats, to stay."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    FISHING_STATUS,
    KNOWN,
    MERCHANT,
    OFFICIAL,
    PLEASURE,
    RESCUE,
    UNSTATED,
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
from detectors.hypotheses.common import (
    IS_RESTRICTED,
    OFFICIAL_CRAFT,
    SEARCH_AND_RESCUE,
    WORKS_AT_SEA,
)

FISHING_M: Final = 90.0
"""Fishing vessels of the Strait and the carriers that serve them are no longer (judgement)."""
BOAT_M: Final = 45.0
"""No longer than this, or with a set of class B, it is a boat: see `Encounter.max_small_m`."""
HELD_S: Final = 22_320.0
"""The tide of the Strait is semi-diurnal: within half of its period, 12.4 h, the stream has run one
way for miles and turned."""
NO_MERCHANT: Final = Not(Some(Vessel(types=MERCHANT)))
SHORT_ENOUGH: Final = Not(Compare("longest_m", ">", FISHING_M))
MAY_FISH: Final = All(
    Own(Vessel(types=FISHING | UNSTATED | PLEASURE)), Not(Compare("own_length_m", ">", 60.0))
)
"""Nothing it says speaks against a fishing boat: size, and type if stated."""
SAYS_NO_MERCHANT: Final = Each(Vessel(types=KNOWN - MERCHANT))
A_BOAT: Final = Any(Is("ais_class", "B"), Compare("longest_m", "<=", BOAT_M))
KEEPS_ITS_WAY: Final = All(
    Compare("duration_s", ">=", HELD_S), Compare("drift_kn", ">=", "median_speed_kn", times=0.8)
)
"""It made its way good over a change of the stream, which brings back what drifts."""

AT_WORKING_SPEED: Final = Compare("working_speed_fraction", ">=", 0.2)
TURNS_ABOUT: Final = All(
    Compare("n_turns", ">=", 2.0),
    Any(
        Compare("duration_s", "<=", "n_turns", times=7200.0),
        All(AT_WORKING_SPEED, Compare("duration_s", "<=", "n_turns", times=10_800.0)),
    ),
)
"""It turned about once in two hours or more often, or in three if much of the time at the speed of
nets and lines. What drifts turns with the stream, twice in 12.4 h; the boats at work of the
exercise once in 0.5 to 2.4 h."""
SHIPS_KN: Final = 8.0
ON_PASSAGE: Final = All(Compare("came_kn", ">=", SHIPS_KN), Compare("went_kn", ">=", SHIPS_KN))
"""It came at a ship's speed and left at one, within hours: who guards a place is relieved there, by
the watch or the week, and comes and goes with what it guards (judgement)."""
WAITS_ON_PASSAGE: Final = All(ON_PASSAGE, Not(AT_WORKING_SPEED))
"""A ship that regains her place again and again while she waits for somebody turns about as often
as one that fishes, and says of herself what she likes."""
WENT_BACK: Final = Compare("went_off_deg", ">=", 120.0)
"""It went back the way it had come, as a dredger does to where it dumps: who waits goes on."""
TOWS: Final = All(
    Compare("working_speed_fraction", ">=", 0.5),
    Compare("drift_kn", "<=", "median_speed_kn", times=0.5),
)
"""Half of the time at the speed of nets, and it made good less than half of its way."""
OUT_AND_BACK: Final = 2.5
GOES_ABOUT: Final = All(
    Compare("way_ratio", ">=", OUT_AND_BACK), Compare("duration_s", "<=", HELD_S)
)
"""By its speed it went two and a half times as far as the place is wide; what drifts until the
stream turns and back goes twice as far at most."""
FISHES_TO_AND_FRO: Final = All(
    Some(Vessel(types=FISHING)),
    Compare("longest_m", "<=", BOAT_M),
    Compare("way_ratio", ">=", 2.5),
)
"""The same of a boat that says she fishes, however long: what a sparse feed shows of her turns is
less. Ships that regain their place are longer."""
PLIES: Final = All(
    Compare("n_turns", ">=", 2.0),
    Compare("way_ratio", ">=", 4.0),
    Compare("duration_s", "<=", "way_ratio", times=HELD_S / 2),
    Compare("working_speed_fraction", ">=", 0.1),
)
"""By its speed it went four times as far as the place is wide, and as often again in each tide that
it stayed: twice of what the stream takes out and back. On 42 simulated nights boats at work went 3
to 10 times as far, ships adrift, some of which regained their place, 0.7 to 2.2 times."""
MOVES_AS_IT_STATES: Final = All(
    Compare("median_speed_kn", ">=", 0.5),
    Compare("median_sog_kn", "<=", "median_speed_kn", times=1.5),
)
"""What dredges at a knot makes no leg that has a course (`evidence.MOVES_KN`), so that its turns
aren't counted. Its positions bear out what it states, more than their errors and a swing make."""
OVER_AND_OVER: Final = All(
    Any(Compare("n_turns", ">=", 2.0), MOVES_AS_IT_STATES),
    Compare("way_ratio", ">=", 8.0),
    Compare("duration_s", "<=", "way_ratio", times=HELD_S / 4),
)
"""Twice as far still, at whatever speed: lines of a survey are sailed at 1 to 5 kn, of which two
reports an hour apart show less."""
TOWED: Final = (
    "moved at {min_working_kn:g} to {max_working_kn:g} kn for {working_speed_fraction:.0%} of "
    "{duration_s:h.1f} h, to and fro"
)
TURNED_ABOUT: Final = "turned about {n_turns:.0f} times in {duration_s:h.1f} h"

FISHING_ALONE: Final = Hypothesis(
    "fishing",
    0.8,
    "A fishing vessel that isn't too long for one, or one that reports fishing, and turns about "
    "again and again, but on no voyage, or tows to and fro.",
    "it meets another vessel, or lands no catch",
    Case(
        "it is a fishing vessel, and " + TURNED_ABOUT,
        Any(SHORT_ENOUGH, AT_WORKING_SPEED),
        Some(Vessel(types=FISHING)),
        TURNS_ABOUT,
        Not(WAITS_ON_PASSAGE),
    ),
    Case(
        "it reports fishing, and " + TURNED_ABOUT,
        SHORT_ENOUGH,
        Own(Vessel(statuses=frozenset({FISHING_STATUS}))),
        TURNS_ABOUT,
        Not(WAITS_ON_PASSAGE),
    ),
    Case("it is a fishing vessel, and " + TOWED, SHORT_ENOUGH, Some(Vessel(types=FISHING)), TOWS),
    Case(
        "it is a fishing vessel, and moved at {median_speed_kn:.1f} kn",
        SHORT_ENOUGH,
        Some(Vessel(types=FISHING)),
    ),
    Case(
        "it reports fishing, and moved at {median_speed_kn:.1f} kn",
        SHORT_ENOUGH,
        Own(Vessel(statuses=frozenset({FISHING_STATUS}))),
    ),
)
WORKING_TO_AND_FRO: Final = Hypothesis(
    "working to and fro",
    0.75,
    "No merchant ship, or a boat whatever it says it is, much of the time at the speed "
    "of nets and lines, turning again and again; half of it where it says it is a craft of another "
    "trade; or at any speed over one ground again and again.",
    "it meets another vessel, or shows no gear",
    Case(
        "{working_speed_fraction:.0%} of the time it moved at {min_working_kn:g} to "
        "{max_working_kn:g} kn and it turned about {n_turns:.0f} times in {duration_s:h.1f} h, "
        "as boats do that tow nets or haul lines",
        Any(
            MAY_FISH,
            All(A_BOAT, AT_WORKING_SPEED),
            All(NO_MERCHANT, SHORT_ENOUGH, Compare("working_speed_fraction", ">=", 0.5)),
        ),
        TURNS_ABOUT,
        Any(A_BOAT, AT_WORKING_SPEED),
        Compare("working_speed_fraction", ">=", 0.1),
    ),
    Case(
        "it went to and fro {way_ratio:.1f} times as far as the place is wide, for "
        "{working_speed_fraction:.0%} of the time at {min_working_kn:g} to {max_working_kn:g} "
        "kn, as boats do at nets or lines; what drifts goes out and back once in a tide",
        Any(NO_MERCHANT, A_BOAT),
        PLIES,
    ),
    Case(
        "it went over one ground again and again, {way_ratio:.1f} times as far as the place is "
        "wide in {duration_s:h.1f} h; what drifts goes out and back once in a tide",
        Any(NO_MERCHANT, A_BOAT),
        OVER_AND_OVER,
    ),
)
"""A vessel that drifts and now and then regains its place moves faster in between, or not at
all."""
ADRIFT_TOGETHER: Final = Hypothesis(
    "adrift with other boats",
    0.7,
    "A boat, or what says it fishes, that drifts with two others or more beside it; or what may be "
    "one, with three beside it among as many that fish.",
    "one of them then meets a larger vessel, or crosses to another coast",
    Case(
        "{n_beside:.0f} others or more drifted within {company_m:.0f} m of it for two hours, "
        "as boats of a raft or a fleet at rest do",
        A_BOAT,
        Compare("n_beside", ">=", 2.0),
    ),
    Case(
        "it says it fishes, and {n_beside:.0f} others or more drifted within {company_m:.0f} m "
        "of it for two hours, as a fleet at rest does",
        SHORT_ENOUGH,
        Some(Vessel(types=FISHING)),
        Compare("n_beside", ">=", 2.0),
    ),
    Case(
        "{n_beside:.0f} others or more drifted within {company_m:.0f} m of it for two hours, "
        "among {n_fishing_near:.0f} fishing boats, as a fleet at rest does",
        MAY_FISH,
        Compare("n_beside", ">=", 3.0),
        Compare("n_fishing_near", ">=", 3.0),
    ),
)
LIKE_THE_STREAM: Final = Any(
    Compare("n_turns", "<=", 1.0),
    Compare("working_speed_fraction", ">=", 0.1),
    Compare("duration_s", ">=", "n_turns", times=10_000.0),
)
A_DAY: Final = Compare("duration_s", "<=", 86_400.0)
"""Drift nets of the region are set in the evening and hauled in the morning (Morgan & Staples 2006,
The history of industrial marine fisheries in Southeast Asia, FAO RAP 2006/12, VIII; SEAFDEC,
Monograph of fishing gear, Viet Nam, Drift Gill Net), and lamps lure squid by night: who fishes has
made way within a day and a night. Of 670 stretches of boats adrift on 11 nights of three simulators
the longest was 23.3 h; a boat without an engine or fuel is adrift for days."""
BOAT_ADRIFT: Final = Hypothesis(
    "boat adrift",
    0.55,
    "A craft with a class B set, or a fishing boat, that drifts for a day at most without turning "
    "about, but as the stream does, or a boat that moves at the speed of nets and lines in "
    "between.",
    "it meets another vessel, shows no gear, or isn't under way once in a day and a night",
    Case(
        "a craft with a class B set that drifted for {duration_s:h.1f} h: boats hang on nets "
        "and lines all night, and nets carry buoys with sets",
        Is("ais_class", "B"),
        LIKE_THE_STREAM,
        A_DAY,
    ),
    # From 15 m on a class A set is what the law asks of fishing boats (Directive 2009/17/EC,
    # article 6a, in the Union): it makes no ship of one.
    Case(
        "a fishing boat that drifted for {duration_s:h.1f} h: boats hang on nets and lines all "
        "night, whatever set they carry",
        Own(Vessel(types=FISHING)),
        Compare("own_length_m", "<=", BOAT_M),
        LIKE_THE_STREAM,
        A_DAY,
        Compare("way_ratio", "<=", OUT_AND_BACK),
    ),
    Case(
        "a boat that moved at {min_working_kn:g} to {max_working_kn:g} kn, the speed of nets and "
        "lines, for {working_speed_fraction:.0%} of {duration_s:h.1f} h and drifted in between",
        A_BOAT,
        AT_WORKING_SPEED,
    ),
)
AMONG_FISHING_BOATS: Final = Hypothesis(
    "among fishing boats",
    0.65,
    "A boat that is, or may be, a fishing boat lies among boats that fish; of three or more around "
    "it whatever it says it is.",
    "it meets a larger vessel, or shows no gear",
    Case(
        "it is a small craft with {n_fishing_near:.0f} fishing boats at work within 3 nm",
        A_BOAT,
        Any(
            All(MAY_FISH, Compare("n_fishing_near", ">=", 2.0)),
            Compare("n_fishing_near", ">=", 3.0),
        ),
    ),
    Case(
        "it went to and fro {way_ratio:.1f} times as far as the place is wide, with "
        "{n_fishing_near:.0f} fishing boats at work within 3 nm",
        MAY_FISH,
        Compare("n_fishing_near", ">=", 2.0),
        Compare("way_ratio", ">=", 2.5),
        Compare("n_turns", ">=", 2.0),
    ),
    Case(
        "it is a fishing boat that " + TURNED_ABOUT + ", with another one at work within 3 nm",
        A_BOAT,
        Some(Vessel(types=FISHING)),
        Compare("n_fishing_near", ">=", 1.0),
        Compare("n_turns", ">=", 2.0),
    ),
    Case(
        "it is no merchant ship, came and left at no ship's speed, and another fishing boat is "
        "at work within 3 nm",
        SAYS_NO_MERCHANT,
        SHORT_ENOUGH,
        Compare("n_fishing_near", ">=", 1.0),
        Not(Compare("came_kn", ">=", SHIPS_KN)),
        Not(Compare("went_kn", ">=", SHIPS_KN)),
    ),
)
ON_ITS_BEAT: Final = All(
    Compare("n_turns", ">=", 2.0), Compare("duration_s", "<=", "n_turns", times=10_800.0)
)
"""At what speed says nothing: it tows no net."""
OFFICIAL_TO_AND_FRO: Final = replace(
    OFFICIAL_CRAFT,
    weight=0.65,
    cases=(
        Case(
            "it is a military, law enforcement or medical vessel, and " + TURNED_ABOUT,
            Some(Vessel(types=OFFICIAL - RESCUE)),
            ON_ITS_BEAT,
        ),
        *OFFICIAL_CRAFT.cases,
    ),
    looks_for="A military, police or medical vessel that goes to and fro.",
)
SEARCHING: Final = replace(
    SEARCH_AND_RESCUE,
    weight=0.8,
    cases=(
        Case(
            "it is a search and rescue vessel, and " + TURNED_ABOUT + ", as in a search",
            Some(Vessel(types=RESCUE)),
            TURNS_ABOUT,
        ),
        *SEARCH_AND_RESCUE.cases,
    ),
    looks_for="A rescue vessel that turns about again and again, as in a search.",
)
BESIDE_WORK: Final = Hypothesis(
    "beside a vessel at work",
    0.75,
    "A vessel at work at sea keeps beside it, and it is no merchant ship.",
    "no notice to mariners announces the work, or it takes something over",
    Case(
        "it kept within 600 m of a vessel at work at sea for two hours, as guard and supply "
        "boats do",
        Is("at_work_beside"),
        NO_MERCHANT,
    ),
)
WORK_AT_SEA: Final = Hypothesis(
    "work at sea",
    0.75,
    "Says that it works, and goes to and fro on no voyage, or keeps its way over a change of the "
    "stream; by its type no merchant ship: a tanker with a boat alongside reports being restricted "
    "as well.",
    "no notice to mariners announces the work",
    *(
        Case(works.says + how, SAYS_NO_MERCHANT, works.when, conduct)
        for works in (WORKS_AT_SEA, IS_RESTRICTED)
        for conduct, how in (
            (
                All(TURNS_ABOUT, Any(Not(WAITS_ON_PASSAGE), WENT_BACK)),
                ", and " + TURNED_ABOUT,
            ),
            (GOES_ABOUT, ", and went to and fro within {extent_m:.0f} m"),
            (KEEPS_ITS_WAY, ", and kept its way at {drift_kn:.1f} kn whatever the stream did"),
        )
    ),
    WORKS_AT_SEA,
)
