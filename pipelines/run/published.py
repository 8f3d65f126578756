"""When the newest run was published, by the clock: kept beside what is compared and hashed, since
a run that is done again is the same to the byte.

The times of its files don't tell once a home was copied without them, or by a disk that sets them.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from pipelines.base.files import read_plain, write_text
from pipelines.base.settings import Installation

_YEARS: Final = range(1970, 2200)
"""Every time of these can be shown in every zone of time, and compared."""


class _Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    time: AwareDatetime


def note_published(installation: Installation, run_id: str) -> None:
    """Note that a run is published now; what can't be noted costs no run."""
    note = {"run_id": run_id, "time": datetime.now(UTC).isoformat()}
    with suppress(OSError):
        write_text(installation.published, json.dumps(note) + "\n")


def published_at(installation: Installation, run_id: str) -> datetime | None:
    """Return when a run was published; None where it left no folder.

    Of one of which no time is noted, such as by a program of before, that is when its manifest was
    written, as its file has it.
    """
    with suppress(OSError, ValueError, OverflowError):  # its time may be any
        written_s = (installation.runs / run_id / "manifest.json").stat().st_mtime
        with suppress(OSError, ValueError):
            note = _Note.model_validate_json(read_plain(installation.published))
            if note.run_id == run_id and note.time.year in _YEARS:
                return note.time.astimezone(UTC)
        return datetime.fromtimestamp(written_s, UTC)
    return None
