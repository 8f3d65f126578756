"""Innocent reasons for a vessel and the craft that serve it to be together."""

from dataclasses import replace
from typing import Final

from detectors.core.hypothesis import (
    AT_ANCHOR,
    FISHING,
    MOORED,
    NOT_UNDER_COMMAND,
    PASSENGER,
    PILOT,
    TANKER,
    TENDER,
    TOWING,
    TUG,
    All,
    Any,
    Case,
    Compare,
    Each,
    Hypothesis,
    Is,
    Not,
    Some,
    Vessel,
)
from detectors.hypotheses.at_work import BOAT_M
from detectors.hypotheses.common import IN_TRANSFER_AREA, TRANSFER_AREA
from detectors.hypotheses.company import (
    AS_ONE,
    BERTHED_KN,
    CAME_AND_WENT,
    COMPANY_M,
    FROM_PORT,
    IN_COMPANY,
)
from detectors.hypotheses.pilots import BOARDING_M, MILE_M, SHIFT_S
from detectors.hypotheses.rafts import HEARD_SELDOM
from detectors.hypotheses.tows import TOW_KN, TOWING_STATUS

TOW_S: Final = 7200.0
"""A tow is made up and cast off near one another; two that came from afar and parted again within
less were no tow. Nor were they if a stream carries two that lie alongside as fast."""
BUNKERING_M: Final = 500.0
"""So far outside the limits the lines of the layers are uncertain."""
ALIKE_S: Final = 1800.0
"""Two that come to one another sail beside each other for minutes."""

TOW_SPREAD_M: Final = 200.0
"""A hawser is shortened and paid out, and what is towed yaws."""

ON_THE_WAY: Final = Any(
    Compare("faster_kn", ">", BERTHED_KN),
    Compare("sailed_alike_s", ">", 0.0),
)
"""What lay still from first to last, and wasn't heard to sail, came to its berth by itself."""
A_TUG: Final = Some(Vessel(types=TOWING | TUG))
HARBOUR_M: Final = 80.0
"""Tugs, tenders and pilot boats are no longer (judgement; as of `tows.TUG_M`)."""
TUG_KN: Final = 13.0
"""Harbour tugs make 12 to 13 kn at most (brochures of their builders); smugglers' boats plane."""
STAYS_KN: Final = 2.0
"""Whom a tug took to her berth stays there, in the ten minutes after they part."""
A_HARBOUR_CRAFT: Final = All(
    Some(Vessel(types=TUG | TENDER | PILOT)),
    Not(Compare("smallest_tug_m", ">", HARBOUR_M)),
    Compare("duration_s", "<=", SHIFT_S),
)
BARGE: Final = All(
    Compare("smallest_tanker_m", ">", 0.0),
    Compare("smallest_tanker_m", "<=", 120.0),
    Compare("duration_s", "<=", 43_200.0),
)
"""A tanker of the size of a bunker barge, for no longer than it takes."""
PUMPS_S: Final = 3600.0
"""Bunkers are pumped for hours. They are sold in Linggi's transfer area (Ship & Bunker and The Sun
Daily, November 2019). Of two the small craft is the tanker, if that is no longer than a boat."""
IN_LIMITS: Final = Any(
    Compare("zone_distance_m", "<=", BUNKERING_M),
    All(
        Compare("zone_distance_m", "<=", MILE_M),
        Some(Vessel(statuses=frozenset({AT_ANCHOR, MOORED}))),
    ),
)
"""An anchor lies on the ground that ships use, wherever the line is drawn."""

TUG_AND_TOW: Final = Hypothesis(
    "tug and tow",
    0.85,
    "One is a tug and they move along together at a steady distance, at the speed of tows if they "
    "came and parted; or go on together, or to a berth.",
    "they stop together off any berth, or part without reaching a port",
    Case(
        "one of the two is a tug or towing, and they moved at {slower_kn:.1f} kn together, "
        "{median_distance_m:.0f} m apart and steady within {distance_spread_m:.0f} m for "
        "{duration_s:h.1f} h",
        Any(A_TUG, Some(Vessel(statuses=TOWING_STATUS))),
        Any(
            Not(CAME_AND_WENT),
            All(Compare("duration_s", ">=", TOW_S), Compare("slower_kn", ">=", TOW_KN[0])),
        ),
        Compare("slower_kn", ">=", 1.0),
        Compare("distance_spread_m", "<=", TOW_SPREAD_M),
    ),
    Case(
        "a tug met a ship under way, and they went on side by side at {went_kn:.1f} kn: it "
        "took her in or out",
        A_TUG,
        Compare("slower_kn", ">=", 1.0),
        Compare("distance_spread_m", "<=", 150.0),
        Compare("parting_kn", "<", 1.0),
        Compare("went_kn", ">=", 2.0),
        Compare("other_went_kn", ">=", 2.0),
    ),
    Case(
        "a tug met a ship and went beside her at {slower_drift_kn:.1f} kn to within "
        "{near_land_m:.0f} m of land: it took her to a berth, whether a zone shows it or not",
        A_TUG,
        Not(Is("both_small_craft")),
        Compare("slower_drift_kn", ">=", 1.0),
        Compare("distance_spread_m", "<=", 150.0),
        Compare("median_distance_m", "<=", 150.0),
        Is("ended_near_land"),
    ),
    needs_types=True,
)
TOW_LYING_TO: Final = Hypothesis(
    "tow lying to",
    0.75,
    "A tug and its tow that came or left together have stopped.",
    "a third vessel comes alongside, or the tow is left behind",
    Case(
        "one of the two is a tug or towing, and they were together already on the way here or "
        "left together: a tow that stopped for {duration_s:h.1f} h",
        Any(A_TUG, Some(Vessel(statuses=TOWING_STATUS))),
        IN_COMPANY,
        ON_THE_WAY,
    ),
    Case(
        "one of the two is a tug or towing, and whenever both were heard at once in the "
        "{sailed_alike_s:h.1f} h before they sailed beside one another: a tow that stopped for "
        "{duration_s:h.1f} h",
        Any(A_TUG, Some(Vessel(statuses=TOWING_STATUS))),
        Compare("sailed_alike_s", ">=", ALIKE_S),
        Not(Compare("apart_before_m", ">", COMPANY_M)),
    ),
    needs_types=True,
)
TUG_TO_A_CASUALTY: Final = Hypothesis(
    "tug to a casualty",
    0.7,
    "One reports not being under command, and the other is a tug that comes, moves as it does and "
    "isn't seen to leave it.",
    "it reported no breakdown to the traffic service, or the tug's owner knows of no such call",
    Case(
        "one reports not being under command, and the other is a tug, which came and stayed "
        "with it for {duration_s:h.1f} h, moving as it did",
        Some(
            Vessel(
                statuses=frozenset({NOT_UNDER_COMMAND}),
                other=Vessel(types=TOWING | TUG),
            )
        ),
        Compare("apart_before_m", ">", COMPANY_M),
        Not(Compare("apart_after_m", ">", COMPANY_M)),
        AS_ONE,
    ),
    needs_types=True,
)
HARBOUR_CRAFT: Final = Hypothesis(
    "harbour craft at work",
    0.7,
    "A tug, tender or pilot boat, not too long for one, at work for six hours at most within a "
    "mile of a port or an anchorage, mapped or not, or within six if it came out of a port; or "
    "any small craft there, no fishing boat, that goes beside a ship to the shore as slowly as "
    "tugs do.",
    "the harbour craft's agent or pilot station knows of no such job",
    Case(
        "one of the two is a tug, tender or pilot boat, {zone_distance_m:nm.1f} nm from a port "
        "or anchorage",
        A_HARBOUR_CRAFT,
        Compare("zone_distance_m", "<=", MILE_M),
    ),
    Case(
        "one of the two is a tug, tender or pilot boat, which came out of a port",
        A_HARBOUR_CRAFT,
        Some(Vessel(types=TUG | TENDER | PILOT, facts=FROM_PORT)),
        Compare("zone_distance_m", "<=", BOARDING_M),
    ),
    Case(
        "one of the two is a tug, tender or pilot boat, where {n_lain:.0f} vessels lay at "
        "once: a harbour or an anchorage, whether a zone says so or not",
        A_HARBOUR_CRAFT,
        Compare("n_lain", ">=", "min_lying"),
    ),
    Case(
        "a small craft came at {approach_kn:.0f} kn, went beside a ship at "
        "{slower_drift_kn:.1f} kn to within {near_land_m:.0f} m of land, "
        "{zone_distance_m:nm.1f} nm from a port or anchorage, and they parted at "
        "{parting_kn:.0f} kn: so ships are taken to their berths, whatever the tug says or "
        "doesn't say that it is",
        Is("small_craft"),
        Not(Is("both_small_craft")),
        Compare("slower_drift_kn", ">=", 1.0),
        Compare("distance_spread_m", "<=", 150.0),
        Compare("median_distance_m", "<=", 150.0),
        Is("ended_near_land"),
        Compare("zone_distance_m", "<=", MILE_M),
        Compare("duration_s", "<=", SHIFT_S),
        Compare("approach_kn", "<", TUG_KN),
        Compare("parting_kn", "<", TUG_KN),
        Any(Compare("went_kn", "<", STAYS_KN), Compare("other_went_kn", "<", STAYS_KN)),
        Not(Some(Vessel(types=FISHING))),
    ),
    needs_types=True,
)
LAY_AT_SEA: Final = All(
    Compare("median_speed_kn", "<", 2.0),
    Compare("other_median_speed_kn", "<", 2.0),
    Compare("anchorage_distance_m", ">", 3704.0),
    Not(Is("near_land")),
)
"""Two that lie together out there: nobody passes."""
FERRY_PASSING: Final = Hypothesis(
    "ferry passing",
    0.75,
    "A ferry that is clear of the other and soon away.",
    "it stops alongside, or is not on a route of its operator",
    Case(
        "one of the two is a ferry or passenger vessel, clear of the other by "
        "{min_distance_m:.0f} m and away after {duration_s:min.0f} min",
        Some(Vessel(types=PASSENGER)),
        Compare("duration_s", "<=", 2700.0),
        Compare("min_distance_m", ">=", 50.0),
        Not(LAY_AT_SEA),
    ),
    needs_types=True,
)
BUNKERING: Final = Hypothesis(
    "bunkering",
    0.8,
    "In or at the edge of port limits or an anchorage, a small tanker with another vessel; for an "
    "hour or more in an area licensed for transfers.",
    "no bunker delivery is known to the port for these vessels and this time",
    Case(
        "a tanker of {smallest_tanker_m:.0f} m (the size of a bunker barge) lay alongside for "
        "{duration_s:h.1f} h inside a port or anchorage",
        BARGE,
        Compare("zone_distance_m", "<=", 0.0),
    ),
    Case(
        "a tanker of {smallest_tanker_m:.0f} m (the size of a bunker barge) lay alongside for "
        "{duration_s:h.1f} h {zone_distance_m:.0f} m from a port or anchorage",
        BARGE,
        IN_LIMITS,
    ),
    Case(
        "a tanker of {smallest_tanker_m:.0f} m (the size of a bunker barge) lay alongside for "
        "{duration_s:h.1f} h inside an area licensed for ship-to-ship transfers, where ships "
        "take bunkers too",
        BARGE,
        Is("in_licensed_sts_area"),
        Not(Is("both_small_craft")),
        Compare("smallest_tanker_m", "<=", BOAT_M),
        Compare("duration_s", ">=", PUMPS_S),
    ),
    needs_types=True,
)
LAY_KN, SLOW_KN = 0.5, 5.0
"""Barges and tenders keep harbour speed among ships at anchor (judgement); of 464 planted meetings
of 60 simulated nights one was in an anchorage, of a boat that came and went at 8 to 13 kn."""
SERVED_AT_ANCHOR: Final = Hypothesis(
    "served at anchor",
    0.5,
    "One comes alongside inside an anchorage for six hours at most, and leaves again; or comes and "
    "goes slowly to one that lies there.",
    "no agent ordered fuel or stores, or the port knows of a transfer of cargo",
    Case(
        "one came alongside the other inside an anchorage and left again after {duration_s:h.1f} "
        "h, as barges do that bring fuel, water and stores, whatever they say of themselves",
        Is("in_anchorage"),
        Not(Is("both_small_craft")),
        Compare("duration_s", "<=", 21_600.0),
        Compare("apart_before_m", ">", COMPANY_M),
        Any(
            Not(Compare("apart_after_m", "<=", COMPANY_M)),
            All(HEARD_SELDOM, Compare("apart_after_m", ">=", "median_distance_m", times=5)),
        ),
        Compare("faster_kn", "<=", "max_speed_kn"),
    ),
    Case(
        "one lay in an anchorage, and the other closed at {closing_kn:.0f} kn, lay beside it "
        "for {duration_s:h.1f} h, and parted at {parting_kn:.0f} kn, as barges and tenders do",
        Is("in_anchorage"),
        Any(Compare("came_kn", "<=", LAY_KN), Compare("other_came_kn", "<=", LAY_KN)),
        Compare("closing_kn", "<=", SLOW_KN),
        Compare("parting_kn", "<=", SLOW_KN),
        Compare("duration_s", ">=", 3600.0),
    ),
)
"""Bunkering a ship takes 2 to 4 h by `BUNKERING`, which asks what the barge says it is.
Half an hour on, between two reports far apart, it is on its way off as a straight line has it."""
BUNKERING_OFF_LIMITS: Final = Hypothesis(
    "bunkering off limits",
    0.35,
    "The same up to a mile off, where none of them lies at anchor.",
    "no bunker delivery is known to the port for these vessels and this time",
    Case(
        "a tanker of {smallest_tanker_m:.0f} m (the size of a bunker barge) lay alongside for "
        "{duration_s:h.1f} h, {zone_distance_m:.0f} m outside a port or anchorage",
        BARGE,
        Compare("zone_distance_m", "<=", MILE_M),
    ),
    needs_types=True,
)
TANKERS_IN_A_TRANSFER_AREA: Final = Hypothesis(
    "tankers in a transfer area",
    0.75,
    "Two tankers inside an area licensed for ship-to-ship transfers.",
    "the transfer was not notified to the authority of that area",
    Case(
        "two tankers inside an area licensed for ship-to-ship transfers: that is its use",
        IN_TRANSFER_AREA.when,
        Each(Vessel(types=TANKER)),
    ),
    needs_types=True,
)
SHIPS_IN_A_TRANSFER_AREA: Final = Hypothesis(
    "licensed transfer area",
    0.65,
    "Two ships there; a small craft has no such business.",
    "the transfer was not notified to the authority of that area",
    Case(IN_TRANSFER_AREA.says, IN_TRANSFER_AREA.when, Not(Is("small_craft"))),
)
BOAT_IN_A_TRANSFER_AREA: Final = replace(
    TRANSFER_AREA,
    name="boat in a transfer area",
    weight=0.25,
    overturned_by="no agent or fender boat company of that area knows the boat",
)
