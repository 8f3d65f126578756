"""How two vessels came to one another and parted, as hypotheses ask it."""

from typing import Final

from detectors.core.explain import Facts

COMPANY_M: Final = 1000.0
"""Nearer than this before they met or after they parted, they came or went in company."""


def came_and_went(facts: Facts) -> bool:
    """Tell whether they came to one another from away, and parted again."""
    before, after = facts.number("apart_before_m"), facts.number("apart_after_m")
    return before > COMPANY_M and after > COMPANY_M


def in_company(facts: Facts) -> bool:
    """Tell whether they were near one another before or afterwards."""
    before, after = facts.number("apart_before_m"), facts.number("apart_after_m")
    return before <= COMPANY_M or after <= COMPANY_M
