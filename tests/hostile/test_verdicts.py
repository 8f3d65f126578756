"""A file of verdicts says which other files hold the reports: none of them outside the store."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.store import positions, verdict_files
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
