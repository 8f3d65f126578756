"""Innocent reasons for having been where two vessels could have met."""

from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    FISHING,
    FISHING_STATUS,
    NOT_UNDER_COMMAND,
    PLEASURE,
    RESTRICTED,
    All,
    Any,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Subkind,
    Vessel,
)
from detectors.core.statements import STATED_BOUND
from detectors.hypotheses.common import TRANSFER_AREA

LOITERED: Final = {"story": "loitering"}
ONE_GROUND_M: Final = 5 * 1852.0
"""As far apart as boats of a fleet lie: see `UnmatchedSighting.fleet_m`."""
WIDE: Final = Compare("alongside_probability", "<", 0.25)
"""On two nights heard by satellite only, the planted pairs came alongside in four and five of ten
ways, others that were silent at such times in one of ten."""

WAITING_FOR_A_REASON: Final = Hypothesis(
    "waiting for a reason",
    STATED_BOUND,
    (
        Case(
            Any(
                Some(Vessel(types=FISHING, facts=LOITERED)),
                Some(Vessel(statuses=frozenset({FISHING_STATUS}), facts=LOITERED)),
            ),
            "the one that loitered was fishing",
        ),
        Case(
            Some(Vessel(statuses=frozenset({AT_ANCHOR}), facts=LOITERED)),
            "the one that loitered reported being at anchor",
        ),
        Case(
            Some(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}), facts=LOITERED)),
            "the one that loitered reported not being under command",
        ),
        Case(
            Some(Vessel(statuses=frozenset({RESTRICTED}), facts=LOITERED)),
            "the one that loitered reported being restricted in its ability to manoeuvre",
        ),
        Case(
            Some(Vessel(types=PLEASURE, facts=LOITERED)),
            "the one that loitered is a sailing or pleasure craft",
        ),
    ),
    "A loiterer that fishes, lies at anchor, works, can't manoeuvre, or sails for pleasure.",
    "the other one is seen beside it",
)
"""By what it says it is and by its status then, not by the explanation of its loitering: that may
change for as long as it loiters on, when this meeting is long past."""

OWN_EXPLAINED: Final = All(Not(Is("own_explanation", "")), Not(Is("own_explanation", None)))
PARTNER_EXPLAINED: Final = All(
    Not(Is("partner_explanation", "")), Not(Is("partner_explanation", None))
)
AS_ONE: Final = All(Compare("agreement_fraction", ">=", 0.9), Compare("chance_fraction", "<", 0.2))
"""Both began and ended together, while no others were silent so: one reason made both, which isn't
that of one alone."""

HYPOTHESES: Final = (
    Hypothesis(
        "explained by itself",
        0.6,
        (
            Case(
                All(PARTNER_EXPLAINED, Any(Not(AS_ONE), OWN_EXPLAINED)),
                "the silence of one of them has a reason of its own: {partner_explanation}",
            ),
            Case(
                All(OWN_EXPLAINED, Any(Not(AS_ONE), PARTNER_EXPLAINED)),
                "the silence of one of them has a reason of its own: {own_explanation}",
            ),
        ),
        "A silence has an innocent reason of its own; both have, where they began and ended as "
        "one.",
        "that reason falls",
    ),
    WAITING_FOR_A_REASON,
    Hypothesis(
        "boats of one ground",
        0.5,
        (
            Case(
                All(
                    Is("ais_class", "B"),
                    Is("other_ais_class", "B"),
                    Subkind(("silent_and_loitering",)),
                    Any(
                        Compare("apart_m", "<=", ONE_GROUND_M),
                        Compare("other_apart_m", "<=", ONE_GROUND_M),
                    ),
                ),
                "both have class B sets, and the silent one was heard again on the ground where it "
                "was lost, on which the other worked or lay",
            ),
        ),
        "Boats that stay on one ground: that one of them is silent there brings no other to it.",
        "a third vessel or a boarding team saw them together, or they land no catch",
    ),
    Hypothesis(
        "chance within a wide reach",
        0.5,
        (
            Case(
                All(WIDE, Subkind(("silent_and_loitering",))),
                "the one that loitered was so far out of the other's way that {area_km2:,.0f} km² "
                "are no further, and it came alongside in {alongside_probability:.0%} of its ways",
            ),
            Case(
                All(WIDE, Compare("chance_fraction", ">=", 0.2)),
                "they could have met anywhere in {area_km2:,.0f} km², and came alongside in "
                "{alongside_probability:.0%} of their ways: that they could have met at all may be "
                "chance",
            ),
        ),
        "They could have been in so many places that it says little that they could have met, and "
        "others are silent at such times too.",
        "a sighting or a third vessel's report places either of them there",
    ),
    Hypothesis(
        "hardly in time",
        0.4,
        (
            Case(
                Compare("together_fraction", "<", 0.4),
                "they could have been together for {together_fraction:.0%} of the time at most, at "
                "full speed",
            ),
        ),
        "There was hardly time.",
        "either is faster than it was seen to be",
    ),
    TRANSFER_AREA,
)
