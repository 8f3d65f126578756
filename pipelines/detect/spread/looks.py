"""Stage 2: a look at a window as a task."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pandas as pd

import detectors as catalogue
from detectors.core import events
from detectors.core.detector import Context, Detector
from detectors.kinematics.integrity import PROVISIONAL
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from pipelines.detect import window
from pipelines.detect.context import vessels_of
from pipelines.detect.heard import HEARD
from pipelines.detect.spread.work import Place, digest, digest_of, read, reader, write
from pipelines.reference import layers, models
from pipelines.store import Queries

_NEED: Final = "need of vessels"
_HEARD: Final = "heard by vessel"


@dataclass(frozen=True)
class Task:
    """A window to be looked at."""

    place: Place
    generation: str
    """Of the store, one that has the dates of the window."""
    inputs: str
    """Digest of all feeds and sightings in the store."""
    start: pd.Timestamp
    end: pd.Timestamp
    until: pd.Timestamp
    """The window, up to when reports are looked at, and the last moment that counts as looked
    at."""
    reach: pd.DataFrame
    """Vessels and how far back they are wanted, as `window.first_reach` says."""


@dataclass(frozen=True)
class Looked:
    """What a look returns: the name of its result and little else.

    `failures` and `passes` are as of `window.Look`.
    """

    key: str
    failures: dict[str, tuple[str, str]]
    passes: int


def look(task: Task) -> Looked:
    """Look at a window, unless that has been done."""
    place = task.place
    key = digest(
        place.fingerprint,
        task.inputs,
        task.start,
        task.end,
        task.until,
        digest_of(task.reach),
    )
    folder = place.folder("looks", key)
    if not folder.exists():
        detectors, zones, fitted = rules_of(place)
        with reader(place, task.generation) as store:
            seen = window.look(
                store,
                detectors,
                task.reach,
                start=task.start,
                end=task.end,
                until=task.until,
                zones=zones,
                models=fitted,
                memory_gb=place.installation().settings.detection.memory_gb,
            )
        with place.make("looks", key) as unfinished:
            found = {name: events.written(one) for name, one in seen.before.items()}
            for name, frame in {**found, _NEED: seen.need, _HEARD: seen.heard}.items():
                write(frame, unfinished / f"{name}.parquet")
            noted = {"found": list(seen.before), "failures": seen.failures, "passes": seen.passes}
            (unfinished / "noted.json").write_text(json.dumps(noted), encoding="utf-8")
    noted = json.loads((folder / "noted.json").read_text(encoding="utf-8"))
    failures = {name: tuple(text) for name, text in noted["failures"].items()}
    return Looked(key, failures, noted["passes"])


@lru_cache(maxsize=1)
def rules_of(place: Place) -> tuple[list[Detector], Zones, dict[str, Any]]:
    """Load detectors, zones and fitted models, which takes longer than many a task."""
    installation = place.installation()
    zones = layers.load_zones(
        installation.config / "zones", installation.reference, installation.learned
    )
    return catalogue.build(installation.detectors), zones, models.of(installation)


class Found:
    """What a look found, read from the work folder."""

    def __init__(self, place: Place, looked: Looked) -> None:
        self._place, self._looked = place, looked
        self._folder = place.folder("looks", looked.key)
        noted = json.loads((self._folder / "noted.json").read_text(encoding="utf-8"))
        self._before = {
            name: events.parsed(read(self._folder / f"{name}.parquet", events.WRITTEN))
            for name in noted["found"]
        }
        self._need = pd.read_parquet(self._folder / f"{_NEED}.parquet")

    def vessels(self) -> set[int]:
        """Return the MMSIs that were looked at."""
        return set(self._need["mmsi"].tolist())

    def concerned(self) -> set[int]:
        """Return the MMSIs that take part in what was found."""
        found = self._before.values()
        return {m for one in found for side in ("mmsi", "other_mmsi") for m in one[side]} - {0}

    def detection(
        self,
        store: Queries,
        start: pd.Timestamp,
        end: pd.Timestamp,
        mmsis: set[int],
        named: set[int],
    ) -> window.Detection:
        """Return what `window.detect` would have given for these vessels, to be judged.

        Named in its context are those of them that take part in what was found, or are `named`;
        what only detectors ask for isn't in it.
        """
        detectors, zones, models = rules_of(self._place)
        wanted = sorted(mmsis & (self.concerned() | named))
        heard = read(self._folder / f"{_HEARD}.parquet", HEARD)
        told_of = vessels_of(store, heard.loc[heard["mmsi"].isin(wanted), "mmsi"], end)
        context = Context(start - PROVISIONAL, end, zones, told_of, Coverage.none(), models)
        return window.detection_of(
            self._before,
            self._looked.failures,
            detectors,
            heard[heard["mmsi"].isin(sorted(mmsis))].reset_index(drop=True),
            context,
            self._looked.passes,
        )
