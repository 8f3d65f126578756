"""Innocent reasons of a vessel that held its place, or several one after the other."""

from typing import Final

from detectors.core.hypothesis import All, Any, Case, Compare, Hypothesis, Not
from detectors.hypotheses.at_work import A_BOAT, HELD_S, NO_MERCHANT, SHORT_ENOUGH

SWING_M: Final = 1000.0
"""Across the circle in which a large ship lies to her anchor: twice her length and the cable."""
FAST_KN: Final = 0.1
"""What moves slower over a step of two minutes is made fast or anchored. Of 177 loiterings of a
Baltic feed without drawn ports 156 were slower, off quays and on roads; of the planted drifters
none (0.4 kn and more)."""
STILL_KN: Final = 0.2
"""Errors of 10 m make as much of a step of two minutes."""
SWING_BOAT_M: Final = 250.0
"""The same of a boat, with the errors of its positions."""
FAST_M: Final = 60.0
"""What errors of 10 m make of a vessel that doesn't move at all, in hours."""
HELD: Final = Any(
    All(
        Compare("duration_s", ">=", HELD_S),
        Any(
            All(A_BOAT, Compare("extent_m", "<=", SWING_BOAT_M)),
            All(Not(A_BOAT), Compare("extent_m", "<=", SWING_M)),
        ),
    ),
    Compare("extent_m", "<=", FAST_M),
    All(
        Compare("median_speed_kn", "<=", STILL_KN),
        Compare("drift_kn", "<=", STILL_KN / 2),
        Compare("extent_m", "<=", SWING_BOAT_M),
    ),
)
"""It stayed over a change of the stream; or hardly moved, for longer than slack water."""
HELD_HALF: Final = Compare("held_fraction", ">=", 0.5)
"""Of 60 planted drifters and waiting mother ships none held a place for more than a quarter of the
time, at slack water and within rafts."""
HELD_QUARTER: Final = Compare("held_fraction", ">=", 0.25)
SHIFT_S: Final = 5400.0
"""An angler shifts once in an hour and a half, or more often; whoever waits for somebody stays."""

ANCHORED_OR_MOORED: Final = Hypothesis(
    "anchored or moored",
    0.7,
    (
        Case(
            HELD,
            "it stayed within {extent_m:.0f} m for {duration_s:h.1f} h, as only what is "
            "anchored or moored does in a tidal stream",
        ),
    ),
    "Stays, whatever it says of its status, where nothing adrift stays: at anchor, or moored.",
    "radar or an image shows it under way, or a boat alongside",
)
MADE_FAST: Final = Hypothesis(
    "made fast",
    0.7,
    (
        Case(
            Compare("median_speed_kn", "<=", FAST_KN),
            "for half of the time or longer it moved at {median_speed_kn:.2f} kn or less, "
            "which nothing adrift does: it lay at a berth or at anchor",
        ),
        Case(
            HELD_HALF,
            "for {held_fraction:.0%} of {duration_s:h.1f} h it held its place, at {n_held:.0f} in "
            "all, within a swinging circle: it lay at anchor or made fast, and shifted",
        ),
    ),
    "Hardly moved for half of the time or longer, at one place or several, whatever it did before, "
    "between and after.",
    "a chart or an image shows open water there, or a boat alongside",
)
AT_FIXED_POINTS: Final = Hypothesis(
    "at work at fixed points",
    0.6,
    (
        Case(
            All(NO_MERCHANT, SHORT_ENOUGH, HELD_QUARTER, Compare("n_held", ">=", 2.0)),
            "it held {n_held:.0f} places, for {held_fraction:.0%} of {duration_s:h.1f} h, and went "
            "from one to the next, as vessels do that serve turbines, platforms, farms or buoys",
        ),
        Case(
            All(NO_MERCHANT, SHORT_ENOUGH, HELD_QUARTER, Compare("n_lying_near", ">=", 1.0)),
            "it held its place for {held_fraction:.0%} of {duration_s:h.1f} h, with "
            "{n_lying_near:.0f} others lying still within 2 nm, as vessels do that serve turbines, "
            "platforms, farms or buoys",
        ),
    ),
    "No merchant ship, which holds places that drift doesn't, and goes from one to the next, or "
    "where others lie.",
    "a chart shows nothing there that anybody serves, or it takes something over",
)
FROM_PLACE_TO_PLACE: Final = Hypothesis(
    "drifting from place to place",
    0.6,
    (
        Case(
            All(
                A_BOAT,
                NO_MERCHANT,
                Compare("n_shifts", ">=", 3.0),
                Compare("duration_s", "<=", "n_shifts", times=SHIFT_S),
            ),
            "a boat that shifted its place under way {n_shifts:.0f} times in {duration_s:h.1f} h "
            "and drifted in between, as anglers and samplers do",
        ),
    ),
    "A boat that drifts, and shifts again and again at the speed of one under way.",
    "it meets another vessel, or nobody aboard fishes",
)
