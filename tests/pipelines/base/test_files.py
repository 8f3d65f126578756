"""Files as they are told from one another."""

import os
import time
from pathlib import Path

import pytest

from pipelines.base import files


def test_a_file_is_read_again_once_it_may_have_changed(tmp_path, monkeypatch):
    path = tmp_path / "zones.geojson"
    path.write_text("one")
    first = files.sha256_of(path)
    path.write_text("two")  # as long, within what a clock tells apart
    assert files.sha256_of(path) != first
    monkeypatch.setattr(files, "FRESH_NS", 0)
    second = files.sha256_of(path)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read again"))
    assert files.sha256_of(path) == second


def test_what_a_killed_process_left_of_a_file_goes_and_its_folder_is_listed_once(
    tmp_path, monkeypatch
):
    old = time.time() - files.LEFT_S - 60
    left, other, young = (tmp_path / f".{n}.part" for n in ("a.csv.17", "b.csv.17", "a.csv.18"))
    for path in (left, other, young):
        path.write_text("half")
    for path in (left, other):
        os.utime(path, (old, old))
    files.write_text(tmp_path / "a.csv", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["a.csv", other.name, young.name]
    )
    monkeypatch.setattr(Path, "iterdir", lambda _: pytest.fail("listed again"))
    files.write_text(tmp_path / "b.csv", "whole")
    assert not other.exists()
