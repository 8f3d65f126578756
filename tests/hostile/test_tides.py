"""Attacks on the door for tide tables: whatever the file holds, an error that says what to do."""

import os
from pathlib import Path

import pytest

from detectors.core.errors import ConfigError
from pipelines.reference import tides
from tests.hostile.waiting import nobody_waits

HEAD = "place,lat,lon,time,height_m\n"
GOOD = "Sabak Bernam,3.68,100.98,2026-01-31T03:30+08:00,2.9\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "high_waters.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_local_and_utc_times_are_one(tmp_path: Path) -> None:
    text = "# source: the national tables\n" + HEAD + GOOD + GOOD.replace("T03:30+08:00", "T15:45Z")
    table = tides.load(written(tmp_path, "\ufeff" + text))
    assert table is not None
    assert [int(us) for us in table.time_us] == [1_769_801_400_000_000, 1_769_874_300_000_000]


def test_no_table_is_none() -> None:
    assert tides.load(None) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lacks place"),
        ("place,lat,lon\n", "lacks time"),
        (HEAD.replace("height_m", "depth"), "columns"),
        (HEAD.replace("height_m", "lat"), "columns"),
        (HEAD + "A,3.6,100.9,2026-01-31T03:30\n", "more or fewer values"),
        (HEAD + GOOD + "A,3.6,100.9,2026-01-31T03:30,1\n", "high water 2: .*neither UTC"),
        (HEAD + "A,3.6,100.9,yesterday,1\n", "ISO 8601"),
        (HEAD + "A,nan,100.9,2026-01-31T03:30Z,1\n", "lat is nan"),
        (HEAD + "A,3.6,1e999,2026-01-31T03:30Z,1\n", "lon is 1e999"),
        (HEAD + "A,95,100.9,2026-01-31T03:30Z,1\n", "not from -90 to 90"),
        (HEAD + "A,3.6,100.9,2026-01-31T03:30Z,290\n", "height_m"),
        (HEAD + ",3.6,100.9,2026-01-31T03:30Z,1\n", "name"),
        (HEAD + "x" * 999 + ",3.6,100.9,2026-01-31T03:30Z,1\n", "name"),
        (HEAD + GOOD + GOOD.replace("3.68", "3.98"), "two positions"),
        (HEAD + '"A,3.6,100.9,2026-01-31T03:30Z,1\n', "damaged|fewer"),
        (b"\xff\xfe\x00place", "UTF-8"),
        (HEAD.encode() + b"A\x00B,3.6,100.9,0001-01-01T00:00+23:00,1\n", "tide table"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        tides.load(written(tmp_path, text))
    assert "\x00" not in caught.value.message
    assert "place, lat, lon, time" in str(caught.value.hint)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD)
    os.truncate(path, tides.MAX_BYTES + 1)
    with pytest.raises(ConfigError, match="larger than"):
        tides.load(path)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        tides.load(tmp_path / name)


def test_what_is_no_file_is_never_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "high_waters.csv")
    with nobody_waits(), pytest.raises(ConfigError, match="can't be read"):
        tides.load(tmp_path / "high_waters.csv")
