"""Watch-lists: what is read, what matches, and that they raise but never make a flag."""

from pathlib import Path

import pandas as pd
import pytest

from detectors.core import frames
from detectors.core.errors import ConfigError
from pipelines.assess import watchlists
from tests import making

ABOUT = "title: Test list\nsource: a test\nlicence: CC0-1.0\n"
IMO = 9074729  # its check digit is right


def write(folder: Path, csv: str, about: str = ABOUT) -> Path:
    (folder / "list.csv").write_text(csv, encoding="utf-8-sig")
    (folder / "list.yaml").write_text(about, encoding="utf-8")
    return folder


def vessels(**columns: object) -> pd.DataFrame:
    row = {"mmsi": 563000001, "flag_state": "SGP", **columns}
    return making.said(row, schema=frames.VESSELS)


def matched(folder: Path, **columns: object) -> list[watchlists.Match]:
    return watchlists.match(watchlists.load(folder), vessels(**columns))


def test_no_folder_no_lists(tmp_path: Path) -> None:
    assert watchlists.load(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("said", "weight", "words"),
    [
        ({"imo": IMO}, 0.3, "by IMO 9074729"),
        ({"mmsi": 273000009}, 0.25, "by MMSI 273000009"),
        ({"callsign": "9mab-1"}, 0.2, "by call sign 9MAB1"),
        ({"name": "Ocean  Star 7"}, 0.1, "by name only OCEANSTAR7"),
        ({"imo": IMO, "name": "OCEAN STAR 7", "mmsi": 273000009}, 0.3, "by IMO"),
    ],
)
def test_the_strongest_key_counts(
    tmp_path: Path, said: dict[str, object], weight: float, words: str
) -> None:
    write(tmp_path, f"imo,mmsi,callsign,name\n{IMO},273000009,9MAB1,OCEAN STAR 7\n")
    [hit] = matched(tmp_path, **said)
    assert hit.weight == weight
    assert words in hit.note
    assert "Test list" in hit.note


def test_a_name_does_not_match_another_hull(tmp_path: Path) -> None:
    write(tmp_path, f"imo,name\n{IMO},OCEAN STAR 7\n")
    assert matched(tmp_path, imo=9321483, name="OCEAN STAR 7") == []
    assert matched(tmp_path, imo=1234568, name="OCEAN STAR 7"), "an invalid number proves nothing"


def test_unsaid_fields_match_nothing(tmp_path: Path) -> None:
    write(tmp_path, "imo,mmsi,callsign,name\n,,,\n0,000000000,@,STAR\n1234568,12,,\n")
    [one] = watchlists.load(tmp_path)
    assert one.ignored == 3
    assert matched(tmp_path, mmsi=563000001, name="STAR") == []


def test_own_headings_and_prefixed_numbers(tmp_path: Path) -> None:
    about = ABOUT + "columns: {imo: IMO Number, name: Vessel Name}\n"
    write(tmp_path, f"Vessel Name,IMO Number\nx,IMO {IMO}\n", about)
    assert [m.weight for m in matched(tmp_path, imo=IMO)] == [0.3]


@pytest.mark.parametrize(
    ("csv", "about", "words"),
    [
        ("imo\n1\n", "title: x\nsource: y\n", "licence"),
        ("imo\n1\n", ABOUT + "columns: {imo: NUMBER}\n", "none of the columns"),
        ("ship\n1\n", ABOUT, "none of the columns"),
        ("", ABOUT, "can't be read"),
        ("\nimo,name,IMO\n1,x,2\n", ABOUT, "several columns 'imo'"),
        ("name\nSAMPEL 1\n", ABOUT + "own: true\n", "no column of MMSIs"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, csv: str, about: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        watchlists.load(write(tmp_path, csv, about))


def test_a_list_needs_its_description(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("imo\n1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no description"):
        watchlists.load(tmp_path)


def test_a_real_list(shared: Path, tmp_path: Path) -> None:
    real = (shared / "watchlists" / "sanctions_by_imo.csv").read_text(encoding="utf-8")
    [one] = watchlists.load(write(tmp_path, real))
    assert len(one.entries) + one.ignored == len(real.splitlines()) - 1
    assert one.ignored < 0.02 * len(one.entries)


def test_a_telephone_number_is_no_mmsi(tmp_path: Path) -> None:
    """Those that stand beside one, also with a plus, in groups, behind a row's number, or with a
    year behind, are read.
    """
    phones = ["+60123456789", "+60 123456789", "(+62) 812-345-678", "60 123 456 789"]
    true = ["533 000 001 563 000 002", "+62 812 345 678; 533000003", "+533000004", "533000005 2019"]
    true += ["12 533 000 006"]
    write(tmp_path, "\n".join(["mmsi", *phones, *true]) + "\n")
    [one] = watchlists.load(tmp_path)
    numbers = [533000001, 533000003, 533000004, 533000005, 533000006, 563000002]
    assert (one.entries["mmsi"].tolist(), one.ignored) == (numbers, len(phones))


def test_own_vessels_that_no_mmsi_names_are_counted_as_ignored(tmp_path: Path) -> None:
    """They are known by that alone, so that the row means nobody: somebody mistyped it."""
    rows = f"mmsi,name,imo\n533000001,SAMPEL 1,\n53300002,SAMPEL 2,{IMO}\n,SAMPEL 3,\n"
    [one] = watchlists.load(write(tmp_path, rows, ABOUT + "own: true\n"))
    assert (one.entries["mmsi"].tolist(), one.ignored) == ([533000001], 2)
