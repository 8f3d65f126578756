"""A back-fill: every day of a span looked at as its nightly run would have, on an engine."""

import json
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.detect.days import refresh
from pipelines.detect.spread import work
from pipelines.detect.spread.engines import Engine, Pending
from pipelines.detect.spread.looks import Dispatcher, Found
from pipelines.detect.window import events_to_compare, first_reach
from pipelines.run import runs, spread_files
from pipelines.run.setup import Setup
from pipelines.run.windows import NoDataError, Window, asked_for, newest_report, window_between
from pipelines.store import Writer, exists, write

_MARK: Final = "backfill.json"
_KUALA_LUMPUR: Final = "Asia/Kuala_Lumpur"


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
    """What a back-fill did.

    Attributes
    ----------
    runs
        Run id, state, and number of flagged vessels and of events by status, of each day.
    done_before
        Days that an earlier try had finished.
    silent
        Days without any report, of which there is no run.
    failures
        What failed, by day.
    """

    runs: list[dict[str, Any]]
    done_before: int
    silent: int
    failures: dict[str, str]


@dataclass(frozen=True)
class _Planned:
    """A day being looked at."""

    window: Window
    look: Pending


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

    Parameters
    ----------
    folder
        The work folder, which all workers must see under this name; else HOME/backfill. It is
        removed when all is done.

    Raises
    ------
    NoDataError
        If the store is empty, or holds no report in the span.
    """
    if not exists(installation.store):
        raise NoDataError(f"no store in {installation.store}", hint="selat ingest FEED")
    span = asked_for(None, since, until)
    folder = (folder or installation.home / "backfill").absolute()
    place = work.Place(
        str(installation.home),
        str(installation.config),
        str(folder),
        work.fingerprint(installation),
    )
    setup = Setup.load(installation)
    with write(installation.store, installation.settings.store) as store:
        days = list(_days(store, *span))
        inputs = _inputs(store)
        begun = _resume(store, folder, work.digest(place.fingerprint, inputs, *days))
        newest = store.last_looked_at()
        onward = newest is None or newest <= days[-1][1]
        with report.bar("Tracks and coverage", None) as bar:
            refresh(store, bar.to, installation.settings.detection.memory_gb)
        store.publish()  # so that workers see it
        dispatcher = Dispatcher(engine, place, inputs, setup.detectors, setup.zones, setup.models)
        filling = _Filling(setup, store, dispatcher, begun, report, onward=onward)
        filled = filling.all(days)
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
    fresh = mark.with_suffix(".new")
    fresh.write_text(json.dumps({"name": name, "runs_before": before}), encoding="utf-8")
    fresh.replace(mark)
    return before


def _days(
    store: Writer, since: pd.Timestamp, until: pd.Timestamp
) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
    """First and last moment of each Kuala Lumpur day of a span, as far as there are reports.

    The last moment of a whole day is the one before midnight, as in `windows.asked_for`.
    """
    newest, oldest = newest_report(store), store.ledger()["first_time"].min()
    day = max(since, oldest).tz_convert(_KUALA_LUMPUR).normalize()
    if since > newest or until <= max(since, oldest):
        hint = f"the store holds reports from {oldest:%Y-%m-%d %H:%M}Z to {newest:%Y-%m-%d %H:%M}Z"
        raise NoDataError("no position report in that span", hint=hint)
    while (begin := max(day.tz_convert("UTC"), since)) < until and begin <= newest:
        day += timedelta(days=1)
        end = min(day.tz_convert("UTC") - timedelta(microseconds=1), until)
        yield begin.as_unit("us"), end.as_unit("us")


class _Filling:
    """The driver: keeps the engine busy with days to come, and records them in order."""

    def __init__(
        self,
        setup: Setup,
        store: Writer,
        dispatcher: Dispatcher,
        begun: int,
        report: Reporter,
        *,
        onward: bool,
    ) -> None:
        self._setup, self._store, self._dispatcher = setup, store, dispatcher
        self._report, self._onward = report, onward
        self._reach_back = timedelta(days=setup.installation.settings.detection.reach_back_days)
        done = store.runs()
        done = done[done["ordinal"] > begun]
        self._done = {
            (start, end): str(run_id)
            for start, end, run_id in zip(done["start"], done["end"], done["run_id"], strict=True)
        }
        self._last = None if done.empty else str(done["run_id"].iloc[-1])
        self._unpublished: list[tuple[Path, Pending]] = []
        self._partial = [str(run_id) for run_id in done.loc[done["state"] == "partial", "run_id"]]

    def all(self, spans: list[tuple[pd.Timestamp, pd.Timestamp]]) -> Filled:
        """Look at all days."""
        waiting, under_way = deque(spans), deque[_Planned]()
        earlier = "an earlier try, see its manifest"
        filled = Filled([], 0, 0, dict.fromkeys(self._partial, earlier))
        done_before = silent = 0
        with self._report.bar("Days", len(spans)) as bar:
            while waiting or under_way:
                while waiting and len(under_way) < self._dispatcher.engine.ahead:
                    span = waiting.popleft()
                    try:
                        window = self._window(*span)
                    except NoDataError:
                        silent += 1
                        continue
                    if (window.start, window.end) in self._done:
                        done_before += 1
                        continue
                    under_way.append(_Planned(window, self._look(window)))
                if under_way and under_way[0].look.done():
                    self._finish(under_way.popleft(), filled)
                    if len(self._unpublished) >= self._dispatcher.engine.ahead:
                        self._publish()
                elif under_way:
                    pending = [planned.look for planned in under_way]
                    self._dispatcher.engine.wait([one for one in pending if not one.done()])
                bar.to(len(spans) - len(waiting) - len(under_way))
        self._publish()
        if self._last is not None and not filled.runs:
            # A crash between recording the last run and pointing at it.
            installation = self._setup.installation
            runs.point_newest(installation, installation.runs / self._last)
        return Filled(filled.runs, done_before, silent, filled.failures)

    def _publish(self) -> None:
        """Let readers see the runs since the last time, once the files of all are there."""
        if not self._unpublished:
            return
        for folder, written in self._unpublished:
            self._wait_for(written)
            written.result()
            spread_files.clean(folder)
        self._store.publish()
        runs.point_newest(self._setup.installation, self._unpublished[-1][0])
        self._unpublished.clear()

    def _wait_for(self, pending: Pending) -> None:
        while not pending.done():
            self._dispatcher.engine.wait([pending])

    def _window(self, start: pd.Timestamp, end: pd.Timestamp) -> Window:
        """Return the window of a day, which needn't know of later ones that are looked at too."""
        window = window_between(self._store, start, end)
        return replace(window, now=window.end) if self._onward else window

    def _look(self, window: Window) -> Pending:
        return self._dispatcher.submit(window.start, window.now, window.end, self._reach(window))

    def _reach(self, window: Window) -> pd.DataFrame:
        return first_reach(
            self._store, self._dispatcher.detectors, window.start, window.now, self._reach_back
        )

    def _finish(self, planned: _Planned, filled: Filled) -> None:
        """Record a day.

        It was planned when the days before it weren't recorded yet. What they have raised since
        may concern vessels that haven't been heard for long: then it is looked at again.
        """
        window, found = planned.window, Found(self._dispatcher, planned.look.result())
        true_window = self._window(*(window.asked or (window.start, window.end)))
        wanted = set(self._store.need(self._reach(true_window))["mmsi"].tolist())
        as_planned = (
            true_window == window and wanted <= found.vessels() and found.concerned() <= wanted
        )
        if not as_planned:
            window, pending = true_window, self._look(true_window)
            self._wait_for(pending)
            found = Found(self._dispatcher, pending.result())
        stored = events_to_compare(
            self._store, self._dispatcher.detectors, window.start, window.end
        )
        named = {*stored["mmsi"].tolist(), *stored["other_mmsi"].tolist()}
        detection = runs.within(
            found.detection(self._store, window.start, window.now, wanted, named), window
        )
        judged = runs.judge(self._store, self._setup, window, detection)
        told = runs.told(self._store, self._setup, judged, {})
        finished = runs.note(self._store, judged, told, publish=False)
        task = spread_files.leave(self._dispatcher.place, self._store, judged, told)
        written = self._dispatcher.engine.submit(spread_files.write_files, task)
        self._unpublished.append((told.folder, written))
        counts = finished.manifest["counts"]
        filled.runs.append(
            {
                "run_id": finished.run_id,
                "state": finished.state,
                "flagged": counts["flagged"],
                "status": counts["status"],
                "looked_at_again": not as_planned,
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
