"""Innocent reasons for waiting and being visited."""

from typing import Final

from detectors.core.hypothesis import (
    FISHING,
    OFFICIAL,
    PASSENGER,
    PILOT,
    TANKER,
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
from detectors.hypotheses.at_work import SHORT_ENOUGH
from detectors.hypotheses.common import AT_A_BERTH
from detectors.hypotheses.company import PLANING_KN

MILE_M: Final = 1852.0

RAFT_S: Final = 3600.0
"""Handing over goods or people takes less (see `rafts.REST_S`)."""

VISITED: Final = Subkind(("visited",))
FISHING_ALL: Final = All(
    VISITED,
    Compare("fishing_visitors_fraction", ">=", 1.0),
    SHORT_ENOUGH,
    Not(Some(Vessel(types=TANKER | PASSENGER))),
)
"""A tanker takes over no catch; fishing boats that come to one may fetch fuel."""
NO_FAST_VISITS: Final = Not(Compare("fastest_approach_kn", ">=", PLANING_KN))
AT_WORK: Final = Some(Vessel(types=OFFICIAL | PILOT | TUG))
AT_WORK_SAYS: Final = "it is a pilot, tug or official vessel, whose work it is to be met"

HYPOTHESES: Final = (
    Hypothesis(
        "craft at work",
        0.8,
        "A pilot, tug or official vessel near a port or an anchorage, to which no boat planed.",
        "its station or agent knows of no such work",
        Case(
            AT_WORK_SAYS + ", {anchorage_distance_m:nm.1f} nm off a port or an anchorage",
            AT_WORK,
            Compare("anchorage_distance_m", "<=", 3 * MILE_M),
            NO_FAST_VISITS,
        ),
        Case(AT_WORK_SAYS, AT_WORK),
        needs_types=True,
    ),
    Hypothesis(
        "served at anchor",
        0.75,
        "Visited in an anchorage, half of the times or more.",
        "no agent ordered the boats, or they came from the other coast",
        Case(
            "it lies in an anchorage, where {n_visitors:.0f} launches, supply or fishing boats "
            "in some hours are nothing unusual",
            VISITED,
            Compare("in_anchorage_fraction", ">=", 0.5),
        ),
    ),
    Hypothesis(
        "served off an anchorage",
        0.5,
        "Visited within a mile of an anchorage or a port.",
        "no agent ordered the boats, or they came from the other coast",
        Case(
            "it lies {anchorage_distance_m:.0f} m off an anchorage or a port, whose boats "
            "serve ships",
            VISITED,
            Compare("anchorage_distance_m", "<=", MILE_M),
        ),
    ),
    Hypothesis(
        "served in a transfer area",
        0.6,
        "Visited in a licensed transfer area, by boats out of a port, or back into one, alone.",
        "no agent ordered the boats, or one of them then lands away from a port",
        Case(
            "it lies in an area licensed for ship-to-ship transfers, and all its visitors came "
            "out of a port or went into one: launches serve ships there too",
            VISITED,
            Compare("port_calls_fraction", ">=", 1.0),
        ),
    ),
    Hypothesis(
        "boats of a raft",
        0.7,
        "Visitors that come slowly, stay for an hour or more and lie there together.",
        "one of them then meets a larger vessel, or lands no catch",
        Case(
            "its visitors came at {fastest_approach_kn:.0f} kn or slower, stayed for "
            "{mean_visit_s:h.1f} h, and {n_at_once:.0f} lay there at once, as boats at rest "
            "do; who hands something over comes and goes",
            VISITED,
            Compare("n_at_once", ">=", 2.0),
            Compare("mean_visit_s", ">=", RAFT_S),
            Compare("fastest_approach_kn", "<", PLANING_KN),
        ),
    ),
    AT_A_BERTH,
    Hypothesis(
        "fish carrier",
        0.4,
        "Visited by fishing vessels only, none of which planes, and of a carrier's size and type.",
        "no catch is landed or declared",
        Case(
            "all its visitors are fishing vessels, none of which came faster than "
            "{fastest_approach_kn:.0f} kn: it may take over their catch",
            FISHING_ALL,
            Compare("fastest_approach_kn", "<", PLANING_KN),
        ),
        Case("all its visitors are fishing vessels: it may take over their catch", FISHING_ALL),
        needs_types=True,
    ),
    Hypothesis(
        "fishing",
        0.2,
        "A fishing vessel.",
        "it lands no catch",
        Case("it is a fishing vessel, which stays where the fish are", Some(Vessel(types=FISHING))),
        needs_types=True,
    ),
    Hypothesis(
        "waiting for orders",
        0.3,
        "Waits at a place where it hadn't waited before.",
        "it comes back to the same place another night",
        Case(
            "a ship may wait anywhere for orders, a tide or daylight, once",
            Subkind(("waiting",)),
            Not(Is("returned")),
        ),
    ),
)
