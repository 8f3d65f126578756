"""A night as its list of steps, what is asked of it, and saying that it failed."""

import json
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from detectors.core.errors import SelatError
from pipelines.base.failure import forget_failure, keep_traceback, note_failure, under_way
from pipelines.base.progress import reporter
from pipelines.base.settings import Installation
from pipelines.detect.window import Detection
from pipelines.ingest import as_text, discover, matching
from pipelines.run import feeds, runs
from pipelines.run.feeds import IngestSummary, Reading, ingest_options
from pipelines.run.opened import writing
from pipelines.run.setup import Setup
from pipelines.run.sightings import SightingsSummary, import_sightings
from pipelines.run.windows import asked_for, choose_window
from pipelines.store import RUN_WAIT_S, Queries, exists, read

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
        """Return how its feeds are to be read."""
        return Reading(self.area, self.mapping, self.assume_time)


@dataclass(frozen=True)
class Steps:
    """The steps of a night as they are, or as tasks of an orchestrator that wrap them."""

    ingest_feed: Callable[..., dict[str, Any] | None] = feeds.ingest_feed
    work_out_days: Callable[..., int] = runs.work_out_days
    run_detectors: Callable[..., Detection] = runs.run_detectors
    judge: Callable[..., runs.Judged] = runs.judge
    publish: Callable[..., runs.Published] = runs.publish
    record: Callable[..., runs.Finished] = runs.record


def run_night(
    installation: Installation, request: NightRequest, *, quiet: bool = False, steps: Steps | None
) -> runs.Finished:
    """Ingest what is new, detect over the window, judge, publish, record.

    `steps`: none for those of this process, without an orchestrator.

    It is published also where a feed or a detector failed: `runs.raise_if_partial` says so.

    Raises SelatError or OSError if there is nothing to look at, or no store to write to; it is
    noted in the home.
    """
    do = steps or Steps()
    try:
        with (
            reporter(quiet=quiet, noted=installation.progress) as report,
            writing(installation, RUN_WAIT_S, begins=True) as store,
            under_way(installation),
        ):
            setup = Setup.load(installation)
            ingested = feeds.ingest_all(
                store,
                installation,
                setup.zones,
                report,
                request.feeds,
                request.reading,
                do.ingest_feed,
            )
            seen = import_sightings(store, installation, report, request.sightings, ingested.seen)
            do.work_out_days(store, installation, report)
            window = choose_window(
                store, date=request.date, since=request.since, until=request.until
            )
            if window.again:
                report.step(
                    "nothing new came in: this looks again at what the last night looked at"
                )
            unread = {**ingested.failed, **seen.failed}
            if window.again:
                settings = installation.settings
                named = [*(request.feeds or settings.feeds), str(installation.recordings)]
                named += request.sightings or settings.sightings
                unread = {**_still_unread(store, named, ingested, seen), **unread}
            detection = do.run_detectors(store, setup, window, report)
            with report.bar("Judging", None):
                judged = do.judge(store, setup, window, detection)
            with report.bar("Publishing", None):
                published = do.publish(store, setup, judged, unread)
                finished = do.record(store, installation, judged, published)
    except Exception as error:
        note_failure(installation, error)
        keep_traceback(installation, error)
        raise
    forget_failure(installation)
    if quiet:
        sys.stderr.write(f"run {finished.run_id}: {finished.state}\n")
    return finished


def _still_unread(
    store: Queries, named: Collection[str], ingested: IngestSummary, seen: SightingsSummary
) -> dict[str, str]:
    """Return what the last night couldn't read whole, with the reason, and this one, which looks at
    the same again, didn't read whole either: it is no more complete than that.

    `named`: the files and folders that were to be read, which `ingested` and `seen` know of where
    they failed again.
    """
    last = store.last_run(looks=False)
    failures = {} if last is None else json.loads(last["manifest"])["failures"]
    before = {key.removeprefix("feed "): why for key, why in failures.items() if key[:5] == "feed "}
    if not before:
        return {}
    ledger = store.ledger().set_index("sha256")["report"].to_dict()
    there = [(name, key) for name, key in ingested.already_there.items() if name in before]
    reports = {name: json.loads(ledger[key]) for name, key in there if key in ledger}
    reports |= ingested.added
    read_now = {*map(as_text, named), feeds.RECORDINGS, *seen.added, *seen.already_there}
    return {
        name: why
        for name, why in before.items()
        if (feeds.damage(reports[name]) if name in reports else name not in read_now)
    }


def refuse_wrong(installation: Installation, request: NightRequest) -> None:
    """Find what is wrong with a request before the orchestrator takes its time to start.

    That the configuration is wrong is noted in the home, as of a run that failed: who mistypes what
    is asked for reads so at once, what a timer is told nobody may read.

    Raises SelatError if a time, the area, the mapping or the configuration is wrong, or no feed is
    there.
    """
    asked_for(request.date, request.since, request.until)
    try:
        zones = Setup.load(installation).zones
    except SelatError as error:
        note_failure(installation, error)
        raise
    ingest_options(installation, zones, request.reading)
    given = [feed for feed in request.feeds if feed != "-"]
    if given and not any(Path(feed).exists() or matching(feed) for feed in given):
        discover(given, installation.spool)  # says what is wrong


def were_there(installation: Installation, named: Sequence[str]) -> bool:
    """Tell whether feeds that are named so were taken in before: what isn't there any more went
    away, and wasn't mistyped.
    """
    if not exists(installation.store, installation.settings.store):
        return False
    with read(installation.store, installation.settings.store) as store:
        taken = store.ledger()["name"].tolist()
    return any(
        name == feed or name.startswith(f"{feed.rstrip('/')}/") or fnmatchcase(name, feed)
        for name in taken
        for feed in named
    )
