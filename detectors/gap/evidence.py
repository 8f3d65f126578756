"""What a gap rests on."""

from collections.abc import Mapping
from typing import Any, Final

from detectors.core.evidence import Bound, at_least, at_most
from detectors.gap.limits import Limits

SETTINGS: Final = (
    "history_s",
    "recent_s",
    "habit_s",
    "min_neighbours",
    "min_beside",
    "min_known_hours",
    "min_lying",
    "ground_m",
)
"""Parameters that shape what is measured."""


def bounds(limits: Limits, measured: Mapping[str, Any]) -> dict[str, Bound]:
    """Return what of a silence the rule bounds, by name."""
    shortest = "min_duration_b_s" if measured["ais_class"] == "B" else "min_duration_a_s"
    least = {
        "duration_s": shortest,
        "n_history_reports": "min_history_reports",
        "regular_s": "min_regular_s",
        "interval_ratio": "min_interval_ratio",
        "heard_fraction": "min_heard_fraction",
    }
    if measured["by_passes"]:
        for name in ("interval_ratio", "n_history_reports", "regular_s", "heard_fraction"):
            del least[name]
    found = {name: at_least(measured[name], limits, by) for name, by in least.items()}
    share = measured["other_silence_ratio"]
    if measured["by_passes"]:
        chance = measured["missed_probability"]
        found["missed_probability"] = at_most(chance, limits, "max_missed_chance")
    if measured["cut_off_sharply"]:
        return found
    return {**found, "other_silence_ratio": at_most(share, limits, "max_other_silence_ratio")}
