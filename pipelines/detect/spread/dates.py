"""Stage 1: verdicts, tracks and coverage of a date as a task."""

import json
from dataclasses import dataclass
from typing import Final

import pandas as pd

from detectors.core import frames
from pipelines.detect import days
from pipelines.detect.days import Due, Worked
from pipelines.detect.spread.engines import Engine, Pending, first
from pipelines.detect.spread.work import Generations, Place, digest, reader, write
from pipelines.store import Writer, positions, verdict_files
from pipelines.store.catalogue import TABLES

KIND: Final = "dates"


@dataclass(frozen=True)
class Task:
    """A date to be worked out, given the generation of the store that has the one before."""

    place: Place
    generation: str
    due: Due


@first
def work_out(task: Task) -> str:
    """Work out a date, unless that has been done; returns the name of its result."""
    place = task.place
    key = digest(place.fingerprint, task.due.date, task.due.digest)
    if not place.folder(KIND, key).exists():
        memory_gb = place.installation().settings.detection.memory_gb
        with reader(place, task.generation) as store:
            worked = days.work_out(store, task.due, memory_gb)
        noted = {"date": worked.date, "digests": worked.digests, "counts": worked.counts}
        noted |= {"clocks": worked.clocks, "tables": list(worked.tables)}
        with place.make(KIND, key) as unfinished:
            for name, rows in worked.tables.items():
                if isinstance(rows, pd.DataFrame):
                    write(frames.conform(rows, TABLES[name]), unfinished / f"{name}.parquet")
            schema = verdict_files.schema_of(worked.judged)
            positions.write(unfinished / "judged.parquet", worked.judged, schema)
            (unfinished / "noted.json").write_text(json.dumps(noted), encoding="utf-8")
    return key


def worked_out(place: Place, key: str) -> Worked:
    """Return what the store is to hold of a date; all of it stays in its files."""
    folder = place.folder(KIND, key)
    noted = json.loads((folder / "noted.json").read_text(encoding="utf-8"))
    return Worked(
        noted["date"],
        tuple(noted["digests"]),
        noted["counts"],
        noted["clocks"],
        folder / "judged.parquet",
        {name: folder / f"{name}.parquet" for name in noted["tables"]},
    )


class Dates:
    """The dates of the store, worked out one after the other while all else goes on."""

    def __init__(
        self, engine: Engine, place: Place, store: Writer, generations: Generations
    ) -> None:
        self._engine, self._place, self._store = engine, place, store
        self._generations = generations
        self._dates = days.Dates(store)
        self.pending: Pending | None = None
        self._begin()

    def _begin(self) -> None:
        self._due, self.pending = self._dates.due(), None
        if self._due is not None:
            task = Task(self._place, str(self._generations.newest), self._due)
            pending = self._engine.submit(work_out, task)
            self.pending = self._generations.read_by(pending)

    def advance(self) -> bool:
        """Record a date that is worked out, and begin with the next; tell whether there was one."""
        if self.pending is None or not self.pending.done():
            return False
        worked = worked_out(self._place, self.pending.result())
        days.record(self._store, worked)
        self._dates.stands(worked.digests[1])
        self._generations.show()
        self._begin()
        return True

    def stand(self, until: pd.Timestamp) -> bool:
        """Tell whether all dates up to a time are worked out."""
        return self._due is None or f"{until.tz_convert('UTC'):%Y-%m-%d}" < self._due.date
