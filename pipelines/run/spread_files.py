"""A run's files as a task of a back-fill: what they are made of waits in the work folder.

The files of a day take longer than all else that its driver does, and rest on nothing but that day.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pandas as pd

from detectors.core import events, frames
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.detect.spread.looks import rules_of
from pipelines.detect.spread.work import Place, read, reader, write
from pipelines.publish.products import Products
from pipelines.run import runs
from pipelines.store import Queries

KIND: Final = "files"

_REASON: Final = frames.Column("str", "", "the sentence that says what happened")
_SCHEMAS: Final = {
    "events": {**events.WRITTEN, "status": _REASON, "reason": _REASON},
    "flagged": FLAGGED,
    "parts": PARTS,
    "incidents": INCIDENTS,
    "vessels": frames.VESSELS,
}


@dataclass(frozen=True)
class Task:
    """Files to be written: the name of what they are made of, and of the run."""

    place: Place
    key: str


def leave(place: Place, store: Queries, judged: runs.Judged, published: runs.Published) -> Task:
    """Leave what the files of a run are made of in the work folder, for `write_files`."""
    shutil.rmtree(published.folder, ignore_errors=True)  # of one that crashed before it was seen
    key = uuid4().hex
    made = {
        "events": events.written(judged.compared),
        "flagged": judged.assessed.flagged,
        "parts": judged.assessed.parts,
        "incidents": judged.assessed.incidents,
        "vessels": judged.detection.context.vessels,
    }
    noted = {
        "run_id": published.run_id,
        "folder": str(published.folder),
        "span": [judged.window.start.isoformat(), judged.window.end.isoformat()],
        "simulated": bool(store.simulated),
        "manifest": published.manifest,
        "tracebacks": dict(judged.detection.tracebacks),
    }
    with place.make(KIND, key) as unfinished:
        for name, frame in made.items():
            write(frame[list(_SCHEMAS[name])], unfinished / f"{name}.parquet")
        (unfinished / "noted.json").write_text(json.dumps(noted), encoding="utf-8")
    return Task(place, key)


def write_files(task: Task) -> str:
    """Write the files of a run, unless that has been done; returns its id."""
    folder = task.place.folder(KIND, task.key)
    noted: dict[str, Any] = json.loads((folder / "noted.json").read_text(encoding="utf-8"))
    if Path(noted["folder"]).is_dir():
        return str(noted["run_id"])
    held = {name: read(folder / f"{name}.parquet", schema) for name, schema in _SCHEMAS.items()}
    start, end = (pd.Timestamp(time).as_unit("us") for time in noted["span"])
    shown = runs.shown_vessels(held["events"], held["flagged"])
    with reader(task.place) as store:
        tracks = store.track_positions(sorted(shown), start, end)
    products = Products(
        run_id=noted["run_id"],
        start=start,
        end=end,
        simulated=noted["simulated"],
        events=events.parsed(held["events"]),
        flagged=held["flagged"],
        parts=held["parts"],
        incidents=held["incidents"],
        tracks=tracks,
        vessels=held["vessels"],
        zones=rules_of(task.place)[1],
        manifest=noted["manifest"],
    )
    folder, attempt = Path(noted["folder"]), f".{uuid4().hex}"
    runs.write_folder(products, folder, noted["tracebacks"], attempt=attempt)
    return products.run_id


def clean(folder: Path) -> None:
    """Remove what workers that died have left of the files of a run."""
    for left_over in folder.parent.glob(f".{folder.name}.*.unfinished"):
        shutil.rmtree(left_over, ignore_errors=True)
