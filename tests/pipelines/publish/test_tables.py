"""The output contract: columns, types, times, identifiers."""

import csv
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from detectors.core.errors import FrameError
from pipelines.publish import briefing, geoparquet, manifest, tables
from pipelines.publish.csv_text import to_csv
from pipelines.publish.files import WRITERS, write_all
from pipelines.publish.products import Products

pytestmark = pytest.mark.slow  # every product is written

EVENT_COLUMNS = [
    "event_id",
    "kind",
    "subkind",
    "detector",
    "version",
    "mmsi",
    "other_mmsi",
    "zone_id",
    "track_ids",
    "group_id",
    "start",
    "end",
    "lat",
    "lon",
    "score",
    "status",
    "explanation",
    "evidence",
]
FLAGGED_COLUMNS = [
    "rank",
    "mmsi",
    "imo",
    "name",
    "callsign",
    "flag_state",
    "ship_type",
    "score",
    "reasons",
    "explanations",
    "last_seen",
    "lat",
    "lon",
    "event_ids",
    "incident_id",
]
INCIDENT_COLUMNS = [
    "incident_id",
    "rank",
    "title",
    "score",
    "certainty",
    "start",
    "end",
    "lat",
    "lon",
    "status",
    "news",
    "merged_into",
    "mmsi",
    "vessels",
    "events",
    "next_step",
    "made_of",
    "last_seen",
    "last_lat",
    "last_lon",
    "last_sog_kn",
    "last_cog_deg",
]


@pytest.fixture(scope="module")
def folder(products: Products, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_all(products, out)
    return out


@dataclass
class Again:
    """The same products written once more, and what the frames were before."""

    folder: Path
    files: list[Path]
    before: list[pd.DataFrame]


def frames_of(products: Products) -> tuple[pd.DataFrame, ...]:
    return products.events, products.flagged, products.incidents, products.tracks


@pytest.fixture(scope="module")
def again(products: Products, tmp_path_factory: pytest.TempPathFactory) -> Again:
    out = tmp_path_factory.mktemp("again") / "new" / "run"
    before = [frame.copy() for frame in frames_of(products)]
    return Again(out, write_all(products, out), before)


def test_every_product_is_there_and_nothing_else(again: Again) -> None:
    assert [file.name for file in again.files] == list(WRITERS)
    assert sorted(again.files) == sorted(again.folder.iterdir())


def test_csv_columns_are_the_contract(folder: Path) -> None:
    for name, columns in (
        ("events.csv", EVENT_COLUMNS),
        ("flagged.csv", FLAGGED_COLUMNS),
        ("incidents.csv", INCIDENT_COLUMNS),
    ):
        with (folder / name).open(newline="", encoding="utf-8") as file:
            assert next(csv.reader(file)) == columns


def test_events_csv_says_what_the_events_say(products: Products, folder: Path) -> None:
    read = pd.read_csv(folder / "events.csv", dtype=str, keep_default_na=False)
    events = products.events
    assert list(read["event_id"]) == list(events["event_id"])
    assert read["mmsi"].str.fullmatch(r"\d{9}").all()
    single = (events["other_mmsi"] == 0).to_numpy()
    assert (read["other_mmsi"][single] == "").all()
    assert list(read["other_mmsi"][~single]) == [str(m) for m in events["other_mmsi"][~single]]
    assert read["start"].str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").all()
    assert list(read["end"] == "") == list(events["end"].isna())
    assert (read["end"] == "").any()
    started = pd.to_datetime(read["start"])
    assert (started == events["start"].dt.floor("s")).all()
    assert np.allclose(read["lat"].astype(float), events["lat"], atol=1e-6)
    assert np.allclose(read["score"].astype(float), events["score"], atol=1e-4)
    assert all(isinstance(json.loads(text), dict) for text in read["evidence"])


def test_events_csv_of_a_run_leaves_context_out_which_its_parquet_has(
    products: Products, tmp_path: Path
) -> None:
    score = products.events["score"].clip(lower=0.1)
    score.iloc[1] = 0.09
    mixed = replace(products, events=products.events.assign(score=score))
    write_all(mixed, tmp_path, {"events.csv", "events.parquet"})
    ids = list(products.events["event_id"])
    assert list(pd.read_parquet(tmp_path / "events.parquet")["event_id"]) == ids
    leads = list(pd.read_csv(tmp_path / "events.csv")["event_id"])
    assert leads == [one for place, one in enumerate(ids) if place != 1]


def test_a_row_of_a_simulated_run_says_so(folder: Path) -> None:
    read = pd.read_csv(folder / "events.csv", dtype=str)
    assert all(json.loads(text)["simulated"] is True for text in read["evidence"])
    flagged = pd.read_csv(folder / "flagged.csv", dtype=str)
    assert flagged["reasons"].str.startswith("SIMULATED DATA – EXERCISE: ").all()
    assert json.loads((folder / "manifest.json").read_text())["simulated"] is True


def test_a_row_of_a_real_run_does_not(coastless: Products, tmp_path: Path) -> None:
    write_all(replace(coastless, simulated=False, manifest={"state": "complete"}), tmp_path)
    for name in WRITERS:
        assert b"simulated data" not in (tmp_path / name).read_bytes().lower()
    read = pd.read_csv(tmp_path / "events.csv", dtype=str)
    assert not any("simulated" in json.loads(text) for text in read["evidence"])


def test_flagged_csv_is_in_rank_order(products: Products, tmp_path: Path) -> None:
    shuffled = replace(products, flagged=products.flagged.iloc[::-1])
    tables.write_flagged_csv(shuffled, tmp_path / "flagged.csv")
    read = pd.read_csv(tmp_path / "flagged.csv", dtype=str, keep_default_na=False)
    assert list(read["rank"].astype(int)) == list(range(1, len(read) + 1))
    assert list(read["event_ids"]) == list(products.flagged["event_ids"])
    assert (read["imo"][::2] == "").all()


def test_negative_numbers_are_numbers(products: Products, tmp_path: Path) -> None:
    south = replace(products, events=products.events.assign(lat=-1.25, lon=-103.5))
    tables.write_events_csv(south, tmp_path / "events.csv")
    read = pd.read_csv(tmp_path / "events.csv")
    assert (read["lat"] == -1.25).all()
    assert (read["lon"] == -103.5).all()


def test_an_odd_identity_is_not_padded(products: Products, tmp_path: Path) -> None:
    odd = replace(products, events=products.events.assign(mmsi=12345))
    tables.write_events_csv(odd, tmp_path / "events.csv")
    assert set(pd.read_csv(tmp_path / "events.csv", dtype=str)["mmsi"]) == {"12345"}


def test_parquet_is_the_csv_with_types_and_points(products: Products, folder: Path) -> None:
    frame = gpd.read_parquet(folder / "events.parquet")
    assert list(frame.columns) == [*EVENT_COLUMNS, "geometry"]
    assert frame.crs.to_epsg() == 4326 or frame.crs.to_string() == "OGC:CRS84"
    assert str(frame["mmsi"].dtype) == "Int64"
    assert str(frame["start"].dtype) == "datetime64[us, UTC]"
    assert frame["end"].isna().sum() == products.events["end"].isna().sum()
    assert (frame.geometry.x == frame["lon"]).all()
    assert (frame.geometry.y == frame["lat"]).all()
    assert list(frame["start"]) == list(products.events["start"])
    read = pd.read_csv(folder / "events.csv", dtype=str, keep_default_na=False)
    assert list(read["evidence"]) == list(frame["evidence"])


def test_an_event_without_a_place_has_no_point(products: Products, tmp_path: Path) -> None:
    events = products.events.copy()
    events.loc[0, ["lat", "lon"]] = np.nan
    frame = gpd.read_parquet(
        geoparquet.write_events(replace(products, events=events), tmp_path / "events.parquet")
    )
    assert frame.geometry.iloc[0] is None
    assert frame.geometry.iloc[1:].notna().all()


def test_a_missing_column_is_named(products: Products) -> None:
    with pytest.raises(FrameError, match="missing columns status"):
        tables.event_table(replace(products, events=products.events.drop(columns="status")))


def test_exporting_leaves_the_frames_alone(products: Products, again: Again) -> None:
    for was, frame in zip(again.before, frames_of(products), strict=True):
        pd.testing.assert_frame_equal(was, frame)


def test_the_same_run_gives_the_same_bytes(folder: Path, again: Again) -> None:
    for file in again.files:
        assert file.read_bytes() == (folder / file.name).read_bytes(), file.name


def test_manifest_holds_the_run(products: Products, tmp_path: Path) -> None:
    given = {
        "run_id": "another",
        "when": products.end,
        "rate": np.float64("nan"),
        "n": np.int64(3),
        "state": "partial",
        "failures": {"detector gap": "\u202eboom"},
        "set": {"b", "a"},
    }
    file = manifest.write(replace(products, manifest=given), tmp_path / "manifest.json")
    text = file.read_text(encoding="ascii")
    assert json.loads(text) == {
        "run_id": products.run_id,
        "when": "2026-11-21T16:00:00Z",
        "rate": None,
        "n": 3,
        "state": "partial",
        "failures": {"detector gap": "\u202eboom"},
        "set": ["a", "b"],
        "window": {"start": "2026-11-20T16:00:00Z", "end": "2026-11-21T16:00:00Z"},
        "simulated": True,
    }


def test_a_failed_write_leaves_the_old_file(
    products: Products, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "events.parquet"
    target.write_bytes(b"old")

    def fail(_self: object, path: Path, **_: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(gpd.GeoDataFrame, "to_parquet", fail)
    with pytest.raises(OSError, match="disk full"):
        geoparquet.write_events(products, target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_one_product_does_to_its_table_no_other_sees(products: Products) -> None:
    """It is worked out once for all of them, and anew for other results."""
    first = tables.event_table(products)
    before = first.copy()
    first["reason"] = "mine"
    first.loc[first.index[0], "score"] = 9.0
    pd.testing.assert_frame_equal(tables.event_table(products), before)
    fewer = replace(products, events=products.events[:1])
    assert len(tables.event_table(fewer)) == 1
    assert briefing.vessel_cards(products) is briefing.vessel_cards(products)
    assert briefing.vessel_cards(replace(products)) is not briefing.vessel_cards(products)


def test_a_field_is_quoted_where_rfc_4180_wants_it() -> None:
    texts = ["", "plain", "a,b", 'say "no"', "two\nlines", "carriage\rreturn", "=1+1", '"']
    table = pd.DataFrame({"name": pd.Series(texts, dtype="str"), "score": range(len(texts))})
    read = list(csv.reader(io.StringIO(to_csv(table), newline="")))
    said = ["'=1+1" if text == "=1+1" else text for text in texts]
    assert read == [["name", "score"], *([t, str(n)] for n, t in enumerate(said))]
    assert to_csv(table[["score"]].iloc[:2]) == "score\n0\n1\n"
