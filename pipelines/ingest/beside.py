"""Files that stand beside feeds and hold positions, but no reports: sightings, and truths.

An exercise's folder has both: what others saw, and what is false in its feed, report by report.
Taken for a feed, a truth would tell of vessels what nobody received.
"""

import re
from collections.abc import Sequence
from typing import Final

from pipelines.ingest.errors import IngestError

_TRUTH: Final = re.compile(rb'\s*\{\s*"t0":\s*[-\d.]+,\s*"t1":\s*[-\d.]+,\s*"events":')
_TRUE_TIMES: Final = frozenset({"fault", "true_time"})
UNCERTAIN: Final = "uncertainty_m"
"""A column that a table of sightings has, and one of position reports hasn't."""


class BesideError(IngestError):
    """What stands beside feeds was taken for one."""


def is_truth(header: Sequence[str]) -> bool:
    """Return whether a table tells of reports what is false in them."""
    return set(header) >= _TRUE_TIMES


def begins_truth(data: bytes) -> bool:
    """Return whether plain bytes are the beginning of the truth of an exercise."""
    first = data.partition(b"\n")[0].decode("utf-8", "replace").strip("\ufeff\r ")
    return is_truth(first.split(",")) or _TRUTH.match(data) is not None


def is_seen(header: Sequence[str]) -> bool:
    """Return whether a table is one of sightings, which don't know whom they saw."""
    return UNCERTAIN in header and not any("mmsi" in column.casefold() for column in header)


def truth(name: str, data: bytes, header: Sequence[str]) -> IngestError | None:
    """Return the error that says so where a file is the truth of an exercise; else None."""
    if not is_truth(header) and _TRUTH.match(data) is None:
        return None
    return BesideError(
        f"{name} is the truth of an exercise, not a feed",
        hint="selat exercise score reads truth.json; faulty_reports.csv is for people. The feed is "
        "feed.nmea.gz beside it",
    )


def sightings(name: str) -> IngestError:
    """Return the error that says that a table is one of sightings, and where these go."""
    return BesideError(
        f"{name} is a table of sightings, not of position reports",
        hint="give it to selat nightly --sightings or selat sightings import, and leave it "
        "out of the feeds",
    )
