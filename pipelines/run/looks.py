"""A look between two nights: takes in what came, and looks at the open window again.

The night's run stays the reference: what a look has seen stays new to it. A look is a run of the
store as a night is, told as such in its manifest (`look`), so that readers see what came since; its
window is the last `watch.open_h` hours, and all that is new to the night.

Looks ask the detectors that are told early from where the last one, or a night, ended
(`detect.looks`), and judge the tail of the open date (`detect.tail`): every `watch.early_min`
minutes; what comes meanwhile waits (`run.glances`). When anything is otherwise than the last
look left it (and every `watch.whole_min` minutes, where that is set), one is at everything, as a
night is. A look that finds nothing that counts towards a flag makes no run: to the next one all
that is new still. With nothing new nothing is worked out, detected or published.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.kinematics.integrity import PROVISIONAL
from pipelines.base.files import as_it_is, identity_of
from pipelines.base.progress import Reporter
from pipelines.base.schedule import due_between, read_served
from pipelines.base.settings import Installation
from pipelines.base.text import iso, minute
from pipelines.base.visible import clean
from pipelines.detect import tail
from pipelines.detect.looks import Again, look_again
from pipelines.detect.window import to_compare
from pipelines.run import feeds, runs
from pipelines.run.adopted import after_night
from pipelines.run.feeds import Reading
from pipelines.run.folder import point_newest
from pipelines.run.glances import Glances
from pipelines.run.looked import (
    State,
    on_one_thread,
    read_state,
    stamp,
    stats_of,
    write_state,
)
from pipelines.run.manifest import configuration_hashes, learned_in_use
from pipelines.run.opened import writing
from pipelines.run.published import note_published
from pipelines.run.setup import Setup
from pipelines.run.sightings import import_sightings
from pipelines.run.windows import Window, new_since, newest_report
from pipelines.store import RUN_WAIT_S, Queries, Writer

FILES: Final = frozenset({"flagged.csv", "incidents.csv", "parts.csv", "manifest.json"})
"""What a look writes: the list. Its events are in the store, where the desk asks for them; as
tables they took a fifth of a run, and what is drawn half of a look: the night writes all."""

BEFORE_NIGHT: Final = timedelta(minutes=2)
"""A look that may still go on when the night's run begins isn't begun."""


@dataclass(frozen=True)
class Looked:
    """What a look came to."""

    text: str
    """A line for a person."""
    finished: runs.Finished | None = None
    """The run; None where none was made."""
    vessels: dict[str, int] = field(default_factory=dict)
    """How many vessels each detector was asked about; none of it where nothing was detected."""
    whole: str = ""
    """Why it was a look at everything; empty if it wasn't."""
    cpu_s: float = 0.0
    """What it took of this process."""


class Looker:
    """Looks again and again, for the length of a process.

    Parameters
    ----------
    named
        Feeds; none: those of the settings. The folder of recordings is always one.
    every_min
        How often it is going to look, 0 for once.
    """

    def __init__(
        self,
        installation: Installation,
        named: Sequence[str],
        report: Reporter,
        every_min: float = 0.0,
    ) -> None:
        self._installation, self._named, self._report = installation, list(named), report
        self._every_min = every_min
        self._taken: dict[Path, tuple[int, ...]] = {}
        self._held = set[str]()
        self._setup: tuple[str, Setup] | None = None
        self._recent = tail.Recent()
        self._glances: Glances | None = None
        self._further: tuple[Any, pd.DataFrame] | None = None

    def look(self, now: datetime | None = None) -> Looked:
        """Look once.

        Raises SelatError or OSError if there is nothing to look at, the store is being written, or
        it can't be.
        """
        now = now or datetime.now(UTC)
        if _night_due(self._installation, now):
            return Looked("the night's run is due: no look until it is done")
        began_s = time.process_time()
        inst = self._installation
        setup, digest = self._settled()
        glances, self._glances = self._glances, None
        if glances and not glances.finds_otherwise(digest) and not glances.is_due(now):
            glances.note(now, self._every_min)
            self._glances = glances
            return _timed(Looked(glances.in_words()), time.process_time() - began_s)
        found: dict[Path, tuple[int, ...]] = {}
        seen: dict[Path, tuple[int, ...]] = {}

        def taken(path: Path) -> bool:
            found[path], seen[path] = as_it_is(path), identity_of(path)
            return self._taken.get(path) == found[path]

        alone = on_one_thread(inst.settings.store)
        with writing(inst, RUN_WAIT_S, alone, begins=True) as store:
            if not self._held <= store.feed_keys():  # such as where an older store was put back
                self._taken = {}
            with store.held():
                waiting = not store.waiting().empty
                known = None if waiting else taken
                reading = (setup.zones, self._report, self._named, Reading())
                ingested = feeds.ingest_all(store, inst, *reading, known=known)
                sighted = import_sightings(store, inst, self._report, (), ingested.seen)
                unread = {**ingested.failed, **sighted.failed}
                otherwise = bool(sighted.added) or waiting
                looked, left = self._look(store, setup, digest, unread, otherwise, now)
            if looked.finished is not None:
                point_newest(inst, looked.finished.folder, look=True)
                note_published(inst, looked.finished.run_id)
            if left is not None:
                write_state(inst, left)
            self._held = store.feed_keys()
            # While nobody else can write: whatever changes from here on shows.
            if left is not None and not (waiting or unread or otherwise):
                self._glances = Glances(setup, self._named, digest, left, seen)
        self._taken |= {p: at for p, at in found.items() if clean(str(p)) not in unread}
        return _timed(looked, time.process_time() - began_s)

    def _settled(self) -> tuple[Setup, str]:
        """Return the setup, loaded anew where anything that it is made of has changed."""
        inst = self._installation
        files = [*configuration_hashes(inst).items(), *stats_of(inst.learned, inst.watchlists)]
        digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
        if self._setup is None or self._setup[0] != digest:
            self._setup = (digest, Setup.load(inst))
        setup = self._setup[1]
        versions = {d.name: d.version for d in setup.detectors}
        about = [digest, versions, learned_in_use(inst, setup.models)]
        return setup, hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]

    def _look(
        self,
        store: Writer,
        setup: Setup,
        digest: str,
        unread: dict[str, str],
        otherwise: bool,
        now: datetime,
    ) -> tuple[Looked, State | None]:
        """Return what it came to, and what is to be noted of it once it is published."""
        inst, fresh = self._installation, store.new_feeds()
        keys = set(fresh["feed_key"].tolist())
        state = after_night(store, setup, read_state(inst), digest, keys)
        news = keys - set(state.feeds if state else ())
        why = _why_whole(store, state, digest, otherwise)
        if not news and not otherwise and (not keys or not why):
            noted = {"looked": now, "every_min": self._every_min}
            left = None if state is None else state.model_copy(update=noted)
            return Looked(_nothing(state, unread)), left
        window = open_window(store, fresh, inst.settings.watch.open_h)
        first = _first(fresh, news, window.end if state is None else stamp(state.upto))
        if state is not None and not why:
            why = _why_now(state, window, first, inst.settings.watch.whole_min)
        anew = self._judge(store, news, bool(why))
        told_from = window.end
        if state is None or why:
            detection = runs.run_detectors(store, setup, window, self._report)
            vessels = {d.name: len(detection.heard) for d in setup.detectors}
            whole, tell, stands, stored = window.end, True, dict[str, str](), None
        else:
            since = min(stamp(state.told_from), first - PROVISIONAL if anew else first)
            again = self._again(store, setup, window, since, bool(unread))
            detection, vessels, whole = again.detection, again.looked_at, stamp(state.whole)
            tell, stands = again.tells, dict(again.stands)
            stored = to_compare(again.stored, setup.detectors, window.start, window.end)
            told_from = window.end if tell else since
        finished = None
        if tell:
            about = _about(setup, why, whole, vessels)
            judged = runs.judge(store, setup, window, detection, stands, stored, look=True)
            published = runs.publish(store, setup, judged, unread, about, FILES)
            finished = runs.note(store, judged, published, publish=True)
        else:
            store.publish()
        made = "" if state is None else state.run_id
        if finished is not None:
            made = finished.run_id
        left = State(
            looked=now,
            upto=window.end.to_pydatetime(),
            whole=whole.to_pydatetime(),
            start=window.start.to_pydatetime(),
            run_id=made,
            feeds=tuple(sorted(keys)),
            told_from=told_from.to_pydatetime(),
            setup=digest,
            every_min=self._every_min,
        )
        return Looked(_text(window, finished, whole, vessels, why), finished, vessels, why), left

    def _judge(self, store: Writer, news: set[str], whole: bool) -> bool:
        """Judge what came; tell whether what was judged before may be judged otherwise now."""
        if not whole and tail.extend(store, self._recent, news):
            return False
        only = None if whole else store.dates_of(news)
        return runs.work_out_days(store, self._installation, self._report, only) > 0

    def _again(
        self, store: Queries, setup: Setup, window: Window, since: pd.Timestamp, anyway: bool
    ) -> Again:
        """Look by the detectors that are told early alone."""
        settings, date = self._installation.settings, since.date()
        # From day to day stories end, and nobody says so of those that came to nothing.
        wanted = self._further[1] if self._further and self._further[0] == date else None
        with self._report.bar("Detecting", None) as bar:
            again = look_again(
                store,
                setup.detectors,
                since,
                start=window.start,
                end=window.end,
                reach_back=timedelta(days=settings.detection.reach_back_days),
                zones=setup.zones,
                models=setup.models,
                enough=settings.assess.min_score,
                wanted=wanted,
                anyway=anyway,
                memory_gb=settings.detection.memory_gb,
                progress=bar.say,
            )
        self._further = date, again.wanted
        return replace(again, detection=runs.within(again.detection, window))


def open_window(store: Queries, fresh: pd.DataFrame, open_h: float) -> Window:
    """Return the window of a look: the last hours up to the newest report, and all that is new to
    the night.

    `fresh`: `Queries.new_feeds`.

    Raises NoDataError if the store is empty.
    """
    newest = newest_report(store)
    start = newest - timedelta(hours=open_h)
    upto = store.last_looked_at(looks=False)
    new = new_since(newest, fresh["first_time"].dropna(), None, upto)
    return Window(max(store.first_time() or newest, min(start, new or start)), newest, newest)


def _why_whole(store: Queries, state: State | None, digest: str, otherwise: bool) -> str:
    """Say why a look must be at everything before it is known what is new; empty if not."""
    if state is None:
        return "it is the first look"
    last = store.last_run()
    if last is None or str(last["run_id"]) != state.run_id:
        return "another run was made since the last look"
    if state.setup != digest:
        return "the configuration changed"
    if not set(state.feeds) <= store.feed_keys():
        return "feeds went"
    return "sightings came, or reports whose time has come" if otherwise else ""


def _why_now(state: State, window: Window, first: pd.Timestamp, whole_min: float) -> str:
    """Say why it must be at everything though nothing is otherwise; empty if not."""
    if first < window.start or first < stamp(state.start):
        return "reports came that are older than the open window"
    if whole_min and window.end - stamp(state.whole) >= timedelta(minutes=whole_min):
        return f"the last look at everything was {whole_min:g} minutes before"
    return ""


def _first(fresh: pd.DataFrame, news: set[str], upto: pd.Timestamp) -> pd.Timestamp:
    """Return when the earliest report that came was sent, or the end of the look before."""
    times = fresh.loc[fresh["feed_key"].isin(news), "first_time"].dropna()
    return min(upto, times.min()) if len(times) else upto


def _about(setup: Setup, why: str, whole: pd.Timestamp, vessels: dict[str, int]) -> dict[str, Any]:
    """Return what the manifest says of a look."""
    return {
        "whole": why,
        "looked_at": vessels,
        "put_off": sorted({d.name for d in setup.detectors} - set(vessels)),
        "put_off_since": iso(whole),
    }


def _night_due(installation: Installation, now: datetime) -> bool:
    """Tell whether the schedule's run is due, or about to be, and not done yet."""
    schedule, served = installation.settings.schedule, read_served(installation.service)
    if served is None:
        return False
    done, soon = served.done or served.since, now + BEFORE_NIGHT
    due = due_between(schedule.cron, schedule.timezone, done, soon)
    return bool(due) and now - due[-1] < timedelta(hours=schedule.late_h)


def _nothing(state: State | None, unread: dict[str, str]) -> str:
    upto = "" if state is None else f" since {minute(state.upto)}"
    lost = f"; not read: {', '.join(sorted(unread))}" if unread else ""
    return f"nothing new{upto}{lost}"


def _text(
    window: Window,
    finished: runs.Finished | None,
    whole: pd.Timestamp,
    vessels: dict[str, int],
    why: str,
) -> str:
    upto = f"up to {minute(window.end)}"
    n = max(vessels.values(), default=0)
    who = f"all {n:,} vessels" if why else f"what is told early of {n:,} vessels"
    what = "nothing to tell"
    if finished is not None:
        counts = finished.compared["status"].value_counts()
        told = (f"{counts.get(s, 0)} {s}" for s in ("created", "changed", "retracted"))
        what = f"{', '.join(told)}; {len(finished.flagged)} flagged"
        if finished.failures:
            what += f"; PARTIAL: {', '.join(finished.failures)}"
    rest = "" if why else f"; all else: up to {minute(whole)}"
    return f"{upto}: {who}: {what}{rest}"


def _timed(looked: Looked, cpu_s: float) -> Looked:
    text = f"{looked.text} ({cpu_s:.1f} CPU-s)"
    return Looked(text, looked.finished, looked.vessels, looked.whole, cpu_s)
