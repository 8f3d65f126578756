"""Innocent reasons for a vessel to lie still where the rule doesn't let it anchor."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    NOT_UNDER_COMMAND,
    OFFICIAL,
    PLEASURE,
    TENDER,
    TOWING,
    TUG,
    WORKING,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.common import AT_A_BERTH

FAST_M: Final = 15.0
"""Three quarters of each of 21 stays of tankers at berths off Singapore lay within 7.3 m of its
middle, of 33 at anchor within 18 m at the least, 41 to 351 m but for that one."""
SWING_M: Final = 400.0
"""None of them lay further from it than 351 m for a quarter of the time."""
MOVES_KN: Final = 0.3
"""Once round a circle of 400 m in a tide of 12.4 h is 0.11 kn."""
DRIFTS_KN: Final = 0.2
"""Errors of 10 m make as much of a step of two minutes (`held.STILL_KN`), and none of a speed that
the set states, which is measured by itself: where both say it of half of the time, it moved,
however near it stayed. Of 97 stays on nights of another simulator the two that both say it of were
a net and a ship adrift to and fro with the tide; all others made 0.07 kn at most, and stated 0.1.
Of 202 stays of three hours of tankers off Singapore, and 277 in the Baltic, both say it of none."""
SELDOM_KN: Final = 0.15
"""Between reports far apart what goes about makes less good than it makes; what swings, no more
than that."""
UNDER_WAY_KN: Final = 1.0
"""Half of the reports of 1,049 stays of three hours within 1,000 m (tankers off Singapore, vessels
in the Baltic, fishing vessels) stated 0.9 kn at most, of 107 whose status said at anchor 0.4."""
HEARD_SELDOM: Final = Compare("duration_s", ">=", "n_reports", times=600.0)
"""By satellites: class A and B send at anchor every 3 minutes (ITU-R M.1371-5, tables 1 and 2)."""
BOAT_M: Final = 45.0
"""No longer than this, or with a set of class B, it is a boat: see `Encounter.max_small_m`."""
BOAT_SWING_M: Final = 150.0
"""A boat swings on a short line about its mooring or anchor."""
MILE_M: Final = 1852.0

A_BOAT: Final = All(
    Any(Is("ais_class", "B"), Compare("longest_m", "<=", BOAT_M)),
    Not(Compare("longest_m", ">", BOAT_M)),
    Compare("spread_m", "<=", BOAT_SWING_M),
)
"""By its set or what it says of its length, and by how it lies; a statement alone isn't enough."""
BY_ITSELF: Final = Not(Compare("n_ships_alongside", ">=", 1.0))
"""Among boats, if any: who lies fast to a ship at anchor is there for the ship."""

HYPOTHESES: Final = (
    replace(AT_A_BERTH, weight=0.8),
    Hypothesis(
        "made fast",
        0.75,
        "Doesn't swing: at a jetty, on moorings fore and aft, or fast to an installation.",
        "a chart or an image shows open water there",
        Case(
            "for three quarters of {duration_s:h.1f} h it stayed within {spread_m:.0f} m of "
            "one place, as at a jetty or a mooring: a ship at anchor swings",
            Compare("spread_m", "<=", FAST_M),
        ),
    ),
    Hypothesis(
        "boat on its mooring",
        0.75,
        "A small craft where others lie as near to one another as on moorings, fast to no ship.",
        "it is larger than it says, or meets another vessel there",
        Case(
            "it is a small craft that swung within {spread_m:.0f} m, with {n_lying_near:.0f} "
            "others lying still within {neighbour_m:.0f} m: a mooring ground",
            A_BOAT,
            BY_ITSELF,
            Compare("n_lying_near", ">=", 1.0),
        ),
    ),
    Hypothesis(
        "small craft at anchor",
        0.6,
        "A small craft by set or length, that swings as one does, fast to no ship.",
        "it is larger than it says, or meets another vessel there",
        Case(
            "it is a small craft that swung within {spread_m:.0f} m, as fishing boats lie out "
            "the night",
            A_BOAT,
            BY_ITSELF,
        ),
    ),
    Hypothesis(
        "moved about",
        0.6,
        "Went further from its place than any ship at anchor swings, and faster; or states a speed "
        "that no ship at anchor has.",
        "radar or an image shows it at anchor",
        Case(
            "a quarter of {duration_s:h.1f} h it was more than {spread_m:.0f} m from its middle "
            "place, and half of the time it made {median_speed_kn:.1f} kn or more: a ship at "
            "anchor swings, and what goes to and fro or drifts and regains its place does this",
            Compare("spread_m", ">", SWING_M),
            Compare("median_speed_kn", ">=", MOVES_KN),
        ),
        Case(
            "half of {duration_s:h.1f} h it made {median_speed_kn:.2f} kn or more and stated "
            "{median_sog_kn:.1f} kn or more: what swings at anchor mostly lies still, and what "
            "drifts with the stream and back does this",
            Compare("median_speed_kn", ">=", DRIFTS_KN),
            Compare("median_sog_kn", ">=", DRIFTS_KN),
        ),
        Case(
            "a quarter of {duration_s:h.1f} h it was more than {spread_m:.0f} m from its "
            "middle place, and made good {median_speed_kn:.2f} kn or more half of the time "
            "between reports far apart: faster than a ship at anchor swings",
            Compare("spread_m", ">", SWING_M),
            HEARD_SELDOM,
            Compare("median_speed_kn", ">=", SELDOM_KN),
        ),
        Case(
            "half of its reports or more state {median_sog_kn:.1f} kn or more, as those of a "
            "ship at anchor don't: it went about there",
            Compare("median_sog_kn", ">=", UNDER_WAY_KN),
        ),
    ),
    Hypothesis(
        "edge of an anchorage",
        0.5,
        "Within a mile of an anchorage or port whose outline isn't surveyed or published.",
        "the published limits don't hold it",
        Case(
            "it lies {anchorage_distance_m:nm.1f} nm off a port or an anchorage whose outline "
            "is {anchorage_confidence}: it may lie inside",
            Compare("anchorage_distance_m", "<=", MILE_M),
            Any(
                Is("anchorage_confidence", "approximate"),
                Is("anchorage_confidence", "learned"),
            ),
        ),
    ),
    Hypothesis(
        "fishing or pleasure craft",
        0.4,
        "Says that it is a fishing or pleasure craft and no ship's length, and swings as a short "
        "one does.",
        "it is larger than it says, or meets another vessel there",
        Case(
            "it says that it is a fishing or pleasure craft, and swung within {spread_m:.0f} m",
            Some(Vessel(types=FISHING | PLEASURE)),
            Not(Compare("longest_m", ">", BOAT_M)),
            Compare("spread_m", "<=", BOAT_SWING_M),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "waiting area",
        0.3,
        "Where ships were seen to wait in the past.",
        "no agent applied for leave",
        Case(
            "ships were seen to wait here before; that isn't leave to anchor", Is("in_waiting_area")
        ),
    ),
    Hypothesis(
        "work at sea",
        STATED_BOUND,
        "A vessel whose work is at one place.",
        "no notice to mariners and no port announces the work",
        Case(
            "it is a dredger, tug, tender or official vessel, which may lie where its work is",
            Some(Vessel(types=WORKING | TUG | TOWING | TENDER | OFFICIAL)),
        ),
        needs_types=True,
    ),
    Hypothesis(
        "engine trouble",
        STATED_BOUND,
        "Reports not being under command.",
        "it reported no breakdown to the traffic service",
        Case(
            "it reports not being under command: a ship may anchor in distress",
            Some(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}))),
        ),
    ),
)
"""The heaviest first; of equal ones the first listed wins. That others lie at anchor around excuses
no ship: off eastern Johor a hundred did."""
