"""Innocent reasons of a vessel that held its place, or came back to it or to others."""

from typing import Final

from detectors.core.hypothesis import (
    PASSENGER,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Not,
    Some,
    Vessel,
)
from detectors.hypotheses.at_work import A_BOAT, HELD_S, NO_MERCHANT, ON_PASSAGE, SHORT_ENOUGH

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
"""Of 22 planted drifters and waiting mother ships none held a place for more than 0.16 of the time;
of the 21 stops of Aegean ships all for 0.78 or more."""
HELD_QUARTER: Final = Compare("held_fraction", ">=", 0.25)
ADRIFT_KN: Final = 0.15
MOVES_ALL_THE_WHILE: Final = All(
    Compare("median_speed_kn", ">=", ADRIFT_KN), Compare("median_sog_kn", ">=", ADRIFT_KN)
)
"""Both by its positions and by what its set states, half of the time: where the stream is weak, or
about to turn, it carries what is adrift no further than an anchor lets it swing. Of 202 stays of
three hours of tankers off Singapore none did so, of 277 in the Baltic one, of a ship in ice."""
SHIFT_S: Final = 7200.0
"""It shifts once in two hours or more often; who waits for somebody stays. An angling boat in the
Sound shifted once in 50 minutes."""
POST_M: Final = 3704.0
"""Two miles, as of `gap.ground_m`: who guards something goes back to it, within sight of what keeps
500 m clear (UNCLOS, art. 60, 5). Who gets further keeps no post."""
PLIES_AT_ANY_SPEED: Final = All(
    Compare("n_turns", ">=", 2.0),
    Compare("way_ratio", ">=", 4.0),
    Compare("duration_s", "<=", "way_ratio", times=HELD_S / 2),
    Compare("median_speed_kn", ">=", 1.0),
)
"""See `at_work.PLIES`; what hauls nets by hand goes slower than at towing."""
CRUISE_M: Final = 100.0

ANCHORED_OR_MOORED: Final = Hypothesis(
    "anchored or moored",
    0.7,
    "Stays, whatever it says of its status, where nothing adrift stays: at anchor, or moored.",
    "radar or an image shows it under way, or a boat alongside",
    Case(
        "it stayed within {extent_m:.0f} m for {duration_s:h.1f} h, as only what is "
        "anchored or moored does in a tidal stream",
        HELD,
    ),
)
MADE_FAST: Final = Hypothesis(
    "made fast",
    0.7,
    "Hardly moved for half of the time or longer, at one place or several, whatever it did before, "
    "between and after.",
    "a chart or an image shows open water there, or a boat alongside",
    Case(
        "for half of the time or longer it moved at {median_speed_kn:.2f} kn or less, "
        "which nothing adrift does: it lay at a berth or at anchor",
        Compare("median_speed_kn", "<=", FAST_KN),
    ),
    Case(
        "for {held_fraction:.0%} of {duration_s:h.1f} h it kept to one place, or to one after the "
        "other ({n_held:.0f} in all), within a swinging circle: it lay at anchor or made fast",
        HELD_HALF,
        Not(MOVES_ALL_THE_WHILE),
    ),
)
AT_FIXED_POINTS: Final = Hypothesis(
    "at work at fixed points",
    0.6,
    "Holds four places that drift doesn't, and goes from one to the next. Or, if it is no merchant "
    "ship, one where two others lie, or one does and it shifts under way.",
    "a chart shows nothing there that anybody serves, or it takes something over",
    Case(
        "it held {n_held:.0f} places, for {held_fraction:.0%} of {duration_s:h.1f} h, and went "
        "from one to the next, as vessels do that serve turbines, platforms, farms or buoys",
        HELD_QUARTER,
        Compare("n_held", ">=", 4.0),
    ),
    Case(
        "it held its place for {held_fraction:.0%} of {duration_s:h.1f} h, where others lay "
        "still within 2 nm ({n_lying_near:.0f}), as vessels do that serve turbines, platforms, "
        "farms or buoys",
        NO_MERCHANT,
        SHORT_ENOUGH,
        HELD_QUARTER,
        Any(
            Compare("n_lying_near", ">=", 2.0),
            All(Compare("n_lying_near", ">=", 1.0), Compare("n_shifts", ">=", 1.0)),
        ),
    ),
)
"""Two places, or one other that lies there, cost who waits for boats nothing; who waits doesn't
shift."""
FROM_PLACE_TO_PLACE: Final = Hypothesis(
    "drifting from place to place",
    0.6,
    "A boat, or what says it is no merchant ship and came and went on no voyage, that drifts, and "
    "shifts again and again at the speed of one under way; once more of a boat that says it is a "
    "merchant ship.",
    "it meets another vessel, or nothing there is fished or guarded",
    Case(
        "a boat that shifted its place under way {n_shifts:.0f} times in {duration_s:h.1f} h "
        "and drifted in between, as anglers, samplers and pilot boats do",
        A_BOAT,
        Any(NO_MERCHANT, Compare("n_shifts", ">=", 4.0)),
        Compare("n_shifts", ">=", 3.0),
        Compare("duration_s", "<=", "n_shifts", times=SHIFT_S),
    ),
    Case(
        "it shifted its place under way {n_shifts:.0f} times in {duration_s:h.1f} h and "
        "drifted in between, as vessels do that guard a place or stand by",
        NO_MERCHANT,
        SHORT_ENOUGH,
        Compare("n_shifts", ">=", 4.0),
        Compare("duration_s", "<=", "n_shifts", times=SHIFT_S),
        Compare("extent_m", "<=", POST_M),
        Not(ON_PASSAGE),
    ),
)
TO_AND_FRO: Final = Hypothesis(
    "to and fro on one ground",
    0.6,
    "Goes to and fro several times as far as the place is wide: a boat at any speed, a ship at "
    "that of surveys and dredging, turning again and again.",
    "it meets another vessel, or no gear, survey or dredging is known there",
    Case(
        "it went to and fro {way_ratio:.1f} times as far as the place is wide at "
        "{median_speed_kn:.1f} kn, as boats do along nets and lines; what drifts goes out and "
        "back once in a tide",
        Any(A_BOAT, All(NO_MERCHANT, SHORT_ENOUGH)),
        PLIES_AT_ANY_SPEED,
    ),
    Case(
        "it ran to and fro {way_ratio:.1f} times as far as the place is wide, turned about "
        "{n_turns:.0f} times, and did so at {min_working_kn:g} to {max_working_kn:g} kn for "
        "{working_speed_fraction:.0%} of the time, as in a survey or in dredging",
        PLIES_AT_ANY_SPEED,
        Compare("n_turns", ">=", 4.0),
        Compare("working_speed_fraction", ">=", 0.5),
    ),
)
ADRIFT_BETWEEN_CALLS: Final = Hypothesis(
    "adrift between calls",
    0.5,
    "A large passenger ship that came and went at speed and drifted alone between.",
    "its line has no call for it to wait for, or a boat comes alongside",
    Case(
        "a passenger ship that came at {came_kn:.0f} kn, drifted alone and went on at "
        "{went_kn:.0f} kn: cruise ships wait at sea for their hour",
        Some(Vessel(types=PASSENGER)),
        Compare("longest_m", ">=", CRUISE_M),
        Compare("came_kn", ">=", 5.0),
        Compare("went_kn", ">=", 5.0),
        Compare("n_beside", "<", 1.0),
    ),
)
