"""Innocent reasons for one vessel to stay where it is."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    MOORED,
    PASSENGER,
    PILOT,
    PLEASURE,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Own,
    Some,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.at_work import (
    ADRIFT_TOGETHER,
    AMONG_FISHING_BOATS,
    BESIDE_WORK,
    BOAT_ADRIFT,
    FISHES_TO_AND_FRO,
    FISHING_ALONE,
    NO_MERCHANT,
    OFFICIAL_TO_AND_FRO,
    SEARCHING,
    WORK_AT_SEA,
    WORKING_TO_AND_FRO,
)
from detectors.hypotheses.common import (
    ALONE,
    AT_A_BERTH,
    BROKE_DOWN,
    HARDLY_HEARD,
    IS_RESTRICTED,
    STOPPED_FOR_A_WHILE,
    TRANSFER_AREA,
    WENT_ON,
)
from detectors.hypotheses.held import (
    ADRIFT_BETWEEN_CALLS,
    ANCHORED_OR_MOORED,
    AT_FIXED_POINTS,
    FROM_PLACE_TO_PLACE,
    MADE_FAST,
    STILL_KN,
    SWING_M,
    TO_AND_FRO,
)
from detectors.hypotheses.tows import (
    A_TUG,
    CREEPS_ON,
    LEFT_FASTER,
    STEERS_AT_A_CRAWL,
    STEMS_THE_STREAM,
    TOW_THAT_STOPPED,
)

PILOT_S: Final = 21_600.0
"""As long as a pilot boat may keep with a ship: see `pilots.PILOT_STANDING_BY`."""
MILE_M: Final = 1852.0

SAYS_AT_ANCHOR: Final = Own(Vessel(statuses=frozenset({AT_ANCHOR})))
OFF_A_PORT: Final = Any(Is("near_land"), Compare("anchorage_distance_m", "<=", 3 * MILE_M))
NOT_YET_KNOWN_WHERE: Final = Is("called_afterwards", None)
"""It still lies there, or wasn't heard afterwards."""

HEARD_SELDOM: Final = Compare("duration_s", ">=", "n_reports", times=600.0)
"""By satellites: who lies or goes slowly sends every 3 minutes (ITU-R M.1371-5, tables 1 and 2)."""
AT_WORK: Final = 0.25
"""Of what is heard; see `at_work.AT_WORKING_SPEED`. What drifts states the speed that it makes."""
WIDE_TIMES: Final = 4.0
"""See `at_work.PLIES`: a ship that regains her place says of herself what she likes."""

HYPOTHESES: Final = (
    Hypothesis(
        "pilot vessel on station",
        0.9,
        "A pilot vessel waits for ships where pilots board, or near a port.",
        "no pilot boarding ground is near, or the pilot station does not know the vessel",
        Case(
            "it is a pilot vessel, on station for {duration_s:h.1f} h",
            Some(Vessel(types=PILOT)),
            Any(Is("in_pilot_ground"), OFF_A_PORT),
        ),
        Case(
            "it is a pilot vessel, though no boarding ground and no port is near",
            Some(Vessel(types=PILOT)),
        ),
        needs_types=True,
    ),
    OFFICIAL_TO_AND_FRO,
    SEARCHING,
    FISHING_ALONE,
    WORKING_TO_AND_FRO,
    BESIDE_WORK,
    Hypothesis(
        "in tow",
        0.75,
        "A tug keeps beside it, and it doesn't go on faster than tows do.",
        "the tug knows of no such tow, or a third vessel comes alongside",
        Case(
            "a tug kept within 600 m of it for two hours: it is in tow, or attended",
            Is("tug_attends"),
            Not(LEFT_FASTER),
        ),
    ),
    Hypothesis(
        "waiting at anchor",
        0.75,
        "Reports being at anchor and lies still within a swinging circle.",
        "the water is too deep to anchor, or a boat is seen alongside",
        Case(
            "it reports being at anchor and stayed within {extent_m:.0f} m for {duration_s:h.1f} h",
            SAYS_AT_ANCHOR,
            Compare("extent_m", "<=", SWING_M),
            Compare("median_speed_kn", "<=", STILL_KN),
        ),
    ),
    WORK_AT_SEA,
    Hypothesis(
        "moored",
        0.7,
        "Reports being moored, close to land or to a port.",
        "a chart or an image shows open water there",
        Case(
            "it reports being moored and stayed within {extent_m:.0f} m",
            Own(Vessel(statuses=frozenset({MOORED}))),
            Any(Is("near_land"), Compare("anchorage_distance_m", "<=", MILE_M)),
            Compare("extent_m", "<=", 500.0),
        ),
    ),
    ANCHORED_OR_MOORED,
    MADE_FAST,
    Hypothesis(
        "plied between reports",
        0.7,
        "Under way whenever it is heard, and heard too seldom to tell that it stayed; or a boat, "
        "or no merchant ship that went far to and fro, that often states the speed of nets, and is "
        "where it was an hour later.",
        "another feed heard it lie there meanwhile",
        Case(
            "it made {median_sog_kn:.1f} kn when it was heard, and wasn't heard for up to "
            "{longest_silence_s:min.0f} min: it may have gone and come back",
            Compare("median_sog_kn", ">", "max_speed_kn"),
            Compare("longest_silence_s", ">=", 1800.0),
        ),
        Case(
            "it stated {min_working_kn:g} to {max_working_kn:g} kn, the speed of nets and "
            "lines, in {stated_working_fraction:.0%} of what was heard of it, and made "
            "{median_speed_kn:.1f} kn good between reports far apart: it went to and fro",
            Any(
                Is("ais_class", "B"),
                All(NO_MERCHANT, Compare("way_ratio", ">=", WIDE_TIMES)),
                FISHES_TO_AND_FRO,
            ),
            HEARD_SELDOM,
            Compare("stated_working_fraction", ">=", AT_WORK),
            Compare("stated_working_fraction", ">=", "working_speed_fraction", times=2.0),
        ),
    ),
    Hypothesis(
        "anchored in the end",
        0.65,
        "Reports being at anchor for most of the time, and lay still for as long: it drifted "
        "first, or shifted its berth.",
        "the water is too deep to anchor, or a boat is seen alongside",
        Case(
            "it reports being at anchor for {nav_status_fraction:.0%} of {duration_s:h.1f} h, "
            "and lay still",
            SAYS_AT_ANCHOR,
            Compare("nav_status_fraction", ">=", 0.5),
            Compare("median_speed_kn", "<=", 0.3),
        ),
    ),
    Hypothesis(
        "among ships at rest",
        0.65,
        "Lies within a swinging circle, with two others or more lying still around, or where many "
        "lie.",
        "the water is too deep to anchor, or a boat is seen alongside",
        Case(
            "it stayed within {extent_m:.0f} m, as at anchor, with {n_lying_near:.0f} others "
            "lying still within 2 nm: a customary anchorage",
            Compare("extent_m", "<=", 700.0),
            Compare("drift_kn", "<=", 0.2),
            Compare("n_lying_near", ">=", 2.0),
        ),
        Case(
            "it stayed within {extent_m:.0f} m where {n_lain:.0f} vessels lay at once: a berth "
            "or an anchorage, whether a zone says so or not",
            Compare("extent_m", "<=", SWING_M),
            Compare("drift_kn", "<=", 0.2),
            Compare("n_lain", ">=", "min_lying"),
        ),
    ),
    Hypothesis(
        "tug standing by",
        0.65,
        "What says it is a tug, and isn't too long for one, waits near a port, or beside another "
        "until it goes on no faster than tows do.",
        "no ship or barge it could be waiting for came by",
        Case(
            "it is a tug or tender, standing by for {duration_s:h.1f} h, "
            "{anchorage_distance_m:nm.1f} nm off a port or anchorage",
            A_TUG,
            OFF_A_PORT,
        ),
        Case(
            "it is a tug or tender, which kept with another vessel for two hours",
            A_TUG,
            Compare("n_beside", ">=", 1.0),
            Not(LEFT_FASTER),
        ),
        Case("it is a tug or tender, standing by for {duration_s:h.1f} h", A_TUG),
        needs_types=True,
    ),
    ADRIFT_TOGETHER,
    AMONG_FISHING_BOATS,
    AT_FIXED_POINTS,
    FROM_PLACE_TO_PLACE,
    TO_AND_FRO,
    HARDLY_HEARD,
    replace(AT_A_BERTH, weight=0.6),
    Hypothesis(
        "waiting off a port",
        0.6,
        "Within two miles of a port or an anchorage and it went in; or within one, still there.",
        "it leaves again without calling there",
        Case(
            "it lay {anchorage_distance_m:nm.1f} nm off a port or anchorage, where ships wait "
            "their turn, and it went in afterwards",
            Is("called_afterwards"),
            Compare("anchorage_distance_m", "<=", 2 * MILE_M),
        ),
        Case(
            "it lay {anchorage_distance_m:nm.1f} nm off a port or anchorage, where ships wait "
            "their turn",
            NOT_YET_KNOWN_WHERE,
            Compare("anchorage_distance_m", "<=", MILE_M),
        ),
    ),
    Hypothesis(
        "waiting area",
        0.6,
        "Where ships were seen to wait in the past, or are told to.",
        "it leaves without calling anywhere, or a boat is seen alongside",
        Case("it lay for {duration_s:h.1f} h in an area where ships wait", Is("in_waiting_area")),
    ),
    Hypothesis(
        "waiting for a pilot",
        0.6,
        "On a pilot boarding ground, for no longer than half a watch over.",
        "no pilot came, or the pilot station had no order for it",
        Case(
            "it lay for {duration_s:h.1f} h on a pilot boarding ground",
            Is("in_pilot_ground"),
            Compare("duration_s", "<=", PILOT_S),
        ),
    ),
    Hypothesis(
        "ferry between sailings",
        0.6,
        "A ferry near a port.",
        "no sailing of its line leaves from there",
        Case(
            "it is a ferry or passenger vessel, {anchorage_distance_m:nm.1f} nm off a port or "
            "anchorage",
            Some(Vessel(types=PASSENGER)),
            OFF_A_PORT,
        ),
        needs_types=True,
    ),
    ADRIFT_BETWEEN_CALLS,
    CREEPS_ON,
    STEMS_THE_STREAM,
    STEERS_AT_A_CRAWL,
    TOW_THAT_STOPPED,
    BROKE_DOWN,
    STOPPED_FOR_A_WHILE,
    Hypothesis(
        "called at a port afterwards",
        0.5,
        "It went into a port or an anchorage when it was over.",
        "the port did not ask it to wait",
        Case("it went into a port or an anchorage straight afterwards", Is("called_afterwards")),
    ),
    Hypothesis(
        "making way slowly",
        0.5,
        "A slow passage: it kept its course and got on.",
        "it turns back, or stops where nothing waits for it",
        Case(
            "it made good {extent_m:nm.0f} nm on a straight way at {drift_kn:.1f} kn: a slow "
            "passage rather than a stay",
            Compare("median_speed_kn", ">=", 2.0),
            Compare("drift_kn", ">=", "median_speed_kn", times=0.9),
            Compare("extent_m", ">=", 22_000.0),
        ),
        Case(
            "it came at {came_kn:.0f} kn, went straight on at {drift_kn:.1f} kn, alone, and at "
            "{went_kn:.0f} kn within {went_off_deg:.0f} degrees of its course afterwards: it "
            "slowed down on its way",
            Compare("median_speed_kn", ">=", 2.0),
            Compare("drift_kn", ">=", "median_speed_kn", times=0.9),
            WENT_ON,
            ALONE,
        ),
    ),
    BOAT_ADRIFT,
    TRANSFER_AREA,
    Hypothesis(
        "pleasure craft",
        STATED_BOUND,
        "A yacht.",
        "it meets a merchant vessel",
        Case("it is a sailing or pleasure craft", Some(Vessel(types=PLEASURE))),
        needs_types=True,
    ),
    Hypothesis(
        "restricted in its ability to manoeuvre",
        STATED_BOUND,
        "Reports being restricted in its ability to manoeuvre.",
        "it shows no gear in the water, or a boat is seen alongside",
        IS_RESTRICTED,
    ),
    Hypothesis(
        "waiting further off a port",
        0.3,
        "One or two miles off a port or an anchorage, and not yet known where it goes.",
        "it leaves again without calling there",
        Case(
            "it lies {anchorage_distance_m:nm.1f} nm off a port or anchorage and may still "
            "call there",
            NOT_YET_KNOWN_WHERE,
            Compare("anchorage_distance_m", ">", MILE_M),
            Compare("anchorage_distance_m", "<=", 2 * MILE_M),
        ),
    ),
)
"""The heaviest first; of equal ones the first listed wins."""
