"""Innocent reasons for having been where two vessels could have met."""

from typing import Final

from detectors.core.explain import (
    AT_ANCHOR,
    FISHING,
    FISHING_STATUS,
    NOT_UNDER_COMMAND,
    PLEASURE,
    RESTRICTED,
    Facts,
    Hypothesis,
)
from detectors.hypotheses.common import transfer_area


def wide_reach(facts: Facts) -> str | None:
    """They could have been in so many places that it says little that they could have met."""
    area_km2 = facts.number("area_km2")
    if area_km2 > facts.number("tight_area_km2"):
        if facts.subkind == "silent_and_loitering":
            return (
                f"the one that loitered was so far out of the other's way that {area_km2:,.0f} km² "
                "are no further"
            )
        return (
            f"they could have met anywhere in {area_km2:,.0f} km², so that they could have met at "
            "all may be chance"
        )
    return None


def barely(facts: Facts) -> str | None:
    """There was hardly time."""
    share = facts.number("together_fraction")
    if share < 0.4:
        return f"they could have been together for {share:.0%} of the time at most, at full speed"
    return None


def explained_silence(facts: Facts) -> str | None:
    """A silence has an innocent reason of its own."""
    reason = facts.evidence.get("partner_explanation") or facts.evidence.get("own_explanation")
    return f"the silence of one of them has a reason of its own: {reason}" if reason else None


def waits_for_a_reason(facts: Facts) -> str | None:
    """A loiterer that fishes, lies at anchor, works, can't manoeuvre, or sails for pleasure.

    By what it says it is and by its status then, not by the explanation of its loitering: that may
    change for as long as it loiters on, when this meeting is long past.
    """
    for prefix, ship_type in zip(("", "other_"), facts.ship_types, strict=False):
        if facts.evidence.get(f"{prefix}story") == "loitering":
            return reason_to_wait(ship_type, facts.evidence.get(f"{prefix}nav_status"))
    return None


def reason_to_wait(ship_type: int, status: int | None) -> str | None:
    """What a vessel of some type and navigation status waits for, None where nothing says."""
    if ship_type in FISHING or status == FISHING_STATUS:
        return "the one that loitered was fishing"
    if status in _WAITING:
        return f"the one that loitered reported {_WAITING[status]}"
    if ship_type in PLEASURE:
        return "the one that loitered is a sailing or pleasure craft"
    return None


_WAITING: Final = {
    AT_ANCHOR: "being at anchor",
    NOT_UNDER_COMMAND: "not being under command",
    RESTRICTED: "being restricted in its ability to manoeuvre",
}

HYPOTHESES: Final = (
    Hypothesis("explained by itself", 0.6, explained_silence, "that reason falls"),
    Hypothesis("waiting for a reason", 0.6, waits_for_a_reason, "the other one is seen beside it"),
    Hypothesis(
        "chance within a wide reach",
        0.5,
        wide_reach,
        "a sighting or a third vessel's report places either of them there",
    ),
    Hypothesis("hardly in time", 0.4, barely, "either is faster than it was seen to be"),
    Hypothesis(
        "licensed transfer area",
        0.4,
        transfer_area,
        "no transfer was notified to the authority of that area",
    ),
)
