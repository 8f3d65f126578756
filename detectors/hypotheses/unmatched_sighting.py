"""Innocent reasons for something that no AIS explains."""

from typing import Final

from detectors.core.hypothesis import All, Any, Case, Compare, Hypothesis, Is, Not, Subkind
from detectors.core.statements import STATED_BOUND

HEARD_BY_A_PASS: Final = All(Is("after_a_pass"), Compare("n_heard_near", ">=", "min_heard_near"))
"""A satellite that hears others within 30 nm hears what is there too, as it passes."""
WITHIN_REACH: Final = Compare("reach_ratio", "<=", 0.85)
AT_THE_EDGE: Final = Compare("reach_ratio", "<=", 1.15)
"""Shares of the least reach of a station, `Receivers.reach_ratio`: of places within the first nine
in ten were heard, of those between them seven, of those further out fewer than half (measured as
said at `receivers.WELL_WITHIN`)."""
FEW_HEARD: Final = All(
    Compare("n_heard_around", "<", 2.0),
    Not(Subkind(("near_loitering",))),
    Not(WITHIN_REACH),
    Not(Is("seen_without_ais")),
    Not(HEARD_BY_A_PASS),
    Not(
        All(
            Compare("n_known_hours", ">=", "min_known_hours"),
            Compare("n_heard_near", ">=", "min_heard_near"),
        )
    ),
)
"""No AIS was heard there at that time, nor is it at others; a loiterer near by is heard. What lies
within a station's reach would be, and whoever saw it may have a receiver beside it."""
LOST_AT_THE_EDGE: Final = All(
    Subkind(("near_gap",)),
    Compare("silence_probability", ">=", "max_silence_probability", times=0.5),
    Compare("n_heard_around", "<", 2.0),
    Not(WITHIN_REACH),
)
"""It is held against a vessel that fell silent where one in ten do in a half hour, further out than
a station hears for certain, with hardly anybody heard at that time: that vessel is what was seen,
which nobody could hear."""
FEW_IN_THE_DAY: Final = " was heard around it in that half hour, and few in the whole day"
NO_LARGE_ONE: Final = Not(Compare("sighted_length_m", ">=", "voluntary_length_m"))

HYPOTHESES: Final = (
    Hypothesis(
        "beyond reception",
        0.85,
        "No AIS was heard there at that time, nor is it at others; or it isn't heard on there.",
        "another feed heard vessels there at that time",
        Case(
            "no vessel" + FEW_IN_THE_DAY,
            FEW_HEARD,
            Not(AT_THE_EDGE),
            Compare("n_heard_around", "<", 1.0),
        ),
        Case(
            "vessels heard there fall silent ({silence_probability:.0%} in a half hour): they "
            "aren't heard on",
            Any(
                Compare("silence_probability", ">", "max_silence_probability"),
                LOST_AT_THE_EDGE,
            ),
            Not(Is("seen_without_ais")),
            Not(HEARD_BY_A_PASS),
            Not(All(AT_THE_EDGE, Compare("n_known_hours", "<", "min_known_hours"))),
        ),
    ),
    Hypothesis(
        "at the edge of reception",
        0.3,
        "No AIS was heard there; the reach of a station ends there or a little further out.",
        "another feed heard vessels there at that time",
        Case(
            "no vessel" + FEW_IN_THE_DAY + ", and it lay at the edge of what a station hears",
            FEW_HEARD,
            AT_THE_EDGE,
            Compare("n_heard_around", "<", 1.0),
        ),
    ),
    Hypothesis(
        "reception of one vessel alone",
        0.2,
        "One vessel alone was heard there, or by a pass: another one may be heard less well.",
        "another feed heard more vessels there at that time",
        Case("one vessel alone" + FEW_IN_THE_DAY, FEW_HEARD),
        Case(
            "a satellite that passed within half an hour heard {n_heard_near:.0f} vessels near "
            "by, and may have missed one",
            HEARD_BY_A_PASS,
            Compare("n_heard_around", "<", 2.0),
            Compare("n_known_hours", "<", "min_known_hours"),
            Not(Subkind(("near_loitering",))),
            Not(Is("seen_without_ais")),
        ),
    ),
    Hypothesis(
        "fleet without AIS",
        0.5,
        "Others without AIS were seen around it at the same time.",
        "it lies apart from them, or is larger than they are",
        Case(
            "{n_unmatched_near:.0f} more without AIS were seen within {fleet_m:nm.0f} nm in "
            "the same scene, as boats of a fleet lie",
            Compare("n_unmatched_near", ">=", "min_fleet"),
        ),
    ),
    Hypothesis(
        "harbour traffic",
        0.7,
        "In or off a harbour, where boats without AIS come and go.",
        "it is seen again further out, or alongside a vessel",
        Case(
            "it was inside a port or anchorage, where boats without AIS come and go",
            NO_LARGE_ONE,
            Is("in_harbour"),
        ),
        Case(
            "it was close to land, where boats without AIS come and go",
            NO_LARGE_ONE,
            Is("near_land"),
        ),
    ),
    Hypothesis(
        "uncertain sighting",
        0.6,
        "Whoever saw it wasn't sure.",
        "a second source saw it too",
        Case(
            "whoever saw it gives it {confidence_fraction:.0%} of being anything at all",
            Compare("confidence_fraction", "<", 0.5),
        ),
    ),
    Hypothesis(
        "craft that need not carry AIS",
        STATED_BOUND,
        "Small: it need not carry AIS.",
        "it meets a vessel, or lies where one loiters or is silent",
        Case(
            "at {length_m:.0f} m it need not carry AIS (SOLAS V/19: from 300 GT, some 45 m, on)",
            Compare("sighted_length_m", "<", "voluntary_length_m"),
            Subkind(("",)),
        ),
    ),
    Hypothesis(
        "a vessel off its reckoned place",
        0.4,
        "A track passes almost near enough.",
        "that vessel's next report shows that it was elsewhere",
        Case(
            "a vessel with AIS may be what was seen, with a probability of "
            "{best_match_probability:.0%}",
            Compare("best_match_probability", ">=", 0.2),
        ),
    ),
)
"""A satellite hears vessels for ten minutes of a pass: most of them fall silent after it, so where
vessels aren't heard on is beyond reception too."""
