"""How two vessels came to one another and parted, as hypotheses ask it."""

from typing import Final

from detectors.core.hypothesis import All, Any, Compare

COMPANY_M: Final = 1000.0
"""Nearer than this before they met or after they parted, they came or went in company."""

CAME_AND_WENT: Final = All(
    Compare("apart_before_m", ">", COMPANY_M), Compare("apart_after_m", ">", COMPANY_M)
)
"""They came to one another from away, and parted again."""
IN_COMPANY: Final = Any(
    Compare("apart_before_m", "<=", COMPANY_M), Compare("apart_after_m", "<=", COMPANY_M)
)
"""They were near one another before or afterwards."""
