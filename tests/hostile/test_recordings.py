"""What lies in the folder of recordings keeps no feed from being recorded, and no recording from
being read.
"""

import os
from pathlib import Path

import pytest
import zstandard

from detectors.core.errors import ConfigError
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.ingest.listen import listen, sources
from pipelines.ingest.listen.connected import StdinSource
from pipelines.ingest.listen.stamp import tag_block
from pipelines.run.feeds import ingest_only
from pipelines.run.setup import load_zones

SENTENCE = tag_block(b"c:1767628800") + b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"
WHOLE = zstandard.ZstdCompressor(write_checksum=True).compress(SENTENCE + b"\n")


def pipe(part: Path) -> None:
    os.mkfifo(part)


def link(part: Path) -> None:
    """A link to a file of ours, which would be cut behind its last complete frame."""
    part.symlink_to(part.parent.parent / "ours")


def folder(part: Path) -> None:
    part.mkdir()


KINDS = [pipe, link, folder]


@pytest.fixture(params=KINDS, ids=lambda make: make.__name__)
def recordings(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with what somebody put there as if a dead recorder had left it, and a left-over."""
    made = tmp_path / "home" / "recordings"
    made.mkdir(parents=True)
    (made.parent / "ours").write_bytes(WHOLE + b"ours too")
    request.param(made / ".20260105T150000Z-a.nmea.zst.part")
    (made / ".20260105T160000Z-b.nmea.zst.part").write_bytes(WHOLE)
    return made


def test_what_cannot_be_finished_keeps_nothing_from_being_recorded(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    reading, writing = os.pipe()
    os.write(writing, SENTENCE + b"\n")
    os.close(writing)
    monkeypatch.setattr(sources, "StdinSource", lambda: StdinSource(reading))
    summary = listen("-", recordings, on_notice=said.append)
    assert summary.counts.lines == 1
    assert [path.name for path in summary.recovered] == ["20260105T160000Z-b.nmea.zst"]
    assert any("20260105T150000Z-a.nmea.zst.part can't be finished" in one for one in said)
    assert (recordings.parent / "ours").read_bytes() == WHOLE + b"ours too"


def test_what_cannot_be_finished_keeps_nothing_from_being_read(recordings: Path) -> None:
    installation = load(recordings.parent)
    zones = load_zones(installation)
    with reporter(quiet=True) as report:
        told = ingest_only(installation, zones, [], area=None, mapping=None, report=report)
    [(name, added)] = told.added.items()
    assert name.endswith("20260105T160000Z-b.nmea.zst")
    assert added["rows_read"] == 1
    [(name, why)] = told.failed.items()
    assert name == ".20260105T150000Z-a.nmea.zst.part"
    assert "can't be finished" in why
    assert (recordings.parent / "ours").read_bytes() == WHOLE + b"ours too"


def test_a_length_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a second"):
        listen("-", tmp_path, rotate_s=float("nan"))
