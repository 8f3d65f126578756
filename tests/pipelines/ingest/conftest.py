"""What the tests of this folder share: sentences with a right checksum, feeds read from bytes."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyais.encode import encode_dict

from detectors.core.errors import SelatError
from detectors.core.frames import POSITIONS, STATICS, validate
from pipelines.ingest import FeedFile, IngestOptions, Report, decode

MAPPINGS = Path(__file__).resolve().parents[3] / "config" / "mappings.yaml"
T0 = 1_700_000_000


@dataclass
class Read:
    """A feed that has been read."""

    positions: pd.DataFrame
    statics: pd.DataFrame
    report: Report


def read_path(path: Path, **options: Any) -> Read:
    feed = FeedFile(path, path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    decoding = decode(feed, IngestOptions(**{"mappings": MAPPINGS, **options}))
    batches = list(decoding)
    for batch in batches:
        validate(batch.positions, POSITIONS)
        validate(batch.statics, STATICS)
    assert decoding.report.unaccounted == 0
    frames = [[b.positions for b in batches], [b.statics for b in batches]]
    positions, statics = (pd.concat(f, ignore_index=True) if f else pd.DataFrame() for f in frames)
    return Read(positions, statics, decoding.report)


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Read]:
    """Read a feed from bytes, text or a path, with options; all rows are accounted for."""
    folder = tmp_path_factory.mktemp("feeds")
    number = itertools.count()

    def _read(content: bytes | str | Path, name: str = "feed", **options: Any) -> Read:
        if isinstance(content, Path):
            return read_path(content, **options)
        path = folder / f"{next(number)}-{name}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            return read_path(path, **options)
        finally:
            path.unlink()

    return _read


def checksummed(body: str) -> str:
    """`body*hh`, whether a sentence or the inside of a tag block."""
    return f"{body}*{reduce(xor, body.lstrip('!$').encode(), 0):02X}"


def sentences(**fields: Any) -> list[str]:
    """The sentences of a message, by pyais' encoder."""
    fields = {"lat": 3.0, "lon": 100.0, "mmsi": 533000001, "msg_type": 1, **fields}
    if fields["msg_type"] in {5, 24}:
        fields.pop("lat"), fields.pop("lon")
    options = {k: fields.pop(k) for k in ("talker_id", "seq_id", "radio_channel") if k in fields}
    return list(encode_dict(fields, **{"talker_id": "AI", **options}))


def tagged(lines: Sequence[str], time: float = T0, station: str = "r1") -> str:
    r"""Lines with tag blocks: `\s:…,c:…*hh\` before each sentence."""
    block = checksummed(f"s:{station},c:{time}")
    return "".join(f"\\{block}\\{line}\n" for line in lines)


@pytest.fixture(scope="session")
def t0() -> pd.Timestamp:
    return pd.Timestamp(T0, unit="s", tz="UTC")


@pytest.fixture(scope="session")
def assumed() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


def read_or_none(read: Callable[..., Read], content: bytes, **options: Any) -> Read | None:
    """What is read; None if the feed is refused with a message and a hint."""
    try:
        return read(content, **options)
    except SelatError as error:
        if not (error.message and error.hint):
            raise
        return None
