"""Land files that someone prepared: bombs, broken archives, numbers that are none."""

import random
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from detectors.core.errors import ConfigError
from pipelines.reference.make import land, make, source

BOX = (23.0, 37.0, 25.0, 38.0)


def refused(tmp_path: Path, land: Path, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make(tmp_path / "out", land, BOX)
    assert not (tmp_path / "out").exists()


def polygon(ring: str) -> str:
    return (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},'
        f'"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}]}}'
    )


def test_a_bomb_in_an_archive_unpacks_no_further_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 3_000_000)
    land = tmp_path / "land.zip"
    with zipfile.ZipFile(land, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("land.shp", b"\0" * 50_000_000)
    refused(tmp_path, land, "unpacks to more")


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    land = tmp_path / "land.zip"
    with zipfile.ZipFile(land, "w") as archive:
        archive.writestr("../../escaped.geojson", polygon("[23,37],[24,37],[24,37.5],[23,37]"))
    make(tmp_path / "out", land, BOX)
    assert not (tmp_path.parent / "escaped.geojson").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("land.zip", b"PK\x03\x04 no archive", "damaged archive"),
        ("land.shp", b"\0" * 200, "can't be read"),
        ("land.gpkg", b"SQLite format 3\0" + b"\xff" * 5000, "can't be read"),
        ("land.parquet", b"PAR1 PAR1", "can't be read"),
        ("land.geojson", b"[" * 100_000, "can't be read"),
        ("land.geojson", b'{"type":"FeatureCollection","features":[]}', "no (land|geometries)"),
        (
            "land.geojson",
            polygon("[NaN,37],[24,NaN],[24,38],[NaN,37]").encode(),
            "no numbers|can't be read|no land",
        ),
        (
            "land.geojson",
            polygon("[1e999,37],[24,37],[24,38],[1e999,37]").encode(),
            "no numbers|can't be read",
        ),
        ("land.geojson", polygon("[23,37],[24,37],[23,37]").encode(), "no land|can't be read"),
        ("land.txt", b"land", "no known format"),
    ],
)
def test_files_that_are_none_are_refused(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    land = tmp_path / name
    land.write_bytes(content)
    refused(tmp_path, land, said)


@pytest.mark.parametrize("name", ["land", "LAND", "gpkg_contents", "rtree_land_geom"])
def test_a_geopackage_that_computes_what_it_holds_is_refused(tmp_path: Path, name: str) -> None:
    """A view may count for ever, and GDAL asks it what layers there are and what they hold."""
    file = tmp_path / "land.gpkg"
    frame = gpd.GeoDataFrame(geometry=[shapely.box(23, 37, 24, 37.5)], crs=4326)
    frame.to_file(file, layer="land", driver="GPKG", SPATIAL_INDEX="NO")
    forever = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r)"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE VIEW st_geometry AS SELECT geom FROM land")  # hurts nobody
        database.commit()
        source.read_layer(file, [BOX], "land")
        kept = "n AS id FROM r"
        if not name.startswith("rtree"):
            database.execute("DROP VIEW st_geometry")
            database.execute(f"ALTER TABLE {name} RENAME TO kept")
            kept = "kept.* FROM kept, r WHERE n < 0"
        database.execute(f"CREATE VIEW {name} AS {forever} SELECT {kept}")
        database.commit()
    refused(tmp_path, file, "is a view")


ELSEWHERE = {
    "a virtual layer": (
        '<OGRVRTDataSource><OGRVRTLayer name="ours"><SrcDataSource>{ours}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    ),
    "an algorithm": (
        '{{"type":"gdal_streamed_alg","command_line":'
        '"gdal vector pipeline ! read {ours} ! write --format=stream streamed"}}'
    ),
}


@pytest.mark.parametrize("name", ["land.geojson", "land.json", "land.gpkg", "land.shp", "zip"])
@pytest.mark.parametrize("what", ELSEWHERE)
def test_a_file_is_what_it_is_called_and_reads_no_other(
    tmp_path: Path, name: str, what: str
) -> None:
    """GDAL opens files, and asks addresses, that a file of some other format names."""
    ours = tmp_path / "ours.geojson"
    ours.write_text(polygon("[23,37],[24,37],[24,37.5],[23,37]"))
    content = ELSEWHERE[what].format(ours=ours)
    land = tmp_path / name
    if name == "zip":
        land = tmp_path / "land.zip"
        with zipfile.ZipFile(land, "w") as archive:
            archive.writestr("land.geojson", content)
    else:
        land.write_text(content)
    refused(tmp_path, land, "can't be read")


def test_more_points_than_can_be_handled_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_VERTICES", 1000)
    ring = ",".join(f"[{23 + k / 2000},{37 + (k % 2) / 10}]" for k in range(2000))
    land = tmp_path / "land.geojson"
    land.write_text(polygon(f"{ring},[23,37]"), encoding="utf-8")
    refused(tmp_path, land, "points in the box")


def test_two_layers_in_an_archive_are_not_guessed_between(tmp_path: Path) -> None:
    land = tmp_path / "land.zip"
    with zipfile.ZipFile(land, "w") as archive:
        for name in ("a.geojson", "b.geojson"):
            archive.writestr(name, polygon("[23,37],[24,37],[24,37.5],[23,37]"))
    refused(tmp_path, land, "2 layers")


def test_an_outline_that_crosses_itself_without_end_isnt_mended(tmp_path: Path) -> None:
    """Each crossing would become corners of its own."""
    chance = random.Random(1)
    corners = [f"[{chance.uniform(23, 25):.5f},{chance.uniform(37, 38):.5f}]" for _ in range(1500)]
    land = tmp_path / "land.geojson"
    land.write_text(polygon(",".join([*corners, corners[0]])))
    refused(tmp_path, land, "crosses itself over 10,000 times")
    land.write_text(polygon("[23.1,37.1],[24,37.5],[24,37.1],[23.1,37.5],[23.1,37.1]"))
    assert make(tmp_path / "out", land, BOX)


def to_and_fro(sides: int) -> str:
    """Return an outline of which so many sides lie on one line."""
    along = ",".join(f"[{23 + k % 2},37]" for k in range(sides))
    return polygon(f"{along},[23.5,37.5],[23,37]")


def test_sides_that_lie_over_one_another_are_counted_no_further_than_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cross nowhere: where nothing stopped it 20,000 took minutes to count, and to mend."""
    monkeypatch.setattr(land, "MAX_PAIRS", 500_000)  # a tenth of each
    monkeypatch.setattr(land, "_PAIRS_AT_A_TIME", 400_000)
    land_file = tmp_path / "land.geojson"
    land_file.write_text(to_and_fro(400))
    assert make(tmp_path / "few", land_file, BOX)
    compared: list[int] = []
    counted = land._crossing
    monkeypatch.setattr(
        land, "_crossing", lambda one, other: compared.append(len(one)) or counted(one, other)
    )
    land_file.write_text(to_and_fro(6_000))
    refused(tmp_path, land_file, "lie over themselves")
    assert sum(compared) < 1.3 * land.MAX_PAIRS
    assert max(compared) <= land._PAIRS_AT_A_TIME


def test_only_what_crosses_is_a_crossing() -> None:
    """Not two sides of one line, those that share a corner, or one that ends on another."""
    one = np.array([[[0, 0], [2, 2.0]]] * 5)
    other = [
        [[0, 2], [2, 0]],
        [[1, 1], [3, 3]],
        [[2, 2], [3, 0]],
        [[1, 1], [2, 0]],
        [[4, 5], [5, 4]],
    ]
    crosses = [land._crossing(one[[k]], np.array([other[k]], float)) for k in range(5)]
    assert crosses == [1, 0, 0, 0, 0]
