"""When runs are due, and up to when they were done."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from pipelines.base.files import read_plain, write_text

NIGHT: Final = "the nightly run"
LOOK: Final = "a look"
"""What the home's note of a failure says that failed."""


def awake_or_not_s() -> float:
    """Return seconds that pass while the machine sleeps, too, where it tells (clock_gettime(2))."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def due_around(cron: str, timezone: str, now: datetime) -> tuple[datetime, datetime]:
    """Return the last and the next time of a schedule, UTC; the minute that has just begun is past.

    >>> due_around("0 2 * * *", "Asia/Kuala_Lumpur", datetime(2026, 11, 25, 12, tzinfo=UTC))[0]
    datetime.datetime(2026, 11, 24, 18, 0, tzinfo=datetime.timezone.utc)
    """
    here = now.astimezone(ZoneInfo(timezone))
    last = next(CronSim(cron, here + timedelta(seconds=1), reverse=True))
    return last.astimezone(UTC), next(CronSim(cron, here)).astimezone(UTC)


def due_between(cron: str, timezone: str, since: datetime, until: datetime) -> list[datetime]:
    """List the times of a schedule after `since` and no later than `until`, UTC, in order.

    >>> since, until = datetime(2026, 11, 22, 19, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
    >>> found = due_between("0 2 * * *", "Asia/Kuala_Lumpur", since, until)
    >>> [f"{time:%d %H:%M}" for time in found]
    ['23 18:00', '24 18:00']
    """
    times: Iterator[datetime] = CronSim(cron, since.astimezone(ZoneInfo(timezone)))
    return [time.astimezone(UTC) for time in takewhile(lambda time: time <= until, times)]


@dataclass(frozen=True)
class Served:
    """The schedule of a home: since when it is served, and the last due time that was done.

    A run that somebody starts by hand is none of the schedule's, so that it doesn't hide a missing
    one.
    """

    since: datetime
    done: datetime | None


def believed(served: Served, cron: str, timezone: str, now: datetime) -> Served:
    """Return what is noted, as if only the night before the last had been done where it lies ahead.

    A clock was ahead then. No night would be due, nor one missing, until what it showed has come.
    """
    if max(served.since, served.done or served.since) <= now:
        return served
    due, _ = due_around(cron, timezone, now)
    before, _ = due_around(cron, timezone, due - timedelta(minutes=1))
    return Served(min(served.since, before), before)


def read_served(path: Path) -> Served | None:
    """Return what is noted; None if the schedule was never served here."""
    if not path.exists():
        return None
    note = json.loads(read_plain(path))
    done = note["done"]
    return Served(
        datetime.fromisoformat(note["since"]),
        None if done is None else datetime.fromisoformat(done),
    )


def write_served(path: Path, served: Served) -> None:
    """Note it, whole or not at all."""
    done = None if served.done is None else served.done.isoformat()
    write_text(path, json.dumps({"since": served.since.isoformat(), "done": done}) + "\n")
