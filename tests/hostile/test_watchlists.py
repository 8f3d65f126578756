"""Watch-lists come from others: no odd file may silently unlist whom it lists."""

from pathlib import Path

import pytest

from pipelines.assess import watchlists

ABOUT = "title: t\nsource: s\nlicence: l\n"


@pytest.mark.parametrize(
    "rows",
    [
        "533000123,OCEAN STAR,\n533000124,SEA MOON,\n",  # as some spreadsheets write them
        "533000123,OCEAN STAR,boarded,2026\n533000124,SEA MOON,,\n",
        "533000123,OCEAN STAR\n533000124,SEA MOON\n",
        '533000123,"OCEAN STAR"\r\n533000124,SEA MOON\r\n',
    ],
)
def test_a_row_with_more_columns_than_the_header_lists_whom_it_names(
    tmp_path: Path, rows: str
) -> None:
    (tmp_path / "mine.yaml").write_text(ABOUT)
    (tmp_path / "mine.csv").write_text(f"mmsi,name\n{rows}")
    [one] = watchlists.load(tmp_path)
    assert one.entries["mmsi"].tolist() == [533000123, 533000124]
    assert one.entries["name"].tolist() == ["OCEANSTAR", "SEAMOON"]
    assert one.ignored == 0
