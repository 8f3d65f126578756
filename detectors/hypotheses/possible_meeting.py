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
    "A loiterer that fishes, lies at anchor, works, can't manoeuvre, or sails for pleasure.",
    "the other one is seen beside it",
    Case(
        "the one that loitered was fishing",
        Any(
            Some(Vessel(types=FISHING, facts=LOITERED)),
            Some(Vessel(statuses=frozenset({FISHING_STATUS}), facts=LOITERED)),
        ),
    ),
    Case(
        "the one that loitered reported being at anchor",
        Some(Vessel(statuses=frozenset({AT_ANCHOR}), facts=LOITERED)),
    ),
    Case(
        "the one that loitered reported not being under command",
        Some(Vessel(statuses=frozenset({NOT_UNDER_COMMAND}), facts=LOITERED)),
    ),
    Case(
        "the one that loitered reported being restricted in its ability to manoeuvre",
        Some(Vessel(statuses=frozenset({RESTRICTED}), facts=LOITERED)),
    ),
    Case(
        "the one that loitered is a sailing or pleasure craft",
        Some(Vessel(types=PLEASURE, facts=LOITERED)),
    ),
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
        "A silence has an innocent reason of its own; both have, where they began and ended as "
        "one.",
        "that reason falls",
        Case(
            "the silence of one of them has a reason of its own: {partner_explanation}",
            PARTNER_EXPLAINED,
            Any(Not(AS_ONE), OWN_EXPLAINED),
        ),
        Case(
            "the silence of one of them has a reason of its own: {own_explanation}",
            OWN_EXPLAINED,
            Any(Not(AS_ONE), PARTNER_EXPLAINED),
        ),
    ),
    WAITING_FOR_A_REASON,
    Hypothesis(
        "boats of one ground",
        0.5,
        "Boats that stay on one ground: that one of them is silent there brings no other to it.",
        "a third vessel or a boarding team saw them together, or they land no catch",
        Case(
            "both have class B sets, and the silent one was heard again on the ground where it "
            "was lost, on which the other worked or lay",
            Is("ais_class", "B"),
            Is("other_ais_class", "B"),
            Subkind(("silent_and_loitering",)),
            Any(
                Compare("apart_m", "<=", ONE_GROUND_M),
                Compare("other_apart_m", "<=", ONE_GROUND_M),
            ),
        ),
    ),
    Hypothesis(
        "chance within a wide reach",
        0.5,
        "They could have been in so many places that it says little that they could have met, and "
        "others are silent at such times too.",
        "a sighting or a third vessel's report places either of them there",
        Case(
            "the one that loitered was so far out of the other's way that {area_km2:,.0f} km² "
            "are no further, and it came alongside in {alongside_probability:.0%} of its ways",
            WIDE,
            Subkind(("silent_and_loitering",)),
        ),
        Case(
            "they could have met anywhere in {area_km2:,.0f} km², and came alongside in "
            "{alongside_probability:.0%} of their ways: that they could have met at all may be "
            "chance",
            WIDE,
            Compare("chance_fraction", ">=", 0.2),
        ),
    ),
    Hypothesis(
        "hardly in time",
        0.4,
        "There was hardly time.",
        "either is faster than it was seen to be",
        Case(
            "they could have been together for {together_fraction:.0%} of the time at most, at "
            "full speed",
            Compare("together_fraction", "<", 0.4),
        ),
    ),
    TRANSFER_AREA,
)
