"""What the last look between nights left in the home, for the next one and for `selat status`."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict

from pipelines.base.files import read_plain, write_text
from pipelines.base.settings import Installation, StoreSettings


class State(BaseModel):
    """What the last look left, in the home: a look that doesn't find it looks at everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    looked: datetime
    """When it was, by the clock."""
    upto: datetime
    whole: datetime
    """Up to when reports were looked at, and by all detectors."""
    start: datetime
    """Of its window."""
    run_id: str
    """The newest run of the store when it ended."""
    feeds: tuple[str, ...]
    """Keys of the feeds that it and those before it have seen, and the night hasn't."""
    told_from: datetime
    """From when on reports came since, or may be judged otherwise than they were for that run."""
    setup: str
    """Digest of configuration, detectors, learned places and models."""
    every_min: float = 0.0
    """How often looks are made, 0 for a single one."""


def stamp(time: datetime) -> pd.Timestamp:
    """Return a time as the store has times: in its unit, and in the same UTC."""
    return pd.Timestamp(time).tz_convert("UTC").as_unit("us")


def read_state(installation: Installation) -> State | None:
    """Return what the last look left; None where there was none, or it can't be read."""
    with suppress(OSError, ValueError):
        return State.model_validate_json(read_plain(installation.looked))
    return None


def write_state(installation: Installation, state: State) -> None:
    """Note it, whole or not at all, whoever else watches at the same time."""
    write_text(installation.looked, state.model_dump_json() + "\n")


def stats_of(*folders: Path) -> list[tuple[str, int, int]]:
    """Return name, size and time of change of all files in some folders."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            with suppress(OSError):
                stat = path.stat()
                found.append((str(path), stat.st_size, stat.st_mtime_ns))
    return found


def on_one_thread(settings: StoreSettings) -> StoreSettings:
    """Return settings by which the catalogue is asked by one thread, unless they say how many: of
    what is small, sharing it out is a tenth of a look.
    """
    return settings.model_copy(update={"threads": settings.threads or 1})
