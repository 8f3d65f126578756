"""What is asked of a nightly run, what is wrong with that, and saying that a run failed."""

import glob
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pipelines.base.settings import Installation
from pipelines.base.visible import clean
from pipelines.ingest import discover
from pipelines.run.feeds import Reading, ingest_options
from pipelines.run.setup import Setup
from pipelines.run.windows import asked_for

_AREA: Final = "See `feeds.Reading`."

_DATE: Final = "See `windows.choose_window`."


class NightRequest(BaseModel):
    """What a nightly run is to read, how, and over which window."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feeds: tuple[str, ...] = Field(
        (), description='Files, folders, globs, or "-"; none: those of the settings.'
    )
    sightings: tuple[str, ...] = Field(
        (), description="Files of what others saw, beside the feeds."
    )
    area: str | None = Field(None, description=_AREA)
    mapping: str | None = Field(None, description=_AREA)
    assume_time: str | None = Field(None, description=_AREA)
    date: str | None = Field(None, description=_DATE)
    since: str | None = Field(None, description=_DATE)
    until: str | None = Field(None, description=_DATE)

    @property
    def reading(self) -> Reading:
        """How its feeds are to be read."""
        return Reading(self.area, self.mapping, self.assume_time)


def refuse_wrong(installation: Installation, request: NightRequest) -> None:
    """Find what is wrong with a request before the orchestrator takes its time to start.

    Raises
    ------
    SelatError
        If a time, the area, the mapping or the configuration is wrong, or no feed is there.
    """
    asked_for(request.date, request.since, request.until)
    ingest_options(installation, Setup.load(installation).zones, request.reading)
    given = [feed for feed in request.feeds if feed != "-"]
    if given and not any(Path(feed).exists() or glob.glob(feed, recursive=True) for feed in given):  # noqa: PTH207 - may be absolute
        discover(given, installation.spool)  # says what is wrong


def note_failure(installation: Installation, error: Exception) -> None:
    """Say on stderr and in the home that a run failed, for whoever looks in the morning."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"{now}: the nightly run failed: {clean(str(error) or type(error).__name__)}\n"
    sys.stderr.write(text)
    with suppress(OSError):
        installation.failure.write_text(text, encoding="utf-8")
