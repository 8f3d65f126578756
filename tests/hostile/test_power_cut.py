"""What a power cut leaves of the files of a run: nobody is answered with a traceback."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.ask.doctor import check_reach
from pipelines.base.settings import load
from pipelines.run.setup import load_zones

Selat = Callable[..., Any]

LEFT = {
    "nothing": b"",
    "zeros": b"\0" * 4096,
    "half of it": b'{"run_id": "2026',
    "another kind": b"[]",
    "less than all": b"{}",
    "depths": b"[" * 100_000,
    "bytes": bytes(range(256)),
    "few columns": b"score,event_ids\n0.5,0123456789abcdef\n",
}


@pytest.fixture
def home(exercise_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))


@pytest.mark.parametrize("name", ["manifest.json", "flagged.csv"])
def test_the_list_says_what_is_damaged_and_what_to_do(home: Path, selat: Selat, name: str) -> None:
    for left, content in LEFT.items():
        (home / "latest" / name).write_bytes(content)
        told = selat("flagged", "--home", home)
        assert told.code == 1, left
        assert f"{name} of run {(home / 'latest').resolve().name} is damaged" in told.err, left
        assert "selat nightly" in told.err
    assert selat("incidents", "--top", "1", "--home", home).code == 0  # as the store has them


def test_the_list_of_a_run_of_before_there_were_incidents_is_shown(
    home: Path, selat: Selat
) -> None:
    path = home / "latest" / "flagged.csv"
    pd.read_csv(path, dtype=str).drop(columns="incident_id").to_csv(path, index=False)
    told = selat("flagged", "--home", home)
    assert told.code == 0
    assert "event " in told.out


def test_the_doctor_says_so(home: Path) -> None:
    installation = load(home)
    zones = load_zones(installation)
    for left, content in LEFT.items():
        (installation.latest / "manifest.json").write_bytes(content)
        [found] = check_reach(installation.latest, zones)
        assert found.where == f"run {installation.latest.resolve().name}", left
        assert "damaged" in found.message


def test_where_there_is_no_run_yet_nothing_is_damaged(tmp_path: Path) -> None:
    installation = load(tmp_path)
    assert check_reach(installation.latest, load_zones(installation)) == []
