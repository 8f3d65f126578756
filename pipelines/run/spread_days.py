"""Stage 3 of a back-fill: a day is held against those before it, and its files are written.

Both by tasks; the driver enters into the store what the first leaves. A day is judged after those
before it are entered, while others are looked at and the files of earlier ones are written.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pandas as pd

from detectors.core import events, frames
from detectors.core.detector import Detector
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.base.settings import Installation
from pipelines.detect.spread import looks
from pipelines.detect.spread.engines import first
from pipelines.detect.spread.looks import Found, Looked
from pipelines.detect.spread.work import Place, digest, read, reader, write
from pipelines.detect.window import events_to_compare, first_reach
from pipelines.publish.products import DRAWN, Products
from pipelines.run import runs
from pipelines.run.folder import write_folder
from pipelines.run.runs import Finished
from pipelines.run.setup import Setup
from pipelines.run.windows import Window, window_between
from pipelines.store import Queries, Writer

KIND: Final = "days"

_TEXT: Final = frames.Column("str", "", "what the run says of it")
_SCHEMAS: Final = {
    "events": {**events.WRITTEN, "status": _TEXT, "reason": _TEXT, "supersedes": _TEXT},
    "flagged": FLAGGED,
    "parts": PARTS,
    "incidents": INCIDENTS,
    "vessels": frames.VESSELS,
}


@dataclass(frozen=True)
class Task:
    """A day that was looked at, to be judged."""

    place: Place
    generation: str
    """Of the store, the one that has all days before."""
    inputs: str
    """As of `looks.Task`."""
    window: Window
    looked: Looked
    """As planned, and what came of it."""
    onward: bool
    """As of `window_of`."""


@dataclass(frozen=True)
class FilesTask:
    """Files to be written: what they are made of, and a generation that has the run's tracks."""

    place: Place
    generation: str
    key: str


def window_of(store: Queries, start: pd.Timestamp, end: pd.Timestamp, *, onward: bool) -> Window:
    """Return the window of a day; `onward` it needn't know of later ones that are looked at too."""
    window = window_between(store, start, end)
    return replace(window, now=window.end) if onward else window


def reach_of(
    store: Queries, detectors: Sequence[Detector], installation: Installation, window: Window
) -> pd.DataFrame:
    """Return the vessels that a day asks about; see `first_reach`."""
    back = timedelta(days=installation.settings.detection.reach_back_days)
    return first_reach(store, detectors, window.start, window.now, back)


@first
def judge(task: Task) -> str:
    """Judge a day, unless that has been done; returns the name of the result.

    It was planned when the days before it weren't recorded yet. What they have raised since
    may concern vessels that haven't been heard for long: then it is looked at again.
    """
    place, window = task.place, task.window
    key = digest(Path(task.generation).stem, task.looked.key)
    if place.folder(KIND, key).exists():
        return key
    setup, found = _setup_of(place), Found(place, task.looked)
    with reader(place, task.generation) as store:
        asked = window.asked or (window.start, window.end)
        true_window = window_of(store, *asked, onward=task.onward)
        reach = reach_of(store, setup.detectors, setup.installation, true_window)
        wanted = set(store.need(reach)["mmsi"].tolist())
        as_planned = (
            true_window == window and wanted <= found.vessels() and found.concerned() <= wanted
        )
        if not as_planned:
            window = true_window
            span = window.start, window.now, window.end
            again = looks.Task(place, task.generation, task.inputs, *span, reach)
            found = Found(place, looks.look(again))
        compared = store, setup.detectors, window.start, window.end
        stored = events_to_compare(*compared, written=True)
        named = {*stored["mmsi"].tolist(), *stored["other_mmsi"].tolist()}
        detection = found.detection(store, window.start, window.now, wanted, named)
        within = runs.within(detection, window)
        judged = runs.judge(store, setup, window, within, stored=stored)
        told = runs.told(store, setup, judged, {})
        _leave(place, key, bool(store.simulated), judged, told, again=not as_planned)
    return key


def begin(place: Place) -> None:
    """Load what tasks need once, while a worker has nothing to do yet; this imports it, too."""
    _setup_of(place)


@lru_cache(maxsize=1)
def _setup_of(place: Place) -> Setup:
    detectors, zones, models = looks.rules_of(place)
    return Setup(place.installation(), zones, tuple(detectors), models)


def _leave(
    place: Place,
    key: str,
    simulated: bool,
    judged: runs.Judged,
    told: runs.Published,
    *,
    again: bool,
) -> None:
    made = {
        "events": events.written(judged.compared),
        "flagged": judged.assessed.flagged,
        "parts": judged.assessed.parts,
        "incidents": judged.assessed.incidents,
        "vessels": judged.detection.context.vessels,
    }
    noted = {
        "run_id": told.run_id,
        "ordinal": told.ordinal,
        "folder": str(told.folder),
        "span": [judged.window.start.isoformat(), judged.window.end.isoformat()],
        "simulated": simulated,
        "manifest": told.manifest,
        "failures": told.failures,
        "tracebacks": dict(judged.tracebacks),
        "again": again,
    }
    with place.make(KIND, key) as unfinished:
        for name, frame in made.items():
            write(frame[list(_SCHEMAS[name])], unfinished / f"{name}.parquet")
        (unfinished / "noted.json").write_text(json.dumps(noted), encoding="utf-8")


class Left:
    """What was left of a day: `noted`, and tables by name."""

    def __init__(self, place: Place, key: str) -> None:
        self._folder = place.folder(KIND, key)
        self.noted: dict[str, Any] = json.loads((self._folder / "noted.json").read_text("utf-8"))
        start, end = (pd.Timestamp(time).as_unit("us") for time in self.noted["span"])
        self.span = start, end
        self.folder = Path(self.noted["folder"])

    def table(self, name: str) -> pd.DataFrame:
        """Return a table."""
        return read(self._folder / f"{name}.parquet", _SCHEMAS[name])


def enter(store: Writer, left: Left) -> Finished:
    """Enter a judged day into the store, for readers once it is published."""
    noted = left.noted
    shutil.rmtree(left.folder, ignore_errors=True)  # of one that crashed before it was seen
    finished = Finished(
        noted["run_id"],
        left.folder,
        str(noted["manifest"]["state"]),
        noted["manifest"],
        left.table("flagged"),
        noted["failures"],
        left.table("events"),
    )
    incidents = left.table("incidents")
    runs.enter(store, finished, incidents, noted["ordinal"], left.span, publish=False)
    return finished


@first
def write_files(task: FilesTask) -> str:
    """Write the files of a run, unless that has been done; returns its id.

    Before looks that wait: the driver waits for the files of several runs to publish these, and
    would find no look waiting any more.
    """
    left = Left(task.place, task.key)
    run_id = str(left.noted["run_id"])
    if left.folder.is_dir():
        return run_id
    found, flagged = left.table("events").drop(columns="supersedes"), left.table("flagged")
    shown = runs.shown_vessels(found, flagged)
    with reader(task.place, task.generation) as store:
        tracks = store.track_positions(sorted(shown), *left.span, DRAWN)
        before = runs.ways_before(store, left.table("incidents"), *left.span)
    products = Products(
        run_id=run_id,
        start=left.span[0],
        end=left.span[1],
        simulated=left.noted["simulated"],
        events=events.parsed(found),
        flagged=flagged,
        parts=left.table("parts"),
        incidents=left.table("incidents"),
        tracks=tracks,
        earlier=before,
        vessels=left.table("vessels"),
        zones=looks.rules_of(task.place)[1],
        manifest=left.noted["manifest"],
    )
    attempt = f".{uuid4().hex}"
    write_folder(products, left.folder, left.noted["tracebacks"], attempt=attempt)
    return run_id


def clean(folder: Path) -> None:
    """Remove what workers that died have left of the files of a run."""
    for left_over in folder.parent.glob(f".{folder.name}.*.unfinished"):
        shutil.rmtree(left_over, ignore_errors=True)
