"""Every format of a pack, tame and hostile, opened by a reader that didn't write it."""

import csv
import html
import io
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import gpxpy
import openpyxl
import pandas as pd
import pyogrio
import pypdf
import pytest

from pipelines.base.labels import labels
from pipelines.base.marks import Mark, Tlp
from pipelines.base.text import one_line
from pipelines.base.visible import clean
from pipelines.publish import files, gpkg, readme, tak, xlsx
from pipelines.publish.briefing import look_first
from pipelines.publish.files import PACK_FILES, write_formats
from pipelines.publish.packs.recipients import Format
from pipelines.publish.products import Products, Release, with_marks

pytestmark = pytest.mark.slow  # every format is written

MARK = Mark(Tlp.AMBER_STRICT, frozenset({"MYS", "AUS"}))
PRINTED = "TLP:AMBER+STRICT · REL AUS, MYS"
FORMATS = get_args(Format)


def for_recipient(products: Products, language: str) -> Products:
    """Products as a recipient gets them."""
    release = Release(
        "boat",
        "Patrol boat",
        MARK,
        dict.fromkeys(products.tracks["track_id"].tolist(), MARK),
        products.end + pd.Timedelta(hours=12),
        language,
    )
    marked = {
        name: with_marks(getattr(products, name), [MARK] * len(getattr(products, name)))
        for name in ("events", "flagged", "parts", "incidents")
    }
    return replace(products, release=release, **marked)


@pytest.fixture(scope="module", params=["hostile-en", "hostile-ms", "empty-en"])
def released(request: pytest.FixtureRequest) -> Products:
    which, language = request.param.split("-")
    return for_recipient(request.getfixturevalue(which), language)


@pytest.fixture(scope="module")
def folder(released: Products, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of every format."""
    out = tmp_path_factory.mktemp("formats") / "pack"
    out.mkdir()
    written = write_formats(released, FORMATS, out)
    readme.write(released, out / "README.txt", [path.name for path in written], signed=True)
    return out


def unpacked(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder, those in archives instead of the archives."""
    for path in sorted(folder.iterdir()):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path.name}/{name}", archive.read(name)
        else:
            yield path.name, path.read_bytes()


def test_every_format_has_its_files(folder: Path) -> None:
    assert set(PACK_FILES) == set(FORMATS)
    expected = {name for files in PACK_FILES.values() for name in files} | {"README.txt"}
    assert {path.name for path in folder.iterdir()} == expected
    assert [path.name for path in folder.parent.iterdir()] == ["pack"]


def test_the_text_of_a_pack_says_what_each_file_is_for(folder: Path, released: Products) -> None:
    """What a crew opens first stands first, and all of it is in the pack's language."""
    words = labels(released.language)
    told = (folder / "README.txt").read_text(encoding="utf-8").split(f"{words.files}:\n")[1]
    lines = [line.split(None, 1) for line in told.split("\n\n")[0].splitlines()]
    assert [name for name, *_ in lines[:2]] == ["brief.html", "brief.pdf"]
    assert {name for name, *_ in lines} == {one.name for one in folder.iterdir()} - {"README.txt"}
    said = [more[0] for _, *more in lines if more]
    assert len(said) >= 6
    english = set(readme.FOR.values())
    assert english.isdisjoint(said) == (released.language == "ms")
    assert english <= set(labels("ms").desk)


def test_the_marks_are_on_every_file(folder: Path, released: Products) -> None:
    words = labels(released.release.language if released.release else "en")
    # Tables have them row by row.
    tables = {"events.csv", "incidents.csv", "flagged.csv", "parts.csv"}
    tables |= {"events.parquet", "incidents.parquet"}
    furniture = ("flagged.xlsx/", "flagged-tak.zip/MANIFEST")
    for name, content in unpacked(folder):
        if name in tables or name.startswith(furniture):
            continue
        if name.endswith("pdf"):
            for page in pypdf.PdfReader(io.BytesIO(content)).pages:
                text = page.extract_text()
                assert text.count(PRINTED) >= 2  # above and below
                assert words.simulated in text
                assert words.leads in text
            continue
        text = content.decode("utf-8", "replace")
        if name.endswith("geojson"):
            note = json.loads(text)["note"]
            assert PRINTED in note
            assert words.simulated in note
            continue
        text = html.unescape(text)
        assert PRINTED in text, name
        assert words.simulated in text, name
        assert words.leads in text, name


def test_each_row_of_a_table_has_its_marks(folder: Path) -> None:
    for name in ("events.csv", "incidents.csv", "flagged.csv", "parts.csv"):
        with (folder / name).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert all((r["tlp"], r["rel"]) == ("AMBER+STRICT", "AUS, MYS") for r in rows)
    for name in ("events.geojson", "tracks.geojson"):
        for feature in json.loads((folder / name).read_text())["features"]:
            assert feature["properties"]["tlp"] == "AMBER+STRICT"
            assert feature["properties"]["rel"] == "AUS, MYS"


def test_the_spreadsheet_holds_texts_and_no_formula(folder: Path, released: Products) -> None:
    book = openpyxl.load_workbook(folder / "flagged.xlsx")
    assert len(book.sheetnames) == 5
    for sheet in book:
        assert str(sheet["A1"].value).startswith(PRINTED)
        assert PRINTED in sheet.oddHeader.center.text
        assert PRINTED in sheet.oddFooter.left.text
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in {"s", "n", "d"}, cell
                assert cell.hyperlink is None
    with zipfile.ZipFile(folder / "flagged.xlsx") as archive:
        for name in archive.namelist():
            text = archive.read(name)
            assert b"<f>" not in text
            assert b"<f " not in text
            assert b'TargetMode="External"' not in text
    assert book.properties.keywords.startswith(PRINTED)
    told, first = book.worksheets[:2]
    ids = [row[0] for row in told.iter_rows(min_row=3, values_only=True)]
    assert [one for one in ids if one] == released.incidents["incident_id"].tolist()
    columns = list(zip(*first.iter_rows(min_row=3, values_only=True), strict=True))
    if released.flagged.empty:
        assert not columns or first.max_row == 2
        return
    frame = released.flagged
    assert list(columns[1]) == [f"{mmsi:09d}" for mmsi in frame["mmsi"]]
    assert list(columns[3]) == [clean(name) for name in frame["name"]]
    assert columns[3][1] == '=HYPERLINK("http://x")'
    assert columns[3][4] == " " * 20


def test_a_number_with_zeros_before_it_keeps_them_in_the_spreadsheet(
    coastless: Products, tmp_path: Path
) -> None:
    """On every sheet: who looks for 009240563 finds 009240563."""
    frames = {
        name: getattr(coastless, name).assign(mmsi=9240563)
        for name in ("events", "flagged", "incidents")
    }
    book = openpyxl.load_workbook(xlsx.write(replace(coastless, **frames), tmp_path / "t.xlsx"))
    for sheet in book.worksheets[:3]:
        titles = [cell.value for cell in sheet[2]]
        numbers = {row[titles.index("MMSI")] for row in sheet.iter_rows(3, values_only=True)}
        assert numbers == {"009240563"}


def test_the_spreadsheet_speaks_to_people_in_their_language(
    folder: Path, released: Products
) -> None:
    """Nothing that only programs read, and no title or limit in another language."""
    book = openpyxl.load_workbook(folder / "flagged.xlsx")
    language = released.release.language if released.release else "en"
    words = labels(language)
    for sheet in book.worksheets[:-1]:
        titles = [str(cell.value) for cell in sheet[2]]
        assert not [title for title in titles if "_" in title or title.islower()]
        texts = [str(cell.value) for row in sheet.iter_rows(min_row=3) for cell in row]
        assert not [text for text in texts if text.startswith('[{"')]
    told, _, happened, evidence, _ = book.worksheets
    limits = {str(row[3]) for row in evidence.iter_rows(min_row=3, values_only=True) if row[3]}
    kinds = {str(row[1]) for row in happened.iter_rows(min_row=3, values_only=True)}
    if released.events.empty:
        return
    known = zip(released.events["kind"], released.events["subkind"], strict=True)
    assert kinds == {words.kind_of(*one) for one in known}
    settings = {name for one in released.events["evidence"] for name in one.settings}
    rows = list(evidence.iter_rows(min_row=3, values_only=True))
    assert {row[5] for row in rows if not row[1]} == settings
    assert {words.status_created, words.parts} <= {
        str(cell.value) for row in told.iter_rows() for cell in row
    }
    assert bool(limits) is bool(any(one.checks for one in released.events["evidence"]))
    assert any("at least" in one for one in limits) is (language == "en" and bool(limits))


def test_the_geopackage_is_read_by_gdal(folder: Path, released: Products, tmp_path: Path) -> None:
    path = shutil.copy(folder / "flagged.gpkg", tmp_path)  # it writes a file beside what it reads
    kinds = dict(pyogrio.list_layers(path))
    assert list(kinds) == ["incidents", "flagged", "events", "tracks", "about", "layer_styles"]
    told = pyogrio.read_dataframe(path, layer="incidents")
    assert list(told["incident_id"]) == list(released.incidents["incident_id"])
    flagged = pyogrio.read_dataframe(path, layer="flagged")
    assert list(flagged["name"]) == [clean(name) for name in released.flagged["name"]]
    events = pyogrio.read_dataframe(path, layer="events")
    assert list(events["event_id"]) == list(released.events["event_id"])
    for frame in (flagged, events, pyogrio.read_dataframe(path, layer="tracks")):
        assert set(frame["tlp"]) <= {"AMBER+STRICT"}
        assert frame.crs.to_epsg() == 4326
        assert set(frame["simulated"]) <= {True}
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        styles = database.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
        geometry = dict(
            database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        )
        # What QGIS 3.40 asks of the table when it opens a layer; it takes no style if this fails.
        asked = database.execute(
            "SELECT id, f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, styleSLD, useAsDefault, description, owner, ui "
            "FROM layer_styles WHERE f_table_schema = '' AND f_geometry_column = 'geom' "
            "ORDER BY CASE WHEN useAsDefault THEN 1 ELSE 2 END, update_time DESC"
        ).fetchall()
    assert len(asked) == 4
    assert {name for name, *_ in styles} == {"incidents", "flagged", "events", "tracks"}
    for name, column, qml, default in styles:
        assert geometry[name] == column
        assert default == 1
        root = ElementTree.fromstring(qml)
        assert root.tag == "qgis"
        assert root.find("renderer-v2/symbols/symbol/layer") is not None


def test_the_geopackage_has_the_same_bytes_whenever_it_is_made(
    released: Products, tmp_path: Path
) -> None:
    one = gpkg.write(released, tmp_path / "one.gpkg").read_bytes()
    assert gpkg.write(released, tmp_path / "two.gpkg").read_bytes() == one
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["one.gpkg", "two.gpkg"]


def test_the_data_package_is_as_its_manifest_says(folder: Path, released: Products) -> None:
    with zipfile.ZipFile(folder / "flagged-tak.zip") as archive:
        names = archive.namelist()
        manifest = ElementTree.fromstring(archive.read("MANIFEST/manifest.xml"))
        contents = [entry.get("zipEntry", "") for entry in manifest.iter("Content")]
        assert sorted(["MANIFEST/manifest.xml", *contents]) == sorted(names)
        assert len(contents) == len(released.flagged) + len(released.incidents)
        for name in contents:
            assert all(c.isalnum() or c in "./-_" for c in name)
            assert ".." not in name
            event = ElementTree.fromstring(archive.read(name))
            spot = str(event.get("uid")).startswith("selat.incident.")
            assert event.get("type") == ("b-m-p-s-m" if spot else "a-u-S")
            assert event.get("how") == "m-s"
            stale = pd.Timestamp(event.get("stale"))
            assert stale == released.end + pd.Timedelta(hours=12)
            remarks = event.findtext("detail/remarks") or ""
            assert remarks.startswith(PRINTED)
            assert remarks.isprintable()
    configuration = {p.get("name"): p.get("value") for p in manifest.iter("Parameter")}
    assert str(configuration["name"]).startswith(PRINTED)


def test_cursor_on_target_is_valid(folder: Path, shared: Path) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    schemas = shared / "schemas" / "cot" / "validator" / "schemas"
    base = "mitre/CoT Base-Event Schema  (PUBLIC RELEASE).xsd"
    for schema in [xmlschema.XMLSchema(schemas / name) for name in ("Marker - 2525.xsd", base)]:
        for name, content in unpacked(folder):
            if name.endswith(".cot"):
                schema.validate(io.BytesIO(content))


def test_waypoints_are_valid_and_no_line_joins_them(
    folder: Path, released: Products, shared: Path
) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    xmlschema.XMLSchema(shared / "schemas" / "gpx11.xsd").validate(str(folder / "flagged.gpx"))
    made = gpxpy.parse((folder / "flagged.gpx").read_text(encoding="utf-8"))
    assert made.routes == []
    assert len(made.waypoints) >= len(released.flagged)


def test_kmz_is_the_kml_zipped(folder: Path) -> None:
    with zipfile.ZipFile(folder / "flagged.kmz") as archive:
        assert archive.namelist() == ["doc.kml"]
        assert archive.read("doc.kml") == (folder / "flagged.kml").read_bytes()
    assert len(pyogrio.list_layers(folder / "flagged.kmz")) >= 1


def test_kml_is_valid(folder: Path) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    package = find_spec("fastkml")  # which says without lxml that it can't indent
    if package is None or package.origin is None:
        pytest.skip("fastkml, which has the OGC's schema, isn't installed")
    schema = Path(package.origin).parent / "schema" / "ogckml22.xsd"
    xmlschema.XMLSchema(schema, allow="local").validate(str(folder / "flagged.kml"))


def test_hostile_names_are_shown_and_never_run(folder: Path, released: Products) -> None:
    for name, content in unpacked(folder):
        if name.endswith((".cot", ".kml", ".rtz", ".gpx", ".xml")):
            text = ElementTree.tostring(ElementTree.fromstring(content), "unicode")
            assert "<script" not in text
            assert "\u202e" not in text
    with zipfile.ZipFile(folder / "flagged-tak.zip") as archive:
        for row in released.flagged.to_dict("records"):
            entry = f"selat.{row['mmsi']}/selat.{row['mmsi']}.cot"
            contact = ElementTree.fromstring(archive.read(entry)).find("detail/contact")
            assert contact is not None
            shown = one_line(row["name"], 60) or str(row["mmsi"])
            assert contact.get("callsign") == one_line(f"SIM {row['rank']} {shown}", 30)


def test_a_marker_of_a_vessel_stays_the_same_from_pack_to_pack(products: Products) -> None:
    cards = tak.vessel_cards(products)[:1]
    later = replace(products, end=products.end + pd.Timedelta(days=1), run_id="another")
    first, second = tak.event(cards[0], products), tak.event(cards[0], later)
    assert first.get("uid") == second.get("uid")
    assert str(first.get("uid")).endswith(str(cards[0].mmsi))


def test_a_plotter_tells_what_to_look_at_first_and_why(folder: Path, released: Products) -> None:
    """A patrol that opens no brief has nothing else to go by."""
    why = look_first(released)
    assert bool(why) is not released.incidents.empty
    words = labels(released.release.language if released.release else "en")
    gpx = (folder / "flagged.gpx").read_text(encoding="utf-8")
    with zipfile.ZipFile(folder / "flagged.kmz") as archive:
        kml = archive.read("doc.kml").decode()
    with zipfile.ZipFile(folder / "flagged-tak.zip") as archive:
        marks = "".join(archive.read(one).decode() for one in archive.namelist())
    for text in (gpx, kml, marks):
        assert text.count(f"{words.look_first}: ") == len(why)
        assert all(f"{words.look_first}: {one}" in text for one in why.values())


@pytest.mark.parametrize("name", sorted(files._ALL))
def test_a_disk_without_room_is_said_and_left_as_it_was(
    empty: Products, small_disk: Path, name: str
) -> None:
    folder = small_disk / "pack"
    folder.mkdir()
    with (small_disk / "full").open("wb", buffering=0) as file:
        free = os.statvfs(small_disk)
        file.write(bytes(free.f_bavail * free.f_frsize))
    with pytest.raises(OSError, match="No space left") as told:
        files._ALL[name](empty, folder / name)
    assert told.value.filename == str(folder / name)
    assert not list(folder.iterdir())
