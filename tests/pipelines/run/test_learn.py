"""Learning from past traffic, end to end: three ordinary days, what is learned and accepted of
them, and a night in which it counts."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detectors.core.evidence import Evidence
from detectors.kinematics import geodesy
from detectors.surroundings import lanes
from pipelines.publish import checks
from tests.conftest import asking_only

DAY = pd.Timestamp("2026-03-01T00:00Z")
ROADS = (3.10, 100.55)
"""Where ships anchor that no zone shows."""
EASTBOUND = ((3.45, 100.15), (2.75, 101.05))
WESTBOUND = ((2.85, 101.15), (3.55, 100.25))
FERRY = ((1.695, 101.47), (1.685, 101.62), (1.755, 101.735), (2.165, 102.24))
LOITERER, CROSSER, STOPPER, CONTRARY = 533000801, 533000802, 533000803, 533000804
FEW = ("--set", "min_vessels=5", "--set", "min_days=3")

Way = list[tuple[float, float, float]]


def rows(
    mmsi: int,
    way: Way,
    *,
    ship_type: int,
    status: int = 0,
    length: int = 180,
    klass: str = "A",
    every_s: int = 120,
) -> pd.DataFrame:
    """Reports along straight legs between (hours since DAY, lat, lon)."""
    hours, lat, lon = np.array(way, "float64").T
    at = np.arange(hours[0] * 3600, hours[-1] * 3600, every_s)
    y, x = np.interp(at, hours * 3600, lat), np.interp(at, hours * 3600, lon)
    moved_m = geodesy.distance_m(y[:-1], x[:-1], y[1:], x[1:])
    sog = geodesy.speed_kn(np.r_[moved_m, moved_m[-1:]], every_s)
    return pd.DataFrame(
        {
            "MMSI": mmsi,
            "BaseDateTime": (DAY + pd.to_timedelta(at, unit="s")).strftime("%Y-%m-%dT%H:%M:%S"),
            "LAT": y.round(5),
            "LON": x.round(5),
            "SOG": np.round(sog, 1),
            "COG": "",
            "Heading": "",
            "VesselName": f"SHIP {mmsi % 1000}",
            "IMO": "",
            "CallSign": "",
            "VesselType": ship_type,
            "Status": np.where(sog < 0.5, status, 0),
            "Length": length,
            "Width": "",
            "Draft": "",
            "Cargo": "",
            "TransceiverClass": klass,
        }
    )


def sail(start_h: float, ends: Sequence[tuple[float, float]], kn: float) -> Way:
    """Along a line at a speed."""
    way, now = [(start_h, *ends[0])], start_h
    for here, there in pairwise(ends):
        now += float(geodesy.distance_m(*here, *there)) / geodesy.METRES_PER_NM / kn
        way.append((now, *there))
    return way


def ordinary_days(rng: np.random.Generator) -> list[pd.DataFrame]:
    """Three days: eight ships a day through the lanes, three at anchor, a ferry to and fro."""
    ships, found = iter(range(533000100, 533000400)), []
    for day in range(3):
        for k in range(4):
            for lane in (EASTBOUND, WESTBOUND):
                aside = rng.normal(0, 0.004)
                ends = [(lat + aside, lon + aside) for lat, lon in lane]
                way = sail(day * 24 + 1 + 4 * k + rng.uniform(0, 1), ends, rng.uniform(11, 15))
                found.append(rows(next(ships), way, ship_type=70))
        for k in range(3):
            place = tuple(np.array(ROADS) + rng.normal(0, 0.003, 2))
            begin = day * 24 + 2.0 + k
            way = sail(begin, ((3.0, 100.3), place), 10.0)
            rest = way[-1][0] + 8
            way += [(rest, *place), *sail(rest, (place, (3.0, 100.3)), 10.0)[1:]]
            found.append(rows(next(ships), way, ship_type=80, status=1))
    way = [(0.0, *FERRY[0])]
    while way[-1][0] < 70:
        line = FERRY if way[-1][1:] == FERRY[0] else FERRY[::-1]
        way += sail(way[-1][0] + 0.75, line, 25.0)
    found.append(rows(533000400, way, ship_type=60, status=5, length=40))
    return found


def the_night(rng: np.random.Generator) -> list[pd.DataFrame]:
    """The fourth day: more of the same, and what the places learned tell something about."""
    lat, lon = ROADS
    drift = [
        (78 + h, lat + 0.004 * np.sin(h), lon + 0.004 * np.cos(h)) for h in np.linspace(0, 6, 20)
    ]
    loiters = [*sail(drift[0][0] - 3.0, ((2.8, 100.3), drift[0][1:]), 10.0)[:-1], *drift]
    loiters += sail(drift[-1][0], (drift[-1][1:], (2.8, 100.3)), 10.0)[1:]
    middle = (3.1, 100.6)
    stops = sail(74.0, (EASTBOUND[0], middle), 12.0)
    rest = stops[-1][0] + 2.0
    stops += [(rest, *middle), *sail(rest, (middle, EASTBOUND[1]), 12.0)[1:]]
    crosses = [(80.0, *FERRY[0]), *sail(86.0, FERRY, 25.0)]
    crosses += [(crosses[-1][0] + 2, *FERRY[-1])]
    others = ordinary_days(rng)[:8]
    for k, other in enumerate(others):
        later = pd.to_datetime(other["BaseDateTime"]) + pd.Timedelta(days=3)
        other["BaseDateTime"] = later.dt.strftime("%Y-%m-%dT%H:%M:%S")
        other["MMSI"] = 533000500 + k
    return [
        *others,
        rows(LOITERER, loiters, ship_type=70),
        rows(STOPPER, stops, ship_type=70),
        rows(CONTRARY, sail(75.0, EASTBOUND[::-1], 10.0), ship_type=70),
        rows(CROSSER, crosses, ship_type=0, length=12, klass="B", status=15, every_s=60),
    ]


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Feeds of the three days, and of the night after."""
    folder, rng = tmp_path_factory.mktemp("feeds"), np.random.default_rng(1)
    paths = folder / "past.csv", folder / "night.csv"
    for path, parts in zip(paths, (ordinary_days(rng), the_night(rng)), strict=True):
        table = pd.concat(parts).sort_values(["BaseDateTime", "MMSI"], kind="stable")
        table.to_csv(path, index=False)
    return paths


def events_of(home: Path) -> pd.DataFrame:
    """events.csv of the newest run, with the evidence parsed."""
    found = pd.read_csv(home / "latest" / "events.csv", dtype={"mmsi": str}, keep_default_na=False)
    return found.assign(facts=[checks.values(Evidence.parse(text)) for text in found["evidence"]])


def of(found: pd.DataFrame, mmsi: int, kind: str, subkind: str = "") -> list[dict[str, Any]]:
    mine = found[(found["mmsi"] == str(mmsi)) & (found["kind"] == kind)]
    return mine[mine["subkind"] == subkind].to_dict("records")


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server", "without_briefs")  # one for its three flows
def test_what_is_learned_and_accepted_counts_in_the_night(
    selat: Callable[..., Any],
    feeds: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, (past, night) = tmp_path / "home", feeds
    config = asking_only(tmp_path / "config", "geofence", "loitering", "crossing")
    monkeypatch.setenv("SELAT_CONFIG", str(config))
    assert selat("ingest", past, "--home", home).code == 0
    learned = selat("learn", "places", *FEW, "--home", home, "--json")
    assert learned.code == 0, learned.err
    assert json.loads(learned.out)["places"].keys() == {"anchorage", "ferry_route", "lane"}

    listed = json.loads(selat("learn", "review", "--json", "--home", home).out)
    assert {row["decision"] for row in listed} == {"pending"}
    (roads,) = (row for row in listed if row["zone_class"] == "anchorage")
    assert roads["n_vessels"] >= 8
    for row in listed:
        if row["zone_class"] == "lane":
            courses = [geodesy.bearing_deg(*a, *b) for a, b in (EASTBOUND, WESTBOUND)]
            assert min(lanes.turned_deg(row["direction_deg"], c) for c in courses) < 5

    before = selat("nightly", "--feed", night, "--home", home)
    assert before.code == 0, before.err
    unlearned = events_of(home)
    assert of(unlearned, LOITERER, "loitering"), "nobody knows the roads yet"
    assert not of(unlearned, STOPPER, "geofence", "stop")
    (crossing,) = of(unlearned, CROSSER, "crossing")
    assert not crossing["facts"].get("ferry_route_fraction")

    for zone_class in ("anchorage", "ferry_route", "lane"):
        decided = selat("learn", "review", "--accept-class", zone_class, "--home", home)
        assert decided.code == 0, decided.err
    assert (home / "learned" / "review.html").stat().st_size > 1000
    after = selat("nightly", "--home", home)
    assert after.code == 0, after.err
    found = events_of(home)
    assert [e["status"] for e in of(found, LOITERER, "loitering")] == ["retracted"]
    (stop,) = of(found, STOPPER, "geofence", "stop")
    assert stop["facts"]["zone_class"] == "lane"
    assert stop["facts"]["zone_confidence"] == "learned"
    (against,) = of(found, CONTRARY, "geofence", "against_lane")
    assert against["facts"]["turned_deg"] > 170
    (explained,) = of(found, CROSSER, "crossing")
    assert explained["facts"]["ferry_route_fraction"] > 0.5  # a reason beside its call at a port
    assert explained["score"] <= crossing["score"]
    manifest = json.loads((home / "latest" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["learned"]["places"]["used"] == len(listed)
