"""Innocent reasons for vessels at work, and for boats, to be together."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    FISHING,
    MERCHANT,
    MOORED,
    PLEASURE,
    RESTRICTED,
    UNSTATED,
    WORKING,
    Facts,
)

WORK_ROOM_M: Final = 200.0


ALONGSIDE_M: Final = 50.0
"""Boats at work keep room for gear and cable between them, and may pass nearer, not alongside."""


REST_HOURS: Final = 3.0
"""Handing over goods or people takes less than an hour, fuel to a boat one or two."""


def working_together(facts: Facts) -> str | None:
    """A vessel at work at sea, and one that guards or serves it at a steady distance."""
    restricted = any(
        status == RESTRICTED and code > 0
        for status, code in zip(facts.statuses(), facts.ship_types, strict=True)
    )
    if (
        (facts.any_type(WORKING) or restricted)
        and not facts.any_type(MERCHANT)
        and facts.number("distance_spread_m") <= 150
        and facts.hours >= 1
    ):
        return (
            "one of the two works at sea (by its type, or restricted in its ability to manoeuvre), "
            f"and the other kept {facts.number('median_distance_m'):.0f} m off, steady within "
            f"{facts.number('distance_spread_m'):.0f} m for {facts.hours:.1f} h, as guard and "
            "supply boats do"
        )
    return None


def pair_trawling(facts: Facts) -> str | None:
    """Two fishing vessels tow a net between them at trawling speed."""
    slower_kn, faster_kn = facts.median_speeds_kn()
    if (
        facts.any_type(FISHING)
        and _boats_of_a_ground(facts)
        and slower_kn >= 1.5
        and faster_kn - slower_kn <= 1.0
    ):
        return (
            f"both are, or may be, fishing vessels and moved together at {slower_kn:.1f} to "
            f"{faster_kn:.1f} kn, {facts.number('median_distance_m'):.0f} m apart"
        )
    return None


def fishing_in_company(facts: Facts) -> str | None:
    """Fishing vessels at work near one another, not alongside."""
    if (
        facts.any_type(FISHING)
        and _boats_of_a_ground(facts)
        and facts.number("median_distance_m") >= 100
    ):
        return (
            f"fishing boats {facts.number('median_distance_m'):.0f} m apart: boats of one ground "
            "work near one another"
        )
    return None


def boats_at_rest(facts: Facts) -> str | None:
    """Fishing boats that lie still for hours, by night or off their village, alongside or not."""
    _, faster_kn = facts.median_speeds_kn()
    drift_kn = max(facts.number("drift_kn"), facts.number("other_drift_kn"))
    if (
        facts.flag("both_small_craft")
        and facts.any_type(FISHING)
        and _boats_of_a_ground(facts)
        and facts.hours >= REST_HOURS
        and faster_kn <= 0.2
        and drift_kn <= 0.1
    ):
        return (
            f"fishing boats that lay still, {facts.number('median_distance_m'):.0f} m apart, for "
            f"{facts.hours:.1f} h, as a fleet at rest does; handing something over takes less"
        )
    return None


def at_work_on_one_ground(facts: Facts) -> str | None:
    """One fishes, the other fishes or works at sea, and they keep clear of one another."""

    def works(code: int, status: int) -> bool:
        return code in FISHING | WORKING and status not in {AT_ANCHOR, MOORED}

    if (
        all(works(*said) for said in zip(facts.ship_types, facts.statuses(), strict=True))
        and facts.number("median_distance_m") >= WORK_ROOM_M
        and facts.number("min_distance_m") >= ALONGSIDE_M
    ):
        return (
            "one fishes and the other fishes or works at sea, never nearer than "
            f"{facts.number('min_distance_m'):.0f} m"
        )
    return None


def small_craft_together(facts: Facts) -> str | None:
    """Two small craft, neither of which says it is a merchant ship."""
    if facts.flag("both_small_craft") and not facts.any_type(MERCHANT):
        return (
            "both are small craft: boats lie together to talk, to share bait or catch, or to help "
            "one another"
        )
    return None


def _boats_of_a_ground(facts: Facts) -> bool:
    """Whether each says it fishes, or is a small craft that says nothing else."""
    stated = [code for code in facts.ship_types if code not in UNSTATED | PLEASURE]
    if not all(code in FISHING for code in stated):
        return False
    return len(stated) == len(facts.ship_types) or facts.flag("both_small_craft")
