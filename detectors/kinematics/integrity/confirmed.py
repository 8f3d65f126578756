"""By how many reports a hull is known."""

from typing import Final

CONFIRMING_REPORTS: Final = 3
"""A further hull has so many reports in a row within `HULL_STEP_S` of one another: corrupt fixes
seldom agree thrice; or, heard by satellite only, `MANY_REPORTS`."""

MANY_REPORTS: Final = 6

HULL_STEP_S: Final = 900.0
"""Three corrupt fixes of a day would else be a vessel. Class A and B under way report every 30 s or
more often (ITU-R M.1371-5, annex 1, tables 1 and 2)."""
