"""Reports that lay in the future when they were read: when their feed is read again.

Times in the future are mostly the fault of a transmitter or a receiver. Where the clock of this
machine is slow, though, they are right, and the feed is whole once the clock is: so the ledger
notes when they will have come, and the feed is read again then, in place of the first reading. The
store is then as if the clock had been right from the beginning.

A feed is only read again where some of what waits can land, so reports of the year 2037 cost
nothing until then. Where times are scattered over the future, so that some come every night, each
further reading waits twice as long as the one before: ten in three years.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd

CLOCK_VESSELS: Final = 3
CLOCK_SHARE: Final = 0.1
"""So many vessels, and so much of a feed's vessels, don't have clocks that run ahead by chance: it
is this machine's, or the receiver's."""

_FIRST_WAIT: Final = timedelta(days=1)


@dataclass(frozen=True)
class Waiting:
    """What of a feed waits for its time."""

    feed: str
    rows: int
    vessels: int
    first: datetime
    last: datetime
    heard: int
    """Vessels of the feed whose reports landed."""
    readings: int
    """How often it was read again already."""

    @property
    def may_be_the_clock(self) -> bool:
        """Tell whether this machine's clock, rather than some transmitter's, may be wrong."""
        return self.vessels >= max(CLOCK_VESSELS, CLOCK_SHARE * (self.heard + self.vessels))

    def due(self, not_after: datetime) -> bool:
        """Return whether reading it again is worth it, where reports up to a time are taken."""
        wait = _FIRST_WAIT * 2 ** (self.readings - 1) if self.readings else timedelta(0)
        return not_after >= self.first + wait

    def in_words(self, now: datetime | None = None) -> str:
        """Return what waits, and why; told from a time, or without a clock, as runs have none."""
        ahead_h = 0.0 if now is None else (self.last - now).total_seconds() / 3600
        by = f"by up to {_length(ahead_h)}" if ahead_h > 0 else f"({self.last:%Y-%m-%d %H:%M}Z)"
        clock = "" if now is None else f" ({now:%Y-%m-%d %H:%M}Z)"
        whose = (
            f"this machine's clock{clock} may be slow"
            if self.may_be_the_clock
            else f"the clocks of {self.vessels:,} of its vessels run ahead"
        )
        were = "are" if ahead_h > 0 or now is None else "were"
        return (
            f"{self.rows:,} reports {were} from the future {by}: {whose}; they are kept out, and "
            "read again at the next run that is given the feed once their time has come"
        )


def of_report(feed: str, report: Mapping[str, Any]) -> Waiting | None:
    """Return what waits by a feed's report; None where nothing does."""
    noted = report.get("waiting")
    if not noted:
        return None
    return Waiting(
        feed=feed,
        rows=int(noted["rows"]),
        vessels=int(noted["vessels"]),
        first=_time(noted["first_time"]),
        last=_time(noted["last_time"]),
        heard=int(report["vessels"]),
        readings=int(noted.get("readings", 0)),
    )


def of_feed(found: pd.DataFrame, feed_key: str, feed: str) -> Waiting | None:
    """Return what waits in one feed of a store (`Queries.waiting`); None where nothing does."""
    if found.empty:
        return None
    reports = found.loc[found["feed_key"] == feed_key, "report"].tolist()
    return of_report(feed, reports[0]) if reports else None


def noted(report: Mapping[str, Any], before: Waiting | None) -> dict[str, Any]:
    """Return a feed's report as the ledger keeps it, where the reading before was `before`."""
    plain = dict(report)
    if before is not None and "waiting" in plain:
        plain["waiting"] = {**plain["waiting"], "readings": before.readings + 1}
    return plain


def by_content(found: pd.DataFrame) -> dict[str, Waiting]:
    """Return what waits in the feeds of a store (`Queries.waiting`), by the SHA-256 of the feed."""
    rows = zip(found["sha256"], found["name"], found["report"], strict=True)
    told = {str(sha256): of_report(str(name), report) for sha256, name, report in rows}
    return {sha256: waiting for sha256, waiting in told.items() if waiting is not None}


def alone(found: pd.DataFrame, sha256: str) -> list[str]:
    """Return keys under which a feed file is in the ledger though all of its rows wait.

    Where it was read by a wrong layout, whose times lie in the future, another reading replaces it.
    """
    if found.empty:
        return []
    found = found[found["sha256"] == sha256]
    return [
        str(key)
        for key, report in zip(found["feed_key"], found["report"], strict=True)
        if not report["positions"] + report["statics"] + report["outside_area"]
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _length(hours: float) -> str:
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:,.0f} days"
