"""A file of verdicts says which other files hold the reports: none of them outside the store."""

import gc
import weakref
from pathlib import Path

import pandas as pd
import pytest

from pipelines.base import settings
from pipelines.store import positions, read, stored, verdict_files
from pipelines.store.catalogue import StoreError
from pipelines.store.groups import groups_of

EVERYBODY = pd.DataFrame({"mmsi": [0, 999_999_999], "from_time": pd.Timestamp(0, tz="UTC")})
END = pd.Timestamp("2200-01-01", tz="UTC")


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../../other/positions.parquet",
        "positions/date=2026-01-05/../../../x.parquet",
        "..",
    ],
)
def test_no_file_outside_the_store_is_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tracks" / "date=2026-01-05" / f"{verdict_files.STEM}1.parquet"
    path.parent.mkdir(parents=True)
    rows = verdict_files.noted(positions.VERDICTS.empty_table(), [name])
    positions.write(path, rows, verdict_files.schema_of(rows))
    with pytest.raises(StoreError, match="outside the store"):
        verdict_files.files_of(path)
    with pytest.raises(StoreError, match="outside the store"):
        list(groups_of([str(path)], EVERYBODY, END))


def test_what_was_read_is_open_no_longer(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each view of a vessel at the desk left as many files open as its days have."""
    opened, begin = list[weakref.ref[stored.StoredFile]](), stored.StoredFile.__init__

    def noted(self: stored.StoredFile, path: str) -> None:
        opened.append(weakref.ref(self))
        begin(self, path)

    monkeypatch.setattr(stored.StoredFile, "__init__", noted)
    gc.collect()
    gc.disable()  # what holds itself is found some time
    try:
        with read(settings.load(small_home).store) as store:
            run = store.last_run()
            assert run is not None
            vessels = store.sql("SELECT DISTINCT mmsi FROM presence")["mmsi"].tolist()
            assert len(store.track_positions(vessels[:1], run["start"], run["end"]))
    finally:
        gc.enable()
    assert opened
    assert not [one for one in opened if one() is not None]
