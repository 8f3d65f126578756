"""Small feeds made of frames, and places elsewhere: object storage (moto on loopback), a share."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.fs as pafs
import pytest

from pipelines import store
from pipelines.base.settings import StoreSettings
from pipelines.store.catalogue import TABLES
from tests.making import reports, said

START = pd.Timestamp("2026-01-05T16:00:00", tz="UTC").as_unit("us")

_OF_FILES = {"files", "file_feeds", "superseded", "track_files"}


def tables_of(reader: store.Queries) -> dict[str, pd.DataFrame]:
    """The tables of a catalogue, but for which file a row is in and when one was replaced."""
    names = [name for name in TABLES if name not in _OF_FILES]
    return {name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in names}


def content(root: Path) -> dict[str, pd.DataFrame]:
    """What a reader sees: these tables, and the reports."""
    with store.read(root) as reader:
        found = tables_of(reader)
        paths = [str(root / path) for path in reader.sql("SELECT path FROM files")["path"]]
        if paths:
            query = "SELECT * FROM received($paths) ORDER BY ALL"
            rows = reader._connection.sql(query, params={"paths": paths})
            found["received"] = rows.to_arrow_table().to_pandas()
    return found


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[name], obj=name)


@dataclass
class FakeBatch:
    positions: pd.DataFrame
    statics: pd.DataFrame


def batch(
    mmsis: list[int], *, hours: float = 36, step_s: int = 600, source: str = "aa", name: str = "A"
) -> FakeBatch:
    n = int(hours * 3600 / step_s)
    parts = []
    for k, mmsi in enumerate(mmsis):
        time = START + pd.to_timedelta(np.arange(n) * step_s + k, unit="s")
        at = {"mmsi": mmsi, "time": time, "lat": 4.0 + k * 0.2 + np.arange(n) * 1e-4, "lon": 100.0}
        offset = np.arange(n) * len(mmsis) + k
        moves = {"sog_kn": 0.1, "cog_deg": 10.0, "nav_status": 0}
        parts.append(reports(**at, **moves, source=source, source_offset=offset))
    about = {"time": START, "name": name, "ship_type": 70, "length_m": 100.0, "source": source}
    statics = said(*({"mmsi": mmsi, "source_offset": 1, **about} for mmsi in mmsis))
    return FakeBatch(pd.concat(parts, ignore_index=True), statics)


REPORT = {"simulated": False, "format": "test", "rejected": {}}


ACCESS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very-secret-hush"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # seconds to import: here only who asks pays

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["s3", "share"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StoreSettings:
    """Settings of a place that is empty."""
    if request.param == "share":
        return StoreSettings(url=str(tmp_path / "share" / "selat"))
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    endpoint = request.getfixturevalue("endpoint")
    bucket = "b" + hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]
    files = pafs.S3FileSystem(
        endpoint_override=endpoint.removeprefix("http://"),
        scheme="http",
        allow_bucket_creation=True,
        region="us-east-1",
    )
    files.create_dir(bucket)
    return StoreSettings(url=f"s3://{bucket}/selat", endpoint=endpoint, region="us-east-1")


def add(root: Path, settings: StoreSettings, key: str, **what: Any) -> None:
    one = batch([533000001, 533000002], source=key, **what)
    with store.write(root, settings) as writer:
        writer.add_feed(
            key,
            sha256=key,
            name=f"{key}.csv",
            batches=[one],
            report={**REPORT, "positions": len(one.positions)},
        )
