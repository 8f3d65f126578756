"""Innocent reasons for waiting and being visited."""

from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    OFFICIAL,
    PILOT,
    TUG,
    All,
    Case,
    Compare,
    Hypothesis,
    Is,
    Not,
    Some,
    Subkind,
    Vessel,
)

MILE_M: Final = 1852.0

VISITED: Final = Subkind(("visited",))

HYPOTHESES: Final = (
    Hypothesis(
        "craft at work",
        0.8,
        (
            Case(
                Some(Vessel(types=OFFICIAL | PILOT | TUG)),
                "it is a pilot, tug or official vessel, whose work it is to be met",
            ),
        ),
        "A pilot, tug or official vessel.",
        "its station or agent knows of no such work",
        needs_types=True,
    ),
    Hypothesis(
        "served at anchor",
        0.75,
        (
            Case(
                All(VISITED, Compare("in_anchorage_fraction", ">=", 0.5)),
                "it lies in an anchorage, where {n_visitors:.0f} launches, supply or fishing boats "
                "in some hours are nothing unusual",
            ),
        ),
        "Visited in an anchorage, half of the times or more.",
        "no agent ordered the boats, or they came from the other coast",
    ),
    Hypothesis(
        "served off an anchorage",
        0.5,
        (
            Case(
                All(VISITED, Compare("anchorage_distance_m", "<=", MILE_M)),
                "it lies {anchorage_distance_m:.0f} m off an anchorage or a port, whose boats "
                "serve ships",
            ),
        ),
        "Visited within a mile of an anchorage or a port.",
        "no agent ordered the boats, or they came from the other coast",
    ),
    Hypothesis(
        "fish carrier",
        0.4,
        (
            Case(
                All(VISITED, Compare("fishing_visitors_fraction", ">=", 1.0)),
                "all its visitors are fishing vessels: it may take over their catch",
            ),
        ),
        "Visited by fishing vessels only.",
        "no catch is landed or declared",
        needs_types=True,
    ),
    Hypothesis(
        "fishing",
        0.4,
        (
            Case(
                Some(Vessel(types=FISHING)),
                "it is a fishing vessel, which stays where the fish are",
            ),
        ),
        "A fishing vessel.",
        "it lands no catch",
        needs_types=True,
    ),
    Hypothesis(
        "waiting for orders",
        0.3,
        (
            Case(
                All(Subkind(("waiting",)), Not(Is("returned"))),
                "a ship may wait anywhere for orders, a tide or daylight, once",
            ),
        ),
        "Waits at a place where it hadn't waited before.",
        "it comes back to the same place another night",
    ),
)
