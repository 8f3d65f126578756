"""What is recorded, ingest reads: nothing that a feed says is lost or changed on the way."""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.ingest import FeedFile, IngestOptions, Report, decode, discover
from pipelines.ingest.listen.framing import LineBuffer
from pipelines.ingest.listen.recorder import Recorder
from pipelines.ingest.listen.stamp import Stamper
from pipelines.ingest.listen.status import Counts
from tests.pipelines.ingest.listen.conftest import sentence

NOW_S = 1_900_000_000
NOW = pd.Timestamp(NOW_S, unit="s", tz="UTC")
COLUMNS = ["mmsi", "time", "lat", "lon", "sog_kn"]


def record(text: bytes, folder: Path) -> tuple[FeedFile, Counts]:
    """Record a stream as if it came in now; ingest finds the file in the folder."""
    counts = Counts()
    lines, stamper = LineBuffer(counts), Stamper("pier7", counts)
    recorder = Recorder(
        folder, "pier7", rotate_s=900, rotate_bytes=1 << 26, clock=lambda: float(NOW_S)
    )
    for start in range(0, len(text), 5000):
        recorder.write(stamper.stamp(lines.lines(text[start : start + 5000]), NOW_S))
        recorder.save()
    recorder.write(stamper.stamp(lines.lines(b"\n"), NOW_S))
    recorder.close()
    (feed,) = discover([str(folder)], folder / "spool")
    return feed, counts


def read(feed: FeedFile) -> tuple[pd.DataFrame, pd.DataFrame, Report]:
    decoding = decode(feed, IngestOptions())
    batches = list(decoding)
    if not batches:
        return pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=["mmsi"]), decoding.report
    positions = pd.concat([batch.positions for batch in batches], ignore_index=True)
    statics = pd.concat([batch.statics for batch in batches], ignore_index=True)
    return positions, statics, decoding.report


@pytest.mark.parametrize("name", ["test.ais", "test_data_20211101.nm4", "Ais1000Lines.nm4"])
def test_a_feed_with_times_keeps_them(shared: Path, tmp_path: Path, name: str) -> None:
    path = shared / "feeds" / "nmea_small" / name
    text = path.read_bytes()
    feed, counts = record(text, tmp_path)
    before, before_static, _ = read(FeedFile(path, name, hashlib.sha256(text).hexdigest()))
    after, after_static, _ = read(feed)
    pd.testing.assert_frame_equal(after[COLUMNS], before[COLUMNS])
    assert after_static["mmsi"].tolist() == before_static["mmsi"].tolist()
    assert counts.noise_lines == counts.overlong_lines == 0


def test_a_wrapped_feed_keeps_its_times(shared: Path, tmp_path: Path) -> None:
    path = shared / "feeds" / "dma_sample_5min" / "ais-sample.txt.gz"
    text = b"".join(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[:6000])
    (tmp_path / "raw").write_bytes(text)
    before, _, _ = read(FeedFile(tmp_path / "raw", "raw", "0" * 64))
    after, _, _ = read(record(text, tmp_path / "recorded")[0])
    assert len(before) > 1000
    pd.testing.assert_frame_equal(after[COLUMNS], before[COLUMNS])


def test_a_feed_without_times_gets_the_time_of_reception(tmp_path: Path) -> None:
    text = b"\r\n".join(sentence(n) for n in range(1000)) + b"\r\n"
    positions, _, report = read(record(text, tmp_path)[0])
    assert report.rejected.get("no time", 0) == 0
    assert len(positions) + sum(report.rejected.values()) == 1000
    assert set(positions["time"]) == {NOW}


@pytest.mark.slow
def test_every_hazard_yields_its_messages(shared: Path, tmp_path: Path) -> None:
    cases = json.loads((shared / "corpora" / "hazards.json").read_text(encoding="utf-8"))
    for number, case in enumerate(cases):
        text = base64.b64decode(case["bytes_base64"])
        _, _, report = read(record(text, tmp_path / str(number))[0])
        # Rejects for what the message says (no position …) are messages, too.
        said = ("no position", "position", "mmsi", "short")
        messages = (
            report.positions
            + report.statics
            - report.also_static
            + sum(report.other_messages.values())
            + sum(report.rejected.get(s, 0) for s in said)
        )
        assert messages == case["expect_messages"], case["name"]
        assert report.rejected.get("no time", 0) == 0, case["name"]
