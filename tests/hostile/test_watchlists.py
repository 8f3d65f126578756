"""Watch-lists come from others: no odd file may silently unlist whom it lists."""

import os
from pathlib import Path

import pytest

from detectors.core.errors import ConfigError
from pipelines.assess import watchlists
from tests.hostile.waiting import nobody_waits

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


@pytest.mark.parametrize("header", ["mmsi,name,mmsi", "mmsi,name,MMSI", " Name,mmsi,name "])
def test_of_two_columns_of_one_name_none_is_taken(tmp_path: Path, header: str) -> None:
    (tmp_path / "mine.yaml").write_text(ABOUT)
    (tmp_path / "mine.csv").write_text(f"{header}\n533000123,OCEAN STAR,533000124\n")
    with pytest.raises(ConfigError, match="has several columns"):
        watchlists.load(tmp_path)


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(ABOUT)
    os.mkfifo(tmp_path / "mine.csv")
    with nobody_waits(), pytest.raises(ConfigError, match="isn't a file"):
        watchlists.load(tmp_path)


@pytest.mark.parametrize(
    "rows",
    [
        '533000123,"OCEAN STAR,\n533000124,SEA MOON,\n533000125,"SERI,\n',
        '533000123,OCEAN STAR,"boarded\n533000124,SEA MOON,"cleared\n',
        '533000123,"OCEAN STAR\n533000124,SEA MOON\n533000125,"SERI\n',
    ],
)
def test_a_quote_that_is_not_closed_takes_nobody_off_a_list(tmp_path: Path, rows: str) -> None:
    (tmp_path / "mine.yaml").write_text(ABOUT)
    (tmp_path / "mine.csv").write_text(f"mmsi,name,why\n{rows}")
    with pytest.raises(ConfigError, match="line 2: a quote isn't closed"):
        watchlists.load(tmp_path)


def test_a_remark_may_have_several_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(ABOUT)
    rows = '533000123,OCEAN STAR,"boarded,\nand, ""cleared"", then"\n533000124,SEA MOON,\n'
    (tmp_path / "mine.csv").write_text(f"mmsi,name,why\n{rows}")
    [one] = watchlists.load(tmp_path)
    assert one.entries["mmsi"].tolist() == [533000123, 533000124]


def test_every_number_of_a_cell_lists_its_vessel(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(ABOUT + "own: true\n")
    rows = "533000123;533000124,A\n533 000 125,B\n533000126 (ex 533000127),C\nnone,D\n"
    (tmp_path / "mine.csv").write_text(f"mmsi,name\n{rows}")
    [one] = watchlists.load(tmp_path)
    assert sorted(one.entries["mmsi"]) == [533000123 + i for i in range(5)]
    assert one.ignored == 1
    (tmp_path / "mine.yaml").write_text(ABOUT)
    (tmp_path / "mine.csv").write_text("imo,name\n9074729 / 9074730 / IMO 9000003,OCEAN STAR\n")
    [one] = watchlists.load(tmp_path)
    assert one.entries["imo"].tolist() == [9074729, 9000003], "one's check digit is wrong"
    assert one.entries["name"].tolist() == ["OCEANSTAR", ""]
    assert one.ignored == 0
    (tmp_path / "mine.csv").write_text('imo,mmsi\n9074730 / 9000003,\n,"533,000,125"\n')
    [one] = watchlists.load(tmp_path)
    assert one.entries["imo"].tolist() == [9000003, 0]
    assert one.entries["mmsi"].tolist() == [0, 533000125]
    assert one.ignored == 0
