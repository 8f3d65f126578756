"""Small scenes for detector tests: tracks from waypoints, zones from boxes, and the windows of a
run as the caller of a detector makes them."""

import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import detectors
from detectors.core import events, explain, run
from detectors.core.detector import Context, Detector
from detectors.core.frames import (
    NAV_STATUS_UNDEFINED,
    NOISE,
    RECEPTIONS,
    SIGHTINGS,
    STATEMENTS,
    TIME,
    TRACKED,
    VESSELS,
    conform,
    empty,
    epoch_us,
    validate,
)
from detectors.core.relations import EventsOf
from detectors.kinematics import geodesy
from detectors.surroundings import coverage_learn, lanes, mixtures, normal
from detectors.surroundings.boundaries import BOUNDARY_COLUMNS, Boundaries
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.rules import Rule, read_rule
from detectors.surroundings.watches import read_watch
from detectors.surroundings.zones import LANE_CLASSES, ZONE_COLUMNS, Zones
from pipelines.detect.nearness import Nearness, in_places, only_tells
from tests.detectors import company as company_module
from tests.detectors.company import Company
from tests.making import reports, said

DAY = pd.Timestamp("2026-03-01", tz="UTC")


class Scene:
    """What tests build their input with."""

    day = DAY

    @staticmethod
    def at(hours: float) -> pd.Timestamp:
        """A time, in hours after the beginning of the day."""
        return DAY + pd.Timedelta(seconds=round(hours * 3600))

    @staticmethod
    def track(
        mmsi: int,
        waypoints: Sequence[tuple[float, float, float]],
        *,
        every_s: float = 60.0,
        ordinal: int = 1,
        **columns: Any,
    ) -> pd.DataFrame:
        """Reports along straight legs between (hours, lat, lon), one every `every_s` seconds."""
        hours, lat, lon = np.array(waypoints, "float64").T
        n = int(np.floor((hours[-1] - hours[0]) * 3600 / every_s + 1e-6)) + 1
        at_s = hours[0] * 3600 + np.arange(n) * every_s
        given = {
            "mmsi": np.full(n, mmsi),
            "time": DAY + pd.to_timedelta(np.round(at_s * 1e6), unit="us"),
            "lat": np.interp(at_s, hours * 3600, lat),
            "lon": np.interp(at_s, hours * 3600, lon),
            "source": f"{mmsi:016x}",
            "source_offset": np.arange(n) + 1,
            "track_id": mmsi * 100 + ordinal,
        }
        return reports(TRACKED, **{**given, **columns})

    @staticmethod
    def positions(*tracks: pd.DataFrame) -> pd.DataFrame:
        """Tracks together, as a detector gets them."""
        if not tracks:
            return empty(TRACKED)
        frame = pd.concat(tracks).sort_values(["track_id", "time"], ignore_index=True)
        frame = frame.drop_duplicates(["track_id", "time"], ignore_index=True)
        return conform(frame, TRACKED)

    @staticmethod
    def zones(
        *boxes: tuple[str, str, tuple[float, float, float, float]],
        land: Sequence[tuple[float, float, float, float]] = (),
        reach: tuple[float, float, float, float] | None = (90.0, -5.0, 110.0, 10.0),
        direction_deg: float = np.nan,
        lines: Sequence[Mapping[str, Any]] = (),
    ) -> Zones:
        """Zones from (id, class, (west, south, east, north)), land and reach from boxes; all lanes
        among them of one direction; lines as for `make_boundaries`."""
        frame = gpd.GeoDataFrame(
            {
                "zone_id": [name for name, _, _ in boxes],
                "name": [name.title() for name, _, _ in boxes],
                "zone_class": [kind for _, kind, _ in boxes],
                "source": "test",
                "confidence": "approximate",
                "direction_deg": [
                    direction_deg if kind in LANE_CLASSES else np.nan for _, kind, _ in boxes
                ],
            },
            geometry=[shapely.box(*box) for _, _, box in boxes],
            crs=4326,
        )
        ground = gpd.GeoDataFrame(geometry=[shapely.box(*box) for box in land], crs=4326)
        known = shapely.box(*reach) if reach else shapely.Polygon()
        return Zones(frame, ground, known, make_boundaries(lines))

    @staticmethod
    def vessels(*rows: dict[str, Any]) -> pd.DataFrame:
        """Vessels as of the end of the window; what a row doesn't say is unknown."""
        return said(*rows, schema=VESSELS)

    def context(
        self,
        hours: tuple[float, float] = (0.0, 24.0),
        zones: Zones | None = None,
        vessels: pd.DataFrame | None = None,
    ) -> Context:
        """A context over a window given in hours after the beginning of the day."""
        return Context(
            start=self.at(hours[0]),
            end=self.at(hours[1]),
            zones=self.zones() if zones is None else zones,
            vessels=self.vessels() if vessels is None else vessels,
            coverage=Coverage.none(),
        )

    def in_windows(
        self,
        detector: Detector,
        positions: pd.DataFrame,
        edges: Sequence[float],
        zones: Zones | None = None,
        vessels: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """The events that a store holds after windows one after the other, edges in hours.

        Each window loads what the caller promises: every vessel from `lookback` before the start
        (and the report before that), and further back where an event asks for it. An event found
        again replaces what was stored; a stored event that touches the window and isn't found is
        taken out.
        """
        stored: dict[str, dict[str, Any]] = {}
        for begin, finish in pairwise(edges):
            context = self.context((begin, finish), zones, vessels)
            found = self._detect(detector, positions, context)
            gone = [
                key
                for key, row in stored.items()
                if row["start"] <= context.end
                and (pd.isna(row["end"]) or row["end"] >= context.start)
            ]
            for key in gone:
                del stored[key]
            stored |= {row["event_id"]: row for row in found.to_dict("records")}
        return pd.DataFrame(
            sorted(stored.values(), key=lambda row: (row["start"], row["event_id"]))
        )

    @staticmethod
    def assert_same(parts: pd.DataFrame, whole: pd.DataFrame) -> None:
        """Both hold the same events, to the last column."""
        mine, other = (
            {
                row["event_id"]: {k: str(v) for k, v in row.items()}
                for row in frame.to_dict("records")
            }
            for frame in (parts, whole)
        )
        assert mine.keys() == other.keys()
        for key, row in other.items():
            assert mine[key] == row

    @staticmethod
    def _detect(detector: Detector, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        heard = positions[positions["time"] <= context.end]
        reach = dict.fromkeys(heard["mmsi"].unique(), context.start - history_of(detector))
        while True:
            parts = [empty(TRACKED)]
            older: set[int] = set()
            for _, own in heard.groupby("mmsi"):
                mmsi = int(own["mmsi"].iloc[0])
                before = own.loc[own["time"] < reach[mmsi], "time"].max()
                part = own[own["time"] >= (reach[mmsi] if pd.isna(before) else before)]
                parts.append(part)
                if len(part) < len(own):
                    older.add(mmsi)
            loaded = pd.concat(parts).sort_values(["track_id", "time"], ignore_index=True)
            found = detected(detector, conform(loaded, TRACKED), context)
            further = False
            for row in found.to_dict("records"):
                for mmsi in (row["mmsi"], row["other_mmsi"]):
                    wanted = row["start"] - detector.lookback
                    if mmsi in older and wanted < reach[mmsi]:
                        reach[mmsi] = wanted
                        further = True
            if not further:
                return found


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Builder of small scenes; it has no state."""
    return Scene()


# --- Cases and the contract suite -----------------------------------------------------------------
# Tables of a case or of the common stage, filled in; and a window, or many in turn, looked at with
# no more loaded than the pipeline guarantees.

WORLD = shapely.box(-180, -90, 180, 90)
POSITION_DEFAULTS: dict[str, Any] = {
    "sog_kn": np.nan,
    "cog_deg": np.nan,
    "heading_deg": np.nan,
    "nav_status": NAV_STATUS_UNDEFINED,
    "msg_type": 1,
    "ais_class": "A",
    "source": "case",
}


def make_positions(table: pd.DataFrame) -> pd.DataFrame:
    """`frames.TRACKED` from a table with at least mmsi, time, lat, lon; the rest is filled in.

    A column `every_s` asks for reports at that interval from its row up to the next row of the
    same track (which must come later); there a missing speed and course are those of the leg.
    """
    frame = conform(_table(table), TRACKED)
    validate(frame, TRACKED)
    return frame


def make_receptions(table: pd.DataFrame) -> pd.DataFrame:
    """`frames.RECEPTIONS` of the rows of such a table that name a `station`."""
    if "station" not in table:
        return empty(RECEPTIONS)
    filled = _table(table)
    return conform(filled[filled["station"].notna()].reset_index(drop=True), RECEPTIONS)


def _table(table: pd.DataFrame) -> pd.DataFrame:
    """All rows, filled in and sorted."""
    table = table.assign(time=pd.to_datetime(table["time"], utc=True).astype(TIME))
    for name, value in POSITION_DEFAULTS.items():
        if name not in table or table[name].isna().all():
            table[name] = value
        elif name not in {"sog_kn", "cog_deg", "heading_deg"}:
            table[name] = table[name].fillna(value)
    own = table["mmsi"] * 100 + 1
    table["track_id"] = table["track_id"].fillna(own) if "track_id" in table else own
    if "every_s" in table:
        table = _filled_in(table)
    if "source_offset" not in table:
        table["source_offset"] = np.arange(len(table)) + 1
    return table.sort_values(["track_id", "time"], kind="stable", ignore_index=True)


def _filled_in(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the reports that `every_s` asks for, all tracks and legs at once."""
    rows = rows.sort_values(["track_id", "time"], kind="stable", ignore_index=True)
    to = rows.groupby("track_id")[["time", "lat", "lon"]].shift(-1)
    leg_s = (to["time"] - rows["time"]).dt.total_seconds().to_numpy("float64")
    every_s = rows["every_s"].to_numpy("float64")
    goes = (every_s > 0) & ~np.isnan(leg_s)
    counts = np.ones(len(rows), "int64")
    counts[goes] = np.maximum(np.ceil(leg_s[goes] / every_s[goes]), 0)
    ends = tuple(of[name].to_numpy("float64") for of in (rows, to) for name in ("lat", "lon"))
    leg_m = geodesy.distance_m(*ends)
    of_legs = {"sog_kn": geodesy.speed_kn(leg_m, leg_s), "cog_deg": geodesy.bearing_deg(*ends)}
    for name, moving in (("sog_kn", goes), ("cog_deg", goes & (leg_m > 0))):
        filled = rows[name].isna().to_numpy() & moving
        rows[name] = np.where(filled, of_legs[name], rows[name].to_numpy("float64"))

    row = np.repeat(np.arange(len(rows)), counts)
    s = (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)) * every_s[row]
    on = goes[row]
    here = rows.iloc[row].reset_index(drop=True)
    lat, lon = geodesy.interpolate(*(end[row] for end in ends), s / leg_s[row])
    after = pd.to_timedelta(np.where(on, s, 0.0), unit="s")
    return here.assign(
        time=(here["time"] + after).astype(TIME),
        lat=np.where(on, lat, here["lat"].to_numpy("float64")),
        lon=np.where(on, lon, here["lon"].to_numpy("float64")),
    )


def make_zones(features: Sequence[dict[str, Any]], reach: shapely.Geometry = WORLD) -> Zones:
    """Zones from mappings with zone_class and geometry; those of class "land" make the land, of the
    state `iso3` if they say so, and those of class "boundary" are lines with a left and a right."""
    defaults = {
        "source": "test",
        "confidence": "approximate",
        "direction_deg": np.nan,
        "licensed": False,
        "rules": (),
        "watch": (),
    }
    lines = [feature for feature in features if feature["zone_class"] == "boundary"]
    rows = [
        {"zone_id": f"zone_{i}", "name": f"zone {i}", **defaults, **feature}
        for i, feature in enumerate(features)
        if feature["zone_class"] != "boundary"
    ]
    columns = (*ZONE_COLUMNS, "direction_deg", "licensed", "rules", "watches")
    for row in rows:
        row["watches"] = tuple(read_watch(one) for one in row["watch"])
        row["rules"] = tuple(
            one if isinstance(one, Rule) else read_rule(one) for one in row["rules"]
        )
    frame = gpd.GeoDataFrame(
        {name: [row[name] for row in rows] for name in columns}, geometry="geometry", crs=4326
    ).astype({"direction_deg": "float64"})
    is_land = (frame["zone_class"] == "land").to_numpy(bool)
    land = frame.loc[is_land, ["geometry"]]
    states = [row.get("iso3") for row, mine in zip(rows, is_land, strict=True) if mine]
    land = land.assign(iso3=pd.Series(states, land.index, "str"))
    return Zones(frame[~is_land], land, reach, make_boundaries(lines))


def features_in(path: Path) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file as `make_zones` takes them."""
    found = json.loads(path.read_text("utf-8"))["features"]
    return [
        {**one["properties"], "geometry": shapely.geometry.shape(one["geometry"])} for one in found
    ]


def make_boundaries(features: Sequence[Mapping[str, Any]]) -> Boundaries:
    """Boundary lines from mappings with geometry, left and right."""
    defaults = {
        "name": "the line",
        "boundary_class": "territorial_sea",
        "source": "test",
        "confidence": "approximate",
    }
    rows = [
        {"boundary_id": f"line_{i}", **defaults, **feature} for i, feature in enumerate(features)
    ]
    columns = {name: [row[name] for row in rows] for name in BOUNDARY_COLUMNS}
    return Boundaries(gpd.GeoDataFrame(columns, geometry="geometry", crs=4326))


def make_vessels(mmsis: Sequence[int], said: Sequence[dict[str, Any]] = ()) -> pd.DataFrame:
    """`frames.VESSELS` of these MMSIs, with what `said` tells of some of them."""
    known = {row["mmsi"]: row for row in said}
    return Scene.vessels(*({"mmsi": int(m), **known.get(int(m), {})} for m in sorted(set(mmsis))))


def with_sources(detector: Detector) -> list[Detector]:
    """A detector and those whose events it reads, with their own defaults, in turn."""
    sources = [with_sources(detectors.find(name)()) for name in detector.after]
    by_name = {d.name: d for part in sources for d in part}
    return [*by_name.values(), detector]


def history_of(detector: Detector) -> timedelta:
    """What is loaded before a window at first."""
    return run.history(detector, with_sources(detector))


def earlier_of(
    detector: Detector, positions: pd.DataFrame, context: Context
) -> dict[str, pd.DataFrame]:
    """Events of the detectors that one reads, over its window extended back."""
    found = run.run(with_sources(detector)[:-1], positions, since(context, detector))
    return {name: found[name].before for name in detector.after}


def detected(
    detector: Detector, positions: pd.DataFrame, context: Context, *, explained: bool = False
) -> pd.DataFrame:
    """Events of one detector, as it makes them or explained, after those that it reads (unless the
    context has them).
    """
    if detector.after and not context.earlier:
        context = replace(context, earlier=earlier_of(detector, positions, context))
    found = run.look(detector, positions, context)
    return explain.explain(found, context, detector.hypotheses) if explained else found


def consulted(
    detector: Detector, positions: pd.DataFrame, context: Context
) -> list[tuple[pd.DataFrame, timedelta]]:
    """Events of a detector, as it makes them, and all that they rest on, each with the history
    that they must have.
    """
    sources = with_sources(detector)[:-1]
    before = run.run(sources, positions, since(context, detector)) if sources else {}
    earlier = {name: before[name].before for name in detector.after}
    found = run.look(detector, positions, replace(context, earlier=earlier))
    return [(found, detector.lookback), *((before[d.name].before, d.lookback) for d in sources)]


def since(context: Context, detector: Detector) -> Context:
    """The window extended back as far as a detector reads others' events."""
    return replace(context, start=context.start - detector.reads_back)


def said_until(statements: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """`frames.STATEMENTS` as the store gives them at a time."""
    known = statements[statements["first_time"] <= end].reset_index(drop=True)
    return known.assign(last_time=known["last_time"].where(known["last_time"] <= end, end))


def ordinary_traffic() -> normal.Normal:
    """A model by hand: fifty vessels of no known class go east and west at nine knots, all around
    the world."""
    lat, lon = (a.ravel() for a in np.mgrid[1.25:4.5:0.5, -179.75:180:0.5])
    cell = np.unique(lanes.cell_of(lat, lon, normal.SIZES_DEG[-1]))
    n, classes = len(cell), len(normal.CLASSES)
    nothing = {
        "key_0": np.zeros(0, "int64"),
        "vessels_0": np.zeros(0, "int64"),
        "weight_0": np.zeros((0, 2)),
        "mean_0": np.zeros((0, 2, 2)),
        "covariance_0": np.zeros((0, 2, 2, 2)),
    }
    streams = {
        "key_1": cell * classes,
        "vessels_1": np.full(n, 50),
        "weight_1": np.full((n, 2), 0.5),
        "mean_1": np.broadcast_to([[9.0, 0.0], [-9.0, 0.0]], (n, 2, 2)).copy(),
        "covariance_1": np.broadcast_to(np.eye(2) * 9.0, (n, 2, 2, 2)).copy(),
    }
    arrays = {
        "step_s": np.array(600),
        "max_silence_s": np.array(1800),
        "min_speed_kn": np.array(2.0),
        "class_vessels": np.array([50] + [0] * (classes - 1)),
        "threshold": np.full((classes, 2), 13.0),
        "typical_place": np.full(classes, 4.0),
        "flow_threshold": np.full((classes, 2), 3.0),
        "flow_cell": np.zeros(0, "int64"),
        "flow_vessels": np.zeros(0, "int64"),
        "flow_courses": np.zeros((0, lanes.BINS), "int64"),
        "speed_density": np.full((classes, mixtures.SPEED_BINS), 1 / mixtures.SPEED_BINS),
        "heard_cell": cell,
        **nothing,
        **streams,
    }
    return normal.Normal(arrays, "by hand", normal.digest(arrays))


@dataclass(frozen=True)
class Stage:
    """Positions with the zones, the window and all else that goes with them."""

    positions: pd.DataFrame
    zones: Zones
    start: pd.Timestamp
    end: pd.Timestamp
    said: Sequence[dict[str, Any]] = ()
    statements: pd.DataFrame = field(default_factory=lambda: empty(STATEMENTS))
    sightings: pd.DataFrame = field(default_factory=lambda: empty(SIGHTINGS))
    models: Mapping[str, Any] = field(default_factory=dict)
    noise: pd.DataFrame = field(default_factory=lambda: empty(NOISE))
    _contexts: dict[Any, Context] = field(default_factory=dict, init=False, compare=False)

    def context(
        self, start: pd.Timestamp | None = None, end: pd.Timestamp | None = None
    ) -> Context:
        """Context of a window (the whole if not given), as known at its end.

        It is made once for all detectors: none may change it, which the contract suite holds.
        """
        window = (start or self.start, end or self.end)
        if window not in self._contexts:
            self._contexts[window] = self._context_of(*window)
        return self._contexts[window]

    def _context_of(self, start: pd.Timestamp, end: pd.Timestamp) -> Context:
        heard = self.positions[self.positions["time"] <= end].reset_index(drop=True)
        return Context(
            start=start,
            end=end,
            zones=self.zones,
            vessels=make_vessels(heard["mmsi"].unique(), self.said),
            coverage=coverage_learn.learn(heard),
            statements=said_until(self.statements, end),
            sightings=self.sightings[self.sightings["time"] <= end].reset_index(drop=True),
            models=self.models,
            noise=self.noise[self.noise["time"] <= end].reset_index(drop=True),
        )

    def look(self, detector: Detector, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Look at one window as the pipeline guarantees to, with no more loaded than that.

        Each vessel is loaded from its last report at or before `start - lookback`. While an event
        of a vessel begins less than a look-back after its first loaded report, and there are older
        ones, it is loaded from further back and the window looked at again.
        """
        heard = self.positions[self.positions["time"] <= end]
        context = self.context(start, end)
        reach = dict.fromkeys(heard["mmsi"].unique(), start - history_of(detector))
        ever = heard.groupby("mmsi")["time"].min()
        while True:
            wanted = heard["mmsi"].map(reach).astype(TIME)
            before = heard["time"].where(heard["time"] <= wanted)
            from_time = before.groupby(heard["mmsi"]).transform("max").fillna(heard["time"])
            loaded = heard[heard["time"] >= from_time].reset_index(drop=True)
            known = context.noise["time"] >= context.noise["mmsi"].map(reach).astype(TIME)
            noise = context.noise[known].reset_index(drop=True)
            rests_on = consulted(detector, loaded, replace(context, noise=noise))
            found = rests_on[0][0]
            first = loaded.groupby("mmsi")["time"].min()
            again = False
            further = [
                (int(mmsi), row.start - lookback)
                for part, lookback in rests_on
                for row in part.itertuples()
                for mmsi in (row.mmsi, row.other_mmsi)
                if mmsi in first
            ]
            for mmsi, wants in further:
                if wants < first[mmsi] and ever[mmsi] < first[mmsi]:
                    reach[mmsi] = min(reach[mmsi], wants - (start - wants))
                    again = True
            if not again:
                return found

    def drive(
        self, detector: Detector, windows: Sequence[tuple[pd.Timestamp, pd.Timestamp]]
    ) -> pd.DataFrame:
        """Look at windows in turn; what a window reports on, or is found again, is replaced."""
        kept = events.empty()
        for start, end in windows:
            found = self.look(detector, start, end)
            since = start - detector.settle
            touches = (kept["start"] <= end) & (kept["end"].isna() | (kept["end"] >= since))
            again = kept["event_id"].isin(found["event_id"])
            kept = events.concat([kept[~touches & ~again], found])
        return kept


@pytest.fixture(scope="session")
def fill() -> Callable[[pd.DataFrame], pd.DataFrame]:
    """`make_positions`."""
    return make_positions


@pytest.fixture(scope="session")
def receptions_from() -> Callable[[pd.DataFrame], pd.DataFrame]:
    """`make_receptions`."""
    return make_receptions


@pytest.fixture(scope="session")
def zones_from() -> Callable[..., Zones]:
    """`make_zones`."""
    return make_zones


@pytest.fixture(scope="session")
def zone_features() -> Callable[[Path], list[dict[str, Any]]]:
    """`features_in`."""
    return features_in


@pytest.fixture(scope="session")
def vessels_from() -> Callable[..., pd.DataFrame]:
    """`make_vessels`."""
    return make_vessels


@pytest.fixture(scope="session")
def look_once() -> Callable[..., pd.DataFrame]:
    """`detected`."""
    return detected


@pytest.fixture(scope="session")
def look_in_company() -> Callable[..., tuple[pd.DataFrame, Company]]:
    """`in_company`."""
    return in_company


def in_company(
    detector: Detector, positions: pd.DataFrame, context: Context
) -> tuple[pd.DataFrame, Company]:
    """Events, and who had whom for company, where each vessel is looked at with its company only:
    where that is those near at the time, with what they sent around it.

    Of what vessels said only that of those that are looked at is known, and of noise, and of the
    events of others those in which nobody else takes part, unless it declares that it reads these.
    """

    met = any(isinstance(r, EventsOf) and not r.reports for r in detector.rests_on)

    def known(e: pd.DataFrame, own: frozenset[int]) -> pd.DataFrame:
        one, other = e["mmsi"].isin(own), e["other_mmsi"].isin(own)
        return e[one | other if met else one & (other | (e["other_mmsi"] == 0))]

    def about(own: frozenset[int]) -> Context:
        noise, said = context.noise, context.statements
        events_of = {name: known(e, own) for name, e in context.earlier.items()}
        return replace(
            context,
            noise=noise[noise["mmsi"].isin(own)].reset_index(drop=True),
            statements=said[said["mmsi"].isin(own)].reset_index(drop=True),
            earlier={name: e.reset_index(drop=True) for name, e in events_of.items()},
        )

    company = company_module.Scene(positions, context).company(detector)
    groups: dict[frozenset[int], list[int]] = {}
    for mmsi in [0, *positions["mmsi"].unique().tolist()]:
        groups.setdefault(company.of(mmsi) | {mmsi}, []).append(mmsi)
    near, alone = None, dict[str, pd.DataFrame]()
    if in_places(detector) and len(positions):
        near = Nearness([detector], positions["time"].min(), positions["time"].max())
        near.add(positions)
        groups = {frozenset({mmsi}): [mmsi] for mmsi in positions["mmsi"].unique().tolist()}
        if only_tells(detector):
            own = positions["mmsi"].to_numpy()
            each = [(m, positions[own == m].reset_index(drop=True)) for (m,) in groups.values()]
            alone[detector.name] = events.concat(
                [detector.detect(p, about(frozenset({m}))) for m, p in each]
            )
    found = []
    for company_of, owners in groups.items():
        group = company_of
        if near:
            within = near.of(detector, np.array(owners), alone)
            group = frozenset(within.vessels().tolist())
            held = within.holds(positions["mmsi"].to_numpy(), epoch_us(positions["time"]))
        else:
            held = positions["mmsi"].isin(group).to_numpy(bool)
        some = positions[held].reset_index(drop=True)
        seen = detector.detect(some, replace(about(group), asked=frozenset(owners)))
        found.append(seen[seen["mmsi"].isin(owners)])
    whole = detector.finish(events.concat(found))
    return run.touching(whole, context.start - detector.settle), company


@pytest.fixture(scope="session")
def look_by_digests() -> Callable[..., pd.DataFrame]:
    """`by_digests`."""
    return by_digests


def by_digests(detector: Detector, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Events where each vessel is looked at with what was gathered of all, one after the other, and
    with the reports of those that this names.
    """

    def of(frame: pd.DataFrame, vessels: Collection[int]) -> pd.DataFrame:
        return frame[frame["mmsi"].isin(vessels)].reset_index(drop=True)

    owners = sorted(positions["mmsi"].unique().tolist())
    digests = [detector.digest(of(positions, [m]), of(context.noise, [m])) for m in owners]
    gathered = detector.gather(digests, context)
    found = [events.empty()]
    for mmsi in owners:
        own = {mmsi} | gathered.company({mmsi})
        seen = replace(context, noise=of(context.noise, own), gathered=gathered.known)
        found.append(of(detector.detect(of(positions, own), seen), [mmsi]))
    return run.finished(detector, found, context)


@pytest.fixture(scope="session")
def look_earlier() -> Callable[..., dict[str, pd.DataFrame]]:
    """`earlier_of`."""
    return earlier_of


@pytest.fixture(scope="session")
def stage_of() -> type[Stage]:
    """`Stage`."""
    return Stage


STAGES = Path(__file__).parent / "cases"
"""A detector whose events are none of the common stage's brings its own tracks and zones onto it:
`cases/<name>/stage/positions.csv` and `zones.geojson`, in the format of cases."""


def stage_additions(folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Return the tracks, as a table, and the zones that detectors bring onto the common stage."""
    tables = [
        pd.read_csv(path, comment="#", skipinitialspace=True)
        for path in sorted(folder.glob("*/stage/positions.csv"))
    ]
    zones = [
        feature
        for path in sorted(folder.glob("*/stage/zones.geojson"))
        for feature in features_in(path)
    ]
    return pd.concat([pd.DataFrame(), *tables], ignore_index=True), zones


@pytest.fixture(scope="session")
def additions_in() -> Callable[[Path], tuple[pd.DataFrame, list[dict[str, Any]]]]:
    """`stage_additions`."""
    return stage_additions


STAGE_TABLE = """
mmsi,time,lat,lon,every_s,ais_class,sog_kn,cog_deg,nav_status,track_id,note
@LANES@
563000101,2026-03-01T09:00Z,2.60,101.45,180,A,0.1,,1,,at anchor in the anchorage
563000101,2026-03-02T15:00Z,2.6005,101.4504,,A,0.1,,1,,
563000102,2026-03-01T09:00Z,2.62,101.72,180,A,0.0,,5,,moored in port
563000102,2026-03-02T15:00Z,2.62,101.72,,A,0.0,,5,,
563000103,2026-03-01T09:00Z,2.35,101.30,60,A,,,0,,calls at the port
563000103,2026-03-01T18:00Z,2.62,101.71,60,A,,,0,,
563000103,2026-03-01T22:30Z,2.621,101.711,60,A,,,0,,
563000103,2026-03-02T08:00Z,2.35,101.90,60,A,,,0,,
563000103,2026-03-02T15:00Z,2.20,102.10,,A,,,0,,
563000104,2026-03-01T09:00Z,2.20,101.20,60,B,,,15,,loiters across midnight
563000104,2026-03-01T17:00Z,2.30,101.85,60,B,,,15,,
563000104,2026-03-02T04:00Z,2.33,101.88,60,B,,,15,,
563000104,2026-03-02T15:00Z,2.30,101.30,,B,,,15,,
563000105,2026-03-01T09:00Z,2.10,101.25,60,A,,,0,,meets 563000106 across midnight
563000105,2026-03-01T21:00Z,2.28,101.60,60,A,,,0,,
563000105,2026-03-02T02:00Z,2.281,101.602,60,A,,,0,,
563000105,2026-03-02T15:00Z,2.10,102.00,,A,,,0,,
563000106,2026-03-01T09:00Z,2.50,102.00,60,A,,,0,,
563000106,2026-03-01T21:05Z,2.2806,101.6003,60,A,,,0,,
563000106,2026-03-02T01:50Z,2.2816,101.6023,60,A,,,0,,
563000106,2026-03-02T15:00Z,2.45,101.25,,A,,,0,,
563000107,2026-03-01T09:00Z,2.15,101.20,60,A,,,0,,silent across midnight
563000107,2026-03-01T21:00Z,2.25,101.50,,A,8.0,70,0,,
563000107,2026-03-02T03:00Z,2.30,101.80,60,A,,,0,,
563000107,2026-03-02T15:00Z,2.45,101.30,,A,,,0,,
563000108,2026-03-01T09:00Z,2.40,101.90,60,A,,,0,,silent at the end
563000108,2026-03-02T10:00Z,2.32,101.50,,A,6.0,250,0,,
563000109,2026-03-01T09:00Z,2.45,101.95,120,A,,,0,56300010901,two hulls under one MMSI
563000109,2026-03-02T15:00Z,2.20,101.20,,A,,,0,56300010901,
563000109,2026-03-01T09:01Z,2.75,101.30,120,A,,,0,56300010902,
563000109,2026-03-02T15:00Z,2.55,101.25,,A,,,0,56300010902,
563000301,2026-03-01T09:00Z,1.70,101.25,60,A,,,0,56300030101,a jump and back across midnight
563000301,2026-03-01T22:00Z,1.75,101.70,,A,,,0,56300030101,
563000301,2026-03-01T22:01Z,1.25,101.30,60,A,,,0,56300030102,
563000301,2026-03-02T01:30Z,1.30,101.80,,A,,,0,56300030102,
563000301,2026-03-02T01:32Z,1.76,101.82,60,A,,,0,56300030101,
563000301,2026-03-02T15:00Z,1.70,101.30,,A,,,0,56300030101,
563000302,2026-03-01T09:00Z,1.60,101.90,60,A,,,0,,frozen at ten knots across midnight
563000302,2026-03-01T20:00Z,1.60,101.40,60,A,10.0,,0,,
563000302,2026-03-02T03:00Z,1.60,101.40,60,A,,,0,,
563000302,2026-03-02T15:00Z,1.60,101.95,,A,,,0,,
563000501,2026-03-01T14:00Z,1.94,101.50,180,B,0.1,,15,,a boat crosses at night
563000501,2026-03-01T15:00Z,1.94,101.50,30,B,,,15,,
563000501,2026-03-01T16:10Z,2.53,101.90,180,B,0.1,,15,,
563000501,2026-03-01T22:00Z,2.53,101.90,,B,0.1,,15,,
563000511,2026-03-01T12:00Z,2.00,101.25,60,A,0.2,,15,,waits off the island for two boats
563000511,2026-03-01T20:30Z,2.01,101.26,60,A,0.2,,15,,
563000512,2026-03-01T14:00Z,2.06,101.20,60,B,,,15,,the first of them
563000512,2026-03-01T14:30Z,2.0031,101.2531,60,B,0.2,,15,,
563000512,2026-03-01T15:20Z,2.0041,101.2541,60,B,,,15,,
563000512,2026-03-01T16:00Z,2.06,101.20,,B,,,15,,
563000513,2026-03-01T16:30Z,2.04,101.18,60,B,,,15,,the second
563000513,2026-03-01T17:10Z,2.0062,101.2562,60,B,0.2,,15,,
563000513,2026-03-01T18:00Z,2.0072,101.2572,60,B,,,15,,
563000513,2026-03-01T18:40Z,2.04,101.18,,B,,,15,,
563000601,2026-03-01T17:00Z,2.45,101.05,60,A,,,0,,silent at the same time as 563000602
563000601,2026-03-01T20:00Z,2.45,101.35,,A,6.0,90,0,,
563000601,2026-03-01T22:30Z,2.45,101.45,60,A,,,0,,
563000601,2026-03-02T03:30Z,2.45,102.00,60,A,,,0,,
563000601,2026-03-02T09:30Z,2.45,101.20,60,A,,,0,,
563000601,2026-03-02T15:00Z,2.45,102.00,,A,,,0,,
563000602,2026-03-01T17:00Z,2.39,101.15,60,A,,,0,,
563000602,2026-03-01T20:10Z,2.39,101.45,,A,6.0,90,0,,
563000602,2026-03-01T22:40Z,2.39,101.52,60,A,,,0,,
563000602,2026-03-02T03:40Z,2.39,101.90,60,A,,,0,,
563000602,2026-03-02T09:40Z,2.39,101.20,60,A,,,0,,
563000602,2026-03-02T15:00Z,2.39,102.00,,A,,,0,,
563000701,2026-03-01T22:00Z,3.40,100.20,60,A,,,0,,goes north where all go east and west
563000701,2026-03-01T23:00Z,3.40,100.35,60,A,,,0,,
563000701,2026-03-02T01:00Z,3.95,100.36,60,A,,,0,,
563000701,2026-03-02T03:00Z,3.96,100.00,,A,,,0,,
"""
STAGE_SIGHTINGS = """
sighting_id,time,lat,lon,uncertainty_m,source,length_m,confidence,note
boat,2026-03-01T22:30Z,2.322,101.866,100,patrol,12,0.9,beside the loiterer
ship,2026-03-01T22:00Z,2.270,101.527,200,aerial,120,0.9,where the silent vessel may be
one,2026-03-02T03:00Z,2.05,101.30,100,SAR,20,0.9,two of one image
two,2026-03-02T03:00Z,2.05,101.40,100,SAR,70,0.9,
known,2026-03-01T12:00Z,2.3904,101.848,100,radar,,0.9,a vessel with AIS
"""
LANES = 10
"""Vessels that ply the stage from end to end, so that it is well heard everywhere all the time."""


def _lanes() -> str:
    begin, rows = pd.Timestamp("2026-03-01T09:00Z"), []
    for k in range(LANES):
        for leg in range(7):
            time = (begin + pd.Timedelta(hours=5 * leg)).strftime("%Y-%m-%dT%H:%MZ")
            lat, lon = 2.12 + 0.06 * k, 101.2 if (leg + k) % 2 else 102.0
            klass = "B" if k % 3 == 0 else "A"
            rows.append(f"{563000200 + k},{time},{lat},{lon},{60 if leg < 6 else ''},{klass},,,0,,")
    return "\n".join(rows)


@pytest.fixture(scope="session")
def stage() -> Stage:
    """Thirty hours across midnight in which something happens for every detector."""
    table = pd.read_csv(io.StringIO(STAGE_TABLE.strip().replace("@LANES@", _lanes())))
    tracks, zones = stage_additions(STAGES)
    repeated = set(table["mmsi"]) & set(tracks.get("mmsi", ()))
    assert not repeated, f"these MMSIs of cases/*/stage are on the common stage already: {repeated}"
    table = pd.concat([table, tracks], ignore_index=True)
    boxes = {
        ("port", "port"): (101.68, 2.58, 101.75, 2.68),
        ("roads", "anchorage"): (101.4, 2.57, 101.5, 2.64),
        ("sts", "sts_area"): (101.5, 2.2, 101.7, 2.3),
        ("ground", "land"): (101.75, 2.55, 102.3, 3.0),
        ("island", "land"): (101.3, 1.6, 101.9, 1.93),
        ("beach", "landing_place"): (101.88, 2.51, 101.92, 2.55),
        ("lane", "lane"): (101.25, 2.40, 101.95, 2.43),
        ("bend", "precautionary_area"): (101.84, 2.29, 101.90, 2.34),
    }
    line = {
        "zone_class": "boundary",
        "left": "the west",
        "right": "the east",
        "geometry": shapely.LineString([(101.6, 1.95), (101.6, 2.9)]),
    }
    states = {"ground": "MYS", "island": "IDN"}
    features = [
        {
            "zone_id": name,
            "zone_class": kind,
            "geometry": shapely.box(*box),
            "iso3": states.get(name),
            "direction_deg": 90.0 if kind == "lane" else np.nan,
        }
        for (name, kind), box in boxes.items()
    ]
    features += [line, *zones]
    ends = (pd.Timestamp("2026-03-01T09:00Z"), pd.Timestamp("2026-03-02T15:00Z"))
    models = {"normal": ordinary_traffic()}
    seen = pd.read_csv(io.StringIO(STAGE_SIGHTINGS.strip()), keep_default_na=False)
    seen["time"] = pd.to_datetime(seen["time"], utc=True)
    seen["length_m"] = pd.to_numeric(seen["length_m"])
    seen = conform(seen.sort_values(["time", "sighting_id"], ignore_index=True), SIGHTINGS)
    return Stage(make_positions(table), make_zones(features), *ends, models=models, sightings=seen)
