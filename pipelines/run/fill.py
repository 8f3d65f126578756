"""A back-fill: every day of a span looked at as its nightly run would have, on an engine."""

import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from pipelines.base.files import write_text
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import LOCAL, minute
from pipelines.detect.spread import looks, work
from pipelines.detect.spread.dates import Dates
from pipelines.detect.spread.engines import Engine, Pending
from pipelines.run import runs, spread_days
from pipelines.run.folder import point_newest
from pipelines.run.opened import require_store, writing
from pipelines.run.published import note_published
from pipelines.run.setup import build_detectors
from pipelines.run.spread_days import reach_of, window_of
from pipelines.run.windows import NoDataError, Window, asked_for, newest_report
from pipelines.store import Writer

_MARK: Final = "backfill.json"


_SINCE: Final = "The span, ISO 8601."

_ENGINE: Final = "See `engines.engine`."


class FillRequest(BaseModel):
    """What a back-fill is to look at, and by what means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: str | None = Field(None, description=_SINCE)
    until: str | None = Field(None, description=_SINCE)
    engine: str | None = Field(None, description=_ENGINE)
    scheduler: str | None = Field(None, description=_ENGINE)
    workers: int = Field(2, description=_ENGINE)
    folder: Path | None = Field(None, description="See `fill`.")


@dataclass(frozen=True)
class Filled:
    """What a back-fill did."""

    runs: list[dict[str, Any]]
    """Run id, state, and number of flagged vessels and of events by status, of each day."""
    done_before: int
    """Days that an earlier try had finished."""
    silent: int
    """Days without any report, of which there is no run."""
    failures: dict[str, str]
    """What failed, by day."""


@dataclass
class _Planned:
    """A day being looked at, then judged."""

    window: Window
    look: Pending
    judged: Pending | None = None

    @property
    def pending(self) -> Pending:
        return self.judged or self.look


def fill(
    installation: Installation,
    since: str | None,
    until: str | None,
    engine: Engine,
    report: Reporter,
    *,
    folder: Path | None = None,
) -> Filled:
    """Look at each Kuala Lumpur day from `since` to `until`, and record a run of each, in order.

    The store is then as after `detect_only` for one day after the other: the same runs, with the
    same events, flags and results. After a crash the same call goes on where it ended.

    Of days that were looked at before, the span may leave out later ones; then each day is held
    against all that is known since, as `detect_only` does. If it leaves out none, each day is
    looked at as if it were the newest: the events at the end are the same.

    `folder`: the work folder, which all workers must see under this name; else HOME/backfill. It is
    removed when all is done.

    Raises NoDataError if the store is empty, or holds no report in the span.
    """
    require_store(installation)
    span = asked_for(None, since, until)
    folder = (folder or installation.home / "backfill").absolute()
    place = work.Place(
        str(installation.home),
        str(installation.config),
        str(folder),
        work.fingerprint(installation),
    )
    with writing(installation) as store:
        days = list(_days(store, *span))
        inputs = _inputs(store)
        begun = _resume(store, folder, work.digest(place.fingerprint, inputs, *days))
        newest = store.last_looked_at()
        onward = newest is None or newest <= days[-1][1]
        driver = _Driver(engine, place, inputs, work.Generations(place, store))
        filled = _Filling(installation, store, driver, begun, report, onward=onward).all(days)
    for kind in (*work.KINDS, _MARK):
        path = folder / kind
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()  # unless something else is in it
    return filled


def _inputs(store: Writer) -> str:
    """Digest of all feeds and sightings in the store."""
    keys = [*store.ledger()["feed_key"], *store.sighting_files()["file_key"]]
    return work.digest(*sorted(map(str, keys)))


def _resume(store: Writer, folder: Path, name: str) -> int:
    """Return the number of runs before this back-fill began, which an earlier try may have done."""
    mark = folder / _MARK
    with suppress(OSError, ValueError, KeyError):
        noted = json.loads(mark.read_text(encoding="utf-8"))
        if noted["name"] == name:
            return int(noted["runs_before"])
    last = store.last_run()
    before = 0 if last is None else int(last["ordinal"])
    folder.mkdir(parents=True, exist_ok=True)
    write_text(mark, json.dumps({"name": name, "runs_before": before}))
    return before


def _days(
    store: Writer, since: pd.Timestamp, until: pd.Timestamp
) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last moment of each Kuala Lumpur day of a span, as far as there are reports.

    The last moment of a whole day is the one before midnight, as in `windows.asked_for`.
    """
    newest, oldest = newest_report(store), store.ledger()["first_time"].min()
    day = max(since, oldest).tz_convert(LOCAL).normalize()
    if since > newest or until <= max(since, oldest):
        hint = f"the store holds reports from {minute(oldest)} to {minute(newest)}"
        raise NoDataError("no position report in that span", hint=hint)
    while (begin := max(day.tz_convert("UTC"), since)) < until and begin <= newest:
        day += timedelta(days=1)
        end = min(day.tz_convert("UTC") - timedelta(microseconds=1), until)
        yield begin.as_unit("us"), end.as_unit("us")


@dataclass(frozen=True)
class _Driver:
    """What the driver has tasks done with."""

    engine: Engine
    place: work.Place
    inputs: str
    """Digest of all feeds and sightings in the store."""
    generations: work.Generations

    def submit(self, task: Callable[[Any], Any], kind: Callable[..., Any], *asked: Any) -> Pending:
        """Have a task done that sees what the store holds now, given a `kind` with what it asks."""
        given = kind(self.place, str(self.generations.newest), *asked)
        return self.generations.read_by(self.engine.submit(task, given))


class _Filling:
    """The driver: keeps the engine busy with days to come, and records them in order."""

    def __init__(
        self,
        installation: Installation,
        store: Writer,
        driver: _Driver,
        begun: int,
        report: Reporter,
        *,
        onward: bool,
    ) -> None:
        self._installation, self._store, self._driver = installation, store, driver
        self._report, self._onward = report, onward
        done = store.runs()
        done = done[done["ordinal"] > begun]
        self._done = {
            (start, end): str(run_id)
            for start, end, run_id in zip(done["start"], done["end"], done["run_id"], strict=True)
        }
        self._last = None if done.empty else str(done["run_id"].iloc[-1])
        self._unpublished: list[tuple[Path, Pending]] = []
        self._window: tuple[tuple[Any, ...], Window] | None = None  # the newest that was asked for
        self._owed = False  # dates that are to be published with the next runs, or last of all
        self._partial = [str(run_id) for run_id in done.loc[done["state"] == "partial", "run_id"]]

    def all(self, spans: list[tuple[pd.Timestamp, pd.Timestamp]]) -> Filled:
        """Look at all days, and work out all dates."""
        waiting, under_way = deque(spans), deque[_Planned]()
        earlier = "an earlier try, see its manifest"
        filled = Filled([], 0, 0, dict.fromkeys(self._partial, earlier))
        engine, generations = self._driver.engine, self._driver.generations
        dates = Dates(engine, self._driver.place, self._store, generations)
        engine.begin(spread_days.begin, self._driver.place)
        self._detectors = build_detectors(self._installation)  # while a worker does the first date
        with self._report.bar("Days", len(spans)) as bar:
            while waiting or under_way or dates.pending:
                # Its result is in the work folder: a crash before it is published costs nothing.
                self._owed |= dates.advance()
                filled = self._plan(waiting, under_way, dates, filled)
                if under_way and under_way[0].pending.done():
                    self._go_on(under_way, filled)
                # Of what else is under way nothing is done before these.
                awaited = [one.pending for one in list(under_way)[:1]]
                awaited += [dates.pending] if dates.pending else []
                if awaited and not any(one.done() for one in awaited):
                    engine.wait(awaited)
                bar.to(len(spans) - len(waiting) - len(under_way))
        self._publish()
        if self._owed:
            self._store.publish()
        if self._last is not None and not filled.runs:
            # A crash between recording the last run and pointing at it.
            point_newest(self._installation, self._installation.runs / self._last)
        return filled

    def _plan(
        self,
        waiting: deque[tuple[pd.Timestamp, pd.Timestamp]],
        under_way: deque[_Planned],
        dates: Dates,
        filled: Filled,
    ) -> Filled:
        """Have days looked at, so many ahead, whose dates stand."""
        while waiting and len(under_way) < self._driver.engine.ahead:
            try:
                window = self._window_of(waiting[0], len(filled.runs))
            except NoDataError:
                filled = replace(filled, silent=filled.silent + 1)
            else:
                if (window.start, window.end) in self._done:
                    filled = replace(filled, done_before=filled.done_before + 1)
                elif dates.stand(max(window.now, window.end)):
                    reach = reach_of(self._store, self._detectors, self._installation, window)
                    span = window.start, window.now, window.end
                    asked = self._driver.inputs, *span, reach
                    pending = self._driver.submit(looks.look, looks.Task, *asked)
                    under_way.append(_Planned(window, pending))
                else:
                    break
            waiting.popleft()
        return filled

    def _window_of(self, span: tuple[pd.Timestamp, pd.Timestamp], entered: int) -> Window:
        """Return the window of a day, worked out once while it waits, until one is entered."""
        if self._window is None or self._window[0] != (*span, entered):
            window = window_of(self._store, *span, onward=self._onward)
            self._window = (*span, entered), window
        return self._window[1]

    def _go_on(self, under_way: deque[_Planned], filled: Filled) -> None:
        """Have the first day under way judged once it is looked at, and recorded once judged."""
        planned = under_way[0]
        if planned.judged is None:
            asked = self._driver.inputs, planned.window, planned.look.result(), self._onward
            planned.judged = self._driver.submit(spread_days.judge, spread_days.Task, *asked)
            return
        self._finish(str(planned.judged.result()), filled)
        under_way.popleft()
        if len(self._unpublished) >= self._driver.engine.ahead:
            self._publish()

    def _publish(self) -> None:
        """Let readers see the runs since the last time, once the files of all are there."""
        if not self._unpublished:
            return
        for folder, written in self._unpublished:
            self._wait_for(written)
            written.result()
            spread_days.clean(folder)
        self._store.publish()
        self._owed = False
        newest = self._unpublished[-1][0]
        point_newest(self._installation, newest)
        note_published(self._installation, newest.name)
        self._unpublished.clear()

    def _wait_for(self, pending: Pending) -> None:
        while not pending.done():
            self._driver.engine.wait([pending])

    def _finish(self, key: str, filled: Filled) -> None:
        """Record a day that was judged, and have its files written."""
        left = spread_days.Left(self._driver.place, key)
        finished = spread_days.enter(self._store, left)
        self._driver.generations.show()
        written = self._driver.submit(spread_days.write_files, spread_days.FilesTask, key)
        self._unpublished.append((finished.folder, written))
        counts = finished.manifest["counts"]
        filled.runs.append(
            {
                "run_id": finished.run_id,
                "state": finished.state,
                "flagged": counts["flagged"],
                "status": counts["status"],
                "looked_at_again": left.noted["again"],
            }
        )
        for name, text in finished.failures.items():
            filled.failures[f"{finished.run_id}, {name}"] = text
        status = ", ".join(f"{n} {name}" for name, n in counts["status"].items()) or "no events"
        self._report.step(f"run {finished.run_id}: {finished.state}, {status}")


def raise_if_partial(filled: Filled) -> None:
    """Raise PartialRunError, naming what failed, where a part of a day did."""
    if filled.failures:
        what = "; ".join(f"{name}: {text}" for name, text in filled.failures.items())
        raise runs.PartialRunError(f"some runs are partial: {what}")
