"""Innocent reasons for waiting and being visited."""

from typing import Final

from detectors.core.explain import FISHING, OFFICIAL, PILOT, TUG, Facts, Hypothesis
from detectors.kinematics import geodesy


def _served_at_anchor(facts: Facts) -> str | None:
    if facts.subkind == "visited" and facts.number("in_anchorage_fraction") >= 0.5:
        return (
            f"it lies in an anchorage, where {facts.number('n_visitors'):.0f} launches, supply or "
            "fishing boats in some hours are nothing unusual"
        )
    return None


def _roads(facts: Facts) -> str | None:
    away_m = facts.number("anchorage_distance_m")
    if facts.subkind == "visited" and away_m <= geodesy.METRES_PER_NM:
        return f"it lies {away_m:.0f} m off an anchorage or a port, whose boats serve ships"
    return None


def _working(facts: Facts) -> str | None:
    if facts.any_type(OFFICIAL | PILOT | TUG):
        return "it is a pilot, tug or official vessel, whose work it is to be met"
    return None


def _fish_carrier(facts: Facts) -> str | None:
    only = facts.number("fishing_visitors_fraction")
    if facts.subkind == "visited" and only == 1.0:
        return "all its visitors are fishing vessels: it may take over their catch"
    return None


def _fishing(facts: Facts) -> str | None:
    if facts.any_type(FISHING):
        return "it is a fishing vessel, which stays where the fish are"
    return None


def _orders(facts: Facts) -> str | None:
    if facts.subkind == "waiting" and not facts.flag("returned"):
        return "a ship may wait anywhere for orders, a tide or daylight, once"
    return None


HYPOTHESES: Final = (
    Hypothesis(
        "craft at work",
        0.8,
        _working,
        "its station or agent knows of no such work",
        needs_types=True,
    ),
    Hypothesis(
        "served at anchor",
        0.75,
        _served_at_anchor,
        "no agent ordered the boats, or they came from the other coast",
    ),
    Hypothesis(
        "served off an anchorage",
        0.5,
        _roads,
        "no agent ordered the boats, or they came from the other coast",
    ),
    Hypothesis(
        "fish carrier", 0.4, _fish_carrier, "no catch is landed or declared", needs_types=True
    ),
    Hypothesis("fishing", 0.4, _fishing, "it lands no catch", needs_types=True),
    Hypothesis("waiting for orders", 0.3, _orders, "it comes back to the same place another night"),
)
