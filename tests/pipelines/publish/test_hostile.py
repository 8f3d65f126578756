"""Text written to break out, in every format, opened by a reader that didn't write it."""

import csv
import html
import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import gpxpy
import pandas as pd
import pytest

from pipelines.base.text import one_line
from pipelines.base.visible import clean
from pipelines.publish import brief
from pipelines.publish.files import WRITERS, write_all
from pipelines.publish.products import Products

KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def folder(hostile: Products, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hostile")
    write_all(hostile, out)
    return out


@pytest.fixture(scope="module")
def names(hostile: Products) -> list[str]:
    return [str(name) for name in hostile.flagged["name"]]


def test_nothing_was_written_elsewhere(folder: Path) -> None:
    assert all(file.is_file() for file in folder.iterdir())
    assert {file.name for file in folder.iterdir()} == set(WRITERS)


@pytest.mark.parametrize("name", ["events.csv", "flagged.csv"])
def test_csv_rows_and_columns_hold(folder: Path, name: str, names: list[str]) -> None:
    raw = (folder / name).read_bytes()
    assert b"\0" not in raw
    assert raw.count(b"\n") == len(names) + 1  # no cell spills over lines
    with (folder / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) == len(names)
    for row in rows:
        assert None not in row
        for text in row.values():
            assert text.isprintable()
    numbers = {"lat", "lon", "score", "rank"}
    texts = [t for row in rows for key, t in row.items() if key not in numbers and t]
    cells = [cell for text in texts for cell in (text, *text.split(";"))]  # whatever stands between
    assert not any(cell[:1] in set("=+-@\t\r\n") for cell in cells)


def test_flagged_csv_keeps_names(folder: Path, names: list[str]) -> None:
    read = pd.read_csv(folder / "flagged.csv", dtype=str, keep_default_na=False)
    expected = [clean(name) for name in names]
    expected = ["'" + e if e[:1] in set("=+-@") and e else e for e in expected]
    expected = [e.replace(";=", ";'=") for e in expected]
    assert list(read["name"]) == expected
    assert list(read["name"])[1] == '\'=HYPERLINK("http://x")'
    assert list(read["name"])[4] == " " * 20
    assert "[U+202E]" in read["name"][3]


def test_evidence_stays_json_of_the_same_value(folder: Path, hostile: Products) -> None:
    read = pd.read_csv(folder / "events.csv", dtype=str, keep_default_na=False)
    for shown, original in zip(read["evidence"], hostile.events["evidence"], strict=True):
        assert json.loads(shown) == {**json.loads(original.json()), "simulated": True}


def test_parquet(folder: Path, hostile: Products) -> None:
    frame = gpd.read_parquet(folder / "events.parquet")
    assert list(frame["explanation"]) == [clean(t) for t in hostile.events["explanation"]]


def test_geojson(folder: Path, names: list[str]) -> None:
    for file in ("events.geojson", "tracks.geojson"):
        frame = gpd.read_file(folder / file)
        assert len(frame) == len(names)
        assert sorted(frame["name"]) == sorted(one_line(name, 60) for name in names)


def test_kml(folder: Path, names: list[str]) -> None:
    raw = (folder / "flagged.kml").read_text(encoding="utf-8")
    root = ElementTree.fromstring(raw)
    marks = list(root.iter(f"{KML}Placemark"))
    assert len(marks) == 4 * len(names)
    allowed = {
        "kml",
        "Document",
        "Folder",
        "Placemark",
        "name",
        "description",
        "Style",
        "LabelStyle",
        "LineStyle",
        "BalloonStyle",
        "color",
        "scale",
        "width",
        "text",
        "TimeSpan",
        "begin",
        "end",
        "Point",
        "LineString",
        "coordinates",
    }
    assert {element.tag.removeprefix(KML) for element in root.iter()} <= allowed
    for mark in marks:
        description = mark.findtext(f"{KML}description", "")
        # What a viewer renders as HTML: nothing but line breaks, and no entity it would fill in
        assert set(_tags(description)) <= {"br"}
        assert "$[" not in description
        assert "$[" not in mark.findtext(f"{KML}name", "")
    read = gpd.read_file(folder / "flagged.kml", layer="Flagged vessels")
    assert read["Name"][0] == "SIM 1 <script>alert(1)</script>"
    assert read["Name"][2] == "SIM 3 ]]>"
    assert html.unescape(read["description"][0]).count("<script>alert(1)</script>") >= 2


def test_gpx(folder: Path, names: list[str]) -> None:
    read = gpxpy.parse((folder / "flagged.gpx").read_text(encoding="utf-8"))
    assert len(read.waypoints) == 2 * len(names)
    vessels = read.waypoints[len(names) :]
    assert vessels[1].name == 'SIM 2 =HYPERLINK("http://x")'
    assert vessels[4].name == "SIM 5 533000005"
    assert read.waypoints[0].name.startswith("SIM 1 <script>")
    assert all(len(w.name) <= 30 and len(w.description) <= 2000 for w in read.waypoints)
    assert "<script>alert(1)</script>" in read.waypoints[0].description


def test_manifest_is_json(folder: Path) -> None:
    assert json.loads((folder / "manifest.json").read_text(encoding="ascii"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _tags(text: str) -> list[str]:
    reader = _Reader()
    reader.feed(text)
    return [tag for tag, _ in reader.tags]


@pytest.mark.slow
def test_brief_has_the_elements_of_a_tame_one(
    folder: Path, products: Products, names: list[str]
) -> None:
    read, tame = _Reader(), _Reader()
    read.feed((folder / "brief.html").read_text(encoding="utf-8"))
    tame.feed(brief.render(products))
    kinds = {(tag, *sorted(attributes)) for tag, attributes in read.tags}
    assert kinds <= {(tag, *sorted(attributes)) for tag, attributes in tame.tags} | {
        ("bdi", "class")
    }
    assert [tag for tag, _ in read.tags].count("script") == 3
    shown = "".join(read.text)
    for name in names:
        assert one_line(name, 60) in shown
    assert "\u202e" not in shown
