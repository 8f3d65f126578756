"""What false positions rest on."""

from collections.abc import Iterable
from typing import Final

SHAPED_BY: Final = (
    (("n_reports",), "min_reports"),
    (("leap_m",), "min_leap_m"),
    (("extent_m",), "max_frozen_m"),
    (("inland_s",), "min_inland_m"),
    (("away_s", "inland_fraction"), "min_leapt_inland_m"),
    (("n_copied",), "max_lag_s"),
    (("n_others_scattered",), "max_interference_m"),
)
"""Parameters that shape what is measured, each with the names of what shows that it did."""


def settings_of(evidence: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the parameters that shaped evidence, from the names of what it holds."""
    known = set(evidence)
    return tuple(parameter for names, parameter in SHAPED_BY if known.issuperset(names))
