"""The data of the brief's map: coast, zones, tracks and marks, small enough for a poor laptop.

Everything is in one frame of longitude without a seam: degrees east of `lon0`, the middle of what
was flagged, so nothing is torn at the antimeridian. Lines are lists of integers in units of
1/`SCALE` degree, each pair the difference to the pair before.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.core import geodesy
from detectors.core.frames import SECOND_US, epoch_us, offsets
from detectors.core.zones import Zones
from pipelines.export.briefing import NAME_LIMIT, VesselCard, vessel_names
from pipelines.export.plan.layer import brief_layer
from pipelines.export.text import one_line
from pipelines.products import Products

SCALE: Final = 10_000  # 1/10000 degree = 11 m, a quarter of a pixel at the closest zoom's 1 nm wide
_TRACK_SCALE: Final = 100_000  # 1.1 m: a drift alongside must stay visible
_TRACK_DEG: Final = 0.0001  # 11 m: how far a moving mark may be from where the vessel was
_FIT_PAD: Final = 0.08
_MIN_SPAN_DEG: Final = 0.3
_CHART_PAD_DEG: Final = 1.5
_MAX_LAT: Final = 84.0  # Mercator has no pole
_HOME: Final = (98.0, 0.5, 105.0, 7.0)  # the Straits, shown when nothing is flagged
_LAND_VERTICES: Final = 60_000
_ZONE_VERTICES: Final = 20_000
_TRACK_VERTICES: Final = 60_000
_SILENCE_S: Final = 1800  # a longer step between two reports is drawn dashed: nobody saw that way
_STRETCH: Final = 0.01  # degrees a second, against 0.0003 at 60 kn
_STATES: Final = {"MYS": "MALAYSIA", "IDN": "INDONESIA", "SGP": "SINGAPORE", "THA": "THAILAND"}
_LABEL_AREA_DEG2: Final = 0.02

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]


def chart_data(products: Products, cards: Sequence[VesselCard]) -> dict[str, Any]:
    """Everything the map draws, ready for `text.script_json`.

    Parameters
    ----------
    products
        The run.
    cards
        The vessels to draw; tracks of others are left out, partners in their events apart.

    Returns
    -------
    dict
        lon0 · scale, trackScale · fit and box (west, south, east, north relative to lon0: what to
        show first, how far the coast was cut out) · start, end (epoch seconds), silence (s) · land
        (rings), states (labels) · zones, borders (lines) · tracks (pieces between silences, with
        seconds since `start`) · vessels · events (with seconds since `start`) ·
        plan (`plan.layer.brief_layer`).
    """
    lon0 = _middle_lon(cards)
    wanted = products.tracks[products.tracks["mmsi"].isin(_shown_mmsi(products, cards))]
    track_x = _relative(wanted["lon"].to_numpy(), lon0)
    track_y = wanted["lat"].to_numpy()
    fit = _fit(cards, lon0)
    box = _padded(
        (
            min(fit[0], track_x.min(initial=fit[0])),
            min(fit[1], track_y.min(initial=fit[1])),
            max(fit[2], track_x.max(initial=fit[2])),
            max(fit[3], track_y.max(initial=fit[3])),
        )
    )
    return {
        "lon0": round(lon0, 6),
        "scale": SCALE,
        "trackScale": _TRACK_SCALE,
        "fit": [round(v, 4) for v in fit],
        "box": [round(v, 4) for v in box],
        "start": int(products.start.timestamp()),
        "end": int(products.end.timestamp()),
        "silence": _SILENCE_S,
        **_background(products.zones, box, lon0),
        "tracks": _tracks(wanted, track_x, products, cards),
        "vessels": _vessels(wanted, cards, lon0),
        "events": _events(products, cards, lon0),
        "plan": brief_layer(products.planned),
    }


@lru_cache(maxsize=2)
def _background(zones: Zones, box: Box, lon0: float) -> dict[str, Any]:
    """Return what lies below tracks and marks: the same for a page, its PDF and the next export."""
    land = _clip(zones.land.geometry.to_numpy(), box, lon0)
    return {
        # Thousands of islands touch nothing: ten times as fast as uniting all with all.
        "land": _rings(_simplified([shapely.disjoint_subset_union_all(land)], _LAND_VERTICES)),
        "states": _states(zones.land, box, lon0),
        "zones": _zones(zones.frame, box, lon0),
        "borders": _borders(zones, box, lon0),
    }


def delta_coded(xy: Floats, scale: int) -> list[int]:
    """Points (n, 2) as integers x0, y0, dx1, dy1, … in units of 1/scale.

    >>> delta_coded(np.array([[1.0, 2.0], [1.5, 1.9]]), 10)
    [10, 20, 5, -1]
    """
    whole = np.round(xy * scale).astype("int64")
    return np.diff(whole, axis=0, prepend=np.zeros((1, whole.shape[1]), "int64")).ravel().tolist()


def decoded(coded: Sequence[int], size: int) -> Floats:
    """What `delta_coded` coded, `size` numbers a point, still in its units.

    >>> decoded([10, 20, 5, -1], 2).tolist()
    [[10.0, 20.0], [15.0, 19.0]]
    """
    return np.cumsum(np.asarray(coded, "float64").reshape(-1, size), axis=0)


def _middle_lon(cards: Sequence[VesselCard]) -> float:
    lon = np.radians([place[0] for place in _places(cards)])
    if len(lon) == 0:
        return (_HOME[0] + _HOME[2]) / 2
    return float(np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean())))


def _places(cards: Sequence[VesselCard]) -> list[tuple[float, float]]:
    seen = [(card.lon, card.lat) for card in cards]
    happened = [(event.lon, event.lat) for card in cards for event in card.events]
    return [(x, y) for x, y in [*seen, *happened] if x is not None and y is not None]


def _relative(lon: Any, lon0: float) -> Floats:
    return np.atleast_1d(geodesy.wrap_lon(np.asarray(lon, "float64") - lon0))


def _fit(cards: Sequence[VesselCard], lon0: float) -> Box:
    places = np.array(_places(cards), "float64").reshape(-1, 2)
    if len(places) == 0:
        return _HOME[0] - lon0, _HOME[1], _HOME[2] - lon0, _HOME[3]
    x, y = _relative(places[:, 0], lon0), np.clip(places[:, 1], -_MAX_LAT, _MAX_LAT)
    grow_x = max(float(np.ptp(x)) * _FIT_PAD, (_MIN_SPAN_DEG - float(np.ptp(x))) / 2)
    grow_y = max(float(np.ptp(y)) * _FIT_PAD, (_MIN_SPAN_DEG - float(np.ptp(y))) / 2)
    return (
        float(x.min()) - grow_x, float(y.min()) - grow_y,
        float(x.max()) + grow_x, float(y.max()) + grow_y,
    )  # fmt: skip


def _padded(box: Box) -> Box:
    west, south, east, north = box
    return (
        max(west - _CHART_PAD_DEG, -180.0), max(south - _CHART_PAD_DEG, -_MAX_LAT),
        min(east + _CHART_PAD_DEG, 180.0), min(north + _CHART_PAD_DEG, _MAX_LAT),
    )  # fmt: skip


def _clip(geometry: NDArray[np.object_], box: Box, lon0: float) -> NDArray[np.object_]:
    """Geometries cut to the box, in its frame; the world is looked at once on each side of it."""
    west, south, east, north = box
    found: list[NDArray[np.object_]] = []
    for turn in (-360.0, 0.0, 360.0):
        shift = turn - lon0
        window = (west - shift, south, east - shift, north)
        if window[0] > 180.0 or window[2] < -180.0:
            continue
        cut = shapely.clip_by_rect(geometry, *window)
        cut = cut[~shapely.is_empty(cut)]
        found.append(shapely.transform(cut, partial(_shifted, by=shift)))
    return np.concatenate(found) if found else np.empty(0, object)


def _shifted(xy: Floats, by: float) -> Floats:
    return np.asarray(xy + np.array([by, 0.0]))


def _simplified(
    geometries: Sequence[shapely.Geometry], vertices: int, tolerance: float = 0.0004
) -> list[shapely.Geometry]:
    """Geometries with the finest tolerance (doubling from the given) that keeps to `vertices`."""
    simple = list(shapely.simplify(np.array(geometries, object), tolerance))
    while shapely.get_num_coordinates(simple).sum() > vertices and tolerance < 1.0:
        tolerance *= 2
        simple = list(shapely.simplify(np.array(geometries, object), tolerance))
    return simple


def _rings(geometries: Iterable[shapely.Geometry]) -> list[list[int]]:
    parts = shapely.get_parts(list(geometries))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    rings = shapely.get_rings(polygons)
    return [delta_coded(shapely.get_coordinates(ring), SCALE) for ring in rings]


def _states(land: pd.DataFrame, box: Box, lon0: float) -> list[list[Any]]:
    """Names of the states, with the widest spot of the largest piece and the room there (deg)."""
    if "iso3" not in land.columns:
        return []
    labels = []
    for iso3, name in _STATES.items():
        pieces = shapely.get_parts(_clip(land.geometry.to_numpy()[land["iso3"] == iso3], box, lon0))
        areas = shapely.area(pieces)
        if len(pieces) and areas.max() >= _LABEL_AREA_DEG2:
            coarse = shapely.simplify(pieces[areas.argmax()], 0.02)
            radius = shapely.maximum_inscribed_circle(coarse, tolerance=0.02)
            x, y = shapely.get_coordinates(radius)[0]
            room = float(shapely.length(radius))
            labels.append([name, round(float(x), 3), round(float(y), 3), round(room, 3)])
    return labels


def _zones(frame: pd.DataFrame, box: Box, lon0: float) -> list[dict[str, Any]]:
    """Outlines; territorial seas, long and seen from afar, coarser than what was drawn by hand."""
    far = (frame["zone_class"] == "territorial_sea").to_numpy(bool)
    toward = frame.get("direction_deg", pd.Series(np.nan, frame.index))
    found: list[dict[str, Any]] = []
    for rows, tolerance in ((far, 0.001), (~far, 0.0001)):
        shapes, facts = [], []
        chosen = frame[rows]
        for geometry, name, zone_class, angle in zip(
            chosen.geometry.to_numpy(), chosen["name"], chosen["zone_class"], toward[rows],
            strict=True,
        ):  # fmt: skip
            said = {"name": one_line(str(name), NAME_LIMIT), "class": str(zone_class)}
            way = {} if pd.isna(angle) else {"toward": round(float(angle))}
            for piece in _clip(np.array([geometry], object), box, lon0):
                shapes.append(piece)
                facts.append({**said, **way})
        simple = _simplified(shapes, _ZONE_VERTICES, tolerance) if shapes else []
        found += [
            {**fact, "rings": _rings([shape])} for shape, fact in zip(simple, facts, strict=True)
        ]
    return found


def _borders(zones: Zones, box: Box, lon0: float) -> list[list[int]]:
    """Boundary lines between states."""
    lines = zones.boundaries.frame.geometry.to_numpy()
    parts = shapely.get_parts(_clip(lines, box, lon0))
    return [delta_coded(shapely.get_coordinates(part), SCALE) for part in parts]


def _shown_mmsi(products: Products, cards: Sequence[VesselCard]) -> set[int]:
    keys = {event.event_id for card in cards for event in card.events}
    events = products.events[products.events["event_id"].isin(keys)]
    return {card.mmsi for card in cards} | set(events["mmsi"]) | set(events["other_mmsi"]) - {0}


def _tracks(
    tracks: pd.DataFrame, x: Floats, products: Products, cards: Sequence[VesselCard]
) -> list[dict[str, Any]]:
    rank = {card.mmsi: card.rank for card in cards}
    names = vessel_names(products)
    y = np.clip(tracks["lat"].to_numpy(), -_MAX_LAT, _MAX_LAT)
    time_s = epoch_us(tracks["time"]) // SECOND_US
    bounds = offsets(tracks["track_id"].to_numpy())
    tolerance, kept = _TRACK_DEG, _kept_vertices(x, y, time_s, bounds, _TRACK_DEG)
    while len(kept) > _TRACK_VERTICES and tolerance < 1.0:
        tolerance *= 2
        kept = _kept_vertices(x, y, time_s, bounds, tolerance)
    since = time_s - int(products.start.timestamp())
    xyt = np.column_stack([x * _TRACK_SCALE, y * _TRACK_SCALE, since])
    cuts = np.flatnonzero(_breaks(x, time_s, bounds))
    found = []
    for first, last in pairwise(bounds):
        if first == last:
            continue
        mine = kept[np.searchsorted(kept, first) : np.searchsorted(kept, last)]
        pieces = np.split(mine, np.searchsorted(mine, cuts[(cuts > first) & (cuts < last)]))
        mmsi = int(tracks["mmsi"].iloc[first])
        found.append(
            {
                "mmsi": mmsi,
                "rank": rank.get(mmsi, 0),
                "name": names.get(mmsi, f"MMSI {mmsi}"),
                "pieces": [delta_coded(xyt[piece], 1) for piece in pieces if len(piece)],
            }
        )
    return found


def _breaks(x: Floats, time_s: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Reports that begin a piece: a track's first, after a silence, or past the map's seam."""
    begins = np.zeros(len(x), bool)
    begins[bounds[:-1][bounds[:-1] < len(x)]] = True
    begins[1:] |= (np.diff(time_s) > _SILENCE_S) | (np.abs(np.diff(x)) > 180.0)
    return begins


def _kept_vertices(
    x: Floats,
    y: Floats,
    time_s: NDArray[np.int64],
    bounds: NDArray[np.int64],
    tolerance: float,
) -> NDArray[np.int64]:
    """Indices of the reports worth drawing: what lies between is where it would be by the clock.

    Douglas-Peucker of longitude and of latitude over time, so that a straight way with a stop in it
    keeps the stop: what is left out is about as near as the tolerance (degrees) to the line between
    what is kept, at its own time (the synchronised distance of Meratnia and de By, "Spatiotemporal
    compression techniques for moving point objects", EDBT 2004). Ends of pieces stay.
    """
    if len(x) == 0:
        return np.empty(0, "int64")
    begins = _breaks(x, time_s, bounds)
    piece = np.cumsum(begins) - 1
    keep = begins | np.r_[begins[1:], True]
    index = np.arange(len(x))
    several = np.bincount(piece)[piece] > 1
    if several.any():
        line_of = np.unique(piece[several], return_inverse=True)[1]
        # So stretched, a distance square to the line is one in degrees, at the same time
        clock = (time_s[several] - time_s.min()) * _STRETCH
        for value in (x, y):
            # The index travels as the third coordinate, which the algorithm doesn't weigh
            points = np.column_stack([clock, value[several], index[several].astype("float64")])
            lines = shapely.linestrings(points, indices=line_of)
            shape = shapely.get_coordinates(
                shapely.simplify(lines, tolerance, preserve_topology=False), include_z=True
            )[:, 2]
            keep[shape.astype("int64")] = True
    return np.asarray(index[keep], "int64")


def _vessels(
    tracks: pd.DataFrame, cards: Sequence[VesselCard], lon0: float
) -> list[dict[str, Any]]:
    last = tracks.sort_values("time", kind="stable").drop_duplicates("mmsi", keep="last")
    heading = last["heading_deg"].fillna(last["cog_deg"])
    towards = {
        int(mmsi): None if pd.isna(angle) else round(float(angle))
        for mmsi, angle in zip(last["mmsi"], heading, strict=True)
    }
    return [
        {
            "rank": card.rank,
            "mmsi": card.mmsi,
            "name": card.name if card.named else str(card.mmsi),
            "x": _rounded(card.lon, lon0),
            "y": None if card.lat is None else round(card.lat, 5),
            "heading": towards.get(card.mmsi),
        }
        for card in cards
    ]


def _events(products: Products, cards: Sequence[VesselCard], lon0: float) -> list[dict[str, Any]]:
    """One mark per event; an event of two flagged vessels is theirs together."""
    events = products.events
    pairs = dict(
        zip(events["event_id"], zip(events["mmsi"], events["other_mmsi"], strict=True), strict=True)
    )
    found: dict[str, dict[str, Any]] = {}
    for card in cards:
        for event in card.events:
            mark = found.setdefault(
                event.event_id,
                {
                    "id": event.event_id,
                    "kind": event.kind,
                    "label": f"{event.title}: {event.who}, {event.when_utc}",
                    "x": _rounded(event.lon, lon0),
                    "y": None if event.lat is None else round(event.lat, 5),
                    "begin": _since(event.start, products),
                    "end": None if event.end is None else _since(event.end, products),
                    "mmsi": [int(mmsi) for mmsi in pairs[event.event_id] if mmsi],
                    "ranks": [],
                    "main": False,
                },
            )
            mark["ranks"].append(card.rank)
            mark["main"] |= event is card.events[0]
    return list(found.values())


def _since(time: pd.Timestamp, products: Products) -> int:
    return int((time - products.start).total_seconds())


def _rounded(lon: float | None, lon0: float) -> float | None:
    return None if lon is None else round(float(_relative(lon, lon0)[0]), 5)
