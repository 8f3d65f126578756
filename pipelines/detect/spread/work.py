"""The work folder: results of tasks, each named by the hash of what it rests on."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core import frames
from detectors.core.errors import SelatError
from pipelines.base.files import sync
from pipelines.base.settings import PROJECT, Installation, load
from pipelines.detect.spread.engines import Pending
from pipelines.store import Queries, Writer
from pipelines.store import read as read_store

KINDS = ("dates", "looks", "days", "files", "generations", "tracks", "coverage", "company")
"""What the folder holds; `files` and the last three were left by earlier versions."""


class WorkerError(SelatError):
    """A worker isn't what the driver takes it for."""


@dataclass(frozen=True)
class Place:
    """Where a task finds what it needs: folders that all workers see under the same names."""

    home: str
    config: str
    """Of the installation."""
    work: str
    """The work folder."""
    fingerprint: str
    """`fingerprint` of the driver's program and configuration."""

    def installation(self) -> Installation:
        """Return the installation, after a check that this process runs what the driver runs.

        Raises WorkerError if program or configuration differ.
        """
        installation, found = _installed(self.home, self.config)
        if found != self.fingerprint:
            raise WorkerError(
                "a worker runs another version of the program, or has another configuration",
                hint="install the same version everywhere, share home and configuration folders, "
                "and start the workers anew",
            )
        return installation

    def folder(self, kind: str, key: str) -> Path:
        """Return the folder of a result, there or not."""
        return Path(self.work) / kind / key

    @contextmanager
    def make(self, kind: str, key: str) -> Iterator[Path]:
        """Make an empty folder for a result, which appears under its name whole or not at all.

        Where another task has made the same result meanwhile, that one stands.
        """
        folder = self.folder(kind, key)
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = folder.with_name(f".{key}.{uuid4().hex}")
        unfinished.mkdir()
        try:
            yield unfinished
            for path in (*unfinished.iterdir(), unfinished):
                sync(path)
            try:
                unfinished.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


@lru_cache(maxsize=4)
def _installed(home: str, config: str) -> tuple[Installation, str]:
    installation = load(Path(home), Path(config))
    return installation, fingerprint(installation)


def fingerprint(installation: Installation) -> str:
    """Return a digest of program, reference layers, configuration and all that was learned."""
    code = [p for top in ("detectors", "pipelines") for p in (PROJECT / top).rglob("*")]
    files = [
        *(p for p in code if p.suffix in {".py", ".sql", ".yaml", ".j2"}),
        *(p for p in installation.reference.rglob("*") if p.is_file()),
        *(p for p in installation.config.rglob("*") if p.suffix in {".yaml", ".geojson"}),
        *(p for p in installation.learned.rglob("*") if p.is_file()),
    ]
    whole = hashlib.sha256(installation.settings.detection.model_dump_json().encode())
    for top in (PROJECT, installation.reference, installation.config, installation.learned):
        for path in sorted(p for p in files if p.is_relative_to(top)):
            whole.update(str(path.relative_to(top)).encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()[:16]


@contextmanager
def reader(place: Place, generation: str) -> Iterator[Queries]:
    """Open the store as the driver showed it, as one of many readers on its machine."""
    installation = place.installation()
    settings = installation.settings.store.model_copy(update={"threads": 1})
    with read_store(installation.store, settings, Path(generation)) as store:
        yield store


class Generations:
    """What the driver shows of the store to tasks: a copy of the catalogue for as long as one of
    them may read it.
    """

    def __init__(self, place: Place, store: Writer) -> None:
        self._folder, self._store = Path(place.work) / "generations", store
        self._read_by: dict[Path, list[Pending]] = {}
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self.show()

    def show(self) -> None:
        """Let tasks from now on see all that was written so far."""
        self.newest = self._folder / f"{uuid4().hex}.duckdb"
        self._store.show(self.newest)
        for path, some in list(self._read_by.items()):
            if all(one.done() for one in some):
                path.unlink(missing_ok=True)
                del self._read_by[path]

    def read_by(self, pending: Pending) -> Pending:
        """Keep the newest until a task has ended; returns it."""
        self._read_by.setdefault(self.newest, []).append(pending)
        return pending


def digest(*parts: Any) -> str:
    """Return the name of a result: a hash of all that it rests on."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:24]


def digest_of(frame: pd.DataFrame) -> str:
    """Return a hash of a frame's rows in their order."""
    rows = pd.util.hash_pandas_object(frame.reset_index(drop=True), index=False)
    return hashlib.sha256(rows.to_numpy().tobytes()).hexdigest()[:16]


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as Parquet."""
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, compression="zstd")


def read(path: Path, schema: Mapping[str, frames.Column]) -> pd.DataFrame:
    """Read a frame of a schema from Parquet."""
    return frames.conform(pq.read_table(path, columns=list(schema)).to_pandas(), schema)
