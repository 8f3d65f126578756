"""Files as they are told from one another."""

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
