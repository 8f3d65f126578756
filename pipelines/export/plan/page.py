"""plan.html: a plan to print or to read on any machine; one file, no request, no script."""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
import numpy as np
import shapely
from numpy.typing import NDArray

from pipelines.export.plan import words
from pipelines.export.text import clean, one_line
from pipelines.patrol.plan import Plan, Sailed

COLOURS: Final = ("#0b6e8a", "#b3471d", "#5b4b9a", "#2f7d32", "#a0306b", "#7a6a00", "#33557a")
WIDTH: Final = 1000.0
_MARGIN_DEG: Final = 0.25
_COAST_DEG: Final = 0.002
_MAX_RATIO: Final = 1.4


def to_html(plan: Plan, land: NDArray[np.object_]) -> str:
    """The page.

    Parameters
    ----------
    land
        Polygons to draw, WGS84.
    """
    style = resources.files(__package__).joinpath("plan.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    chart = _chart(plan, land)
    return _template().render(
        plan=plan, style=style, style_hash=f"sha256-{digest}", warnings=words.warnings(plan),
        chart=chart, simulated=words.ENGLISH.simulated if plan.simulated else "",
        sorties=[_sortie(one, k, chart) for k, one in enumerate(plan.sailed)],
        left=[
            {"rank": one.target.rank, "name": words.vessel(one.target), "mmsi": one.target.mmsi,
             "score": one.target.score, "reason": one.reason, "detail": one.detail}
            for one in plan.left_out
        ],
        sectors=[
            {"name": s.name, "events": s.events, "landings": s.landings,
             "per_day": float(s.rate_per_h.sum()), "hour": int(np.argmax(s.rate_per_h))}
            for s in plan.sectors
        ],
        start=words.local(plan.start_us), end=words.local(plan.end_us),
        stale=words.local(plan.stale_us), coast=words.ENGLISH.coast_source,
    )  # fmt: skip


def _colour(plan: Plan, one: Sailed) -> str:
    names = list(dict.fromkeys(other.sortie.unit.name for other in plan.sailed))
    return COLOURS[names.index(one.sortie.unit.name) % len(COLOURS)]


def _sortie(one: Sailed, number: int, chart: dict[str, Any]) -> dict[str, Any]:
    sortie, unit = one.sortie, one.sortie.unit
    return {
        "name": one_line(sortie.name, 80),
        "colour": chart["colours"][number],
        "base": one_line(unit.base.name, 60),
        "moved": words.nm(sortie.moved_m),
        "watch": f"{words.local(sortie.opens_us)} to {words.local(sortie.closes_us)}",
        "value": one.value, "nm": one.distance_nm, "hours": one.hours, "sample": unit.sample,
        "stops": [
            {
                "number": k, "task": words.task(stop), "what": words.what(stop, one),
                "mmsi": stop.target.mmsi if stop.target else None,
                "rank": stop.target.rank if stop.target else None,
                "depart": words.local(stop.depart_us, date=False),
                "begin": words.local(stop.begin_us), "end": words.local(stop.end_us, date=False),
                "place": _place(stop.lat, stop.lon), "course": words.first_course(stop),
                "nm": words.nm(stop.route.distance_m), "speed": stop.speed_kn,
                "chance": stop.chance, "along": words.nm(stop.along_m),
                "across": words.nm(stop.across_m),
                "why": clean(stop.target.reason) if stop.target else "",
                "how": "; ".join(
                    t for t in (stop.how, words.caveat(stop.target) if stop.target else "") if t
                ),
            }
            for k, stop in enumerate(one.stops, 1)
        ],
    }  # fmt: skip


def _place(lat: float, lon: float) -> str:
    """Degrees and decimal minutes, as a plotter takes them."""
    texts = []
    for value, plus, minus, digits in ((lat, "N", "S", 2), (lon, "E", "W", 3)):
        minutes = round(abs(value) * 60, 2)
        degrees, rest = divmod(minutes, 60)
        texts.append(f"{int(degrees):0{digits}d}°{rest:05.2f}'{plus if value >= 0 else minus}")
    return " ".join(texts)


# ---- the map


class Frame:
    """From degrees to the drawing's units: equidistant at the middle latitude."""

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        self.west, self.south, self.east, self.north = west, south, east, north
        self.shrink = float(np.cos(np.radians((south + north) / 2)))
        self.scale = WIDTH / ((east - west) * self.shrink)
        self.width, self.height = WIDTH, round((north - south) * self.scale, 1)

    def xy(self, lat: Any, lon: Any) -> NDArray[np.float64]:
        """Places in the drawing, (…, 2)."""
        x = (np.asarray(lon, "float64") - self.west) * self.shrink * self.scale
        y = (self.north - np.asarray(lat, "float64")) * self.scale
        return np.round(np.stack(np.broadcast_arrays(x, y), axis=-1), 1)

    def path(self, lat: Any, lon: Any, *, closed: bool = False) -> str:
        """A line through places, as SVG writes it."""
        points = " ".join(f"{x:g},{y:g}" for x, y in self.xy(lat, lon))
        return f"M{points}{'Z' if closed else ''}"


def _chart(plan: Plan, land: NDArray[np.object_]) -> dict[str, Any]:
    frame = _frame(plan)
    return {
        "width": frame.width, "height": frame.height,
        "land": land_path(frame, land), "grid": grid(frame),
        "sectors": [
            {"d": frame.path([s.south, s.south, s.south + s.size_deg, s.south + s.size_deg],
                             [s.west, s.west + s.size_deg, s.west + s.size_deg, s.west],
                             closed=True), "name": s.name}
            for s in plan.sectors
        ],
        "colours": [_colour(plan, one) for one in plan.sailed],
        "sorties": [_drawn(plan, one, frame) for one in plan.sailed if one.stops],
        "bases": [
            {"x": x, "y": y, "name": name}
            for (x, y), name in {
                tuple(frame.xy(o.sortie.lat, o.sortie.lon).tolist()):
                    one_line(o.sortie.unit.base.name, 40)
                for o in plan.sailed
            }.items()
        ],
        "missed": [
            {"x": x, "y": y, "rank": rank} for x, y, rank in _missed(plan, frame)
        ],
    }  # fmt: skip


def _frame(plan: Plan) -> Frame:
    lat, lon = [], []
    for one in plan.sailed:
        lat.append([one.sortie.lat])
        lon.append([one.sortie.lon])
        for stop in one.stops:
            lat.append(stop.route.lat.tolist())
            lon.append(stop.route.lon.tolist())
            if stop.target is not None:
                ring = words.ellipse(stop)
                lat.append(ring[0])
                lon.append(ring[1])
    all_lat = np.concatenate(lat) if lat else np.array([1.0, 7.0])
    all_lon = np.concatenate(lon) if lon else np.array([98.0, 105.0])
    # An error that spans half the map would make it useless; a region may run out of it.
    west, east = np.clip([all_lon.min() - _MARGIN_DEG, all_lon.max() + _MARGIN_DEG], 94, 106)
    south, north = np.clip([all_lat.min() - _MARGIN_DEG, all_lat.max() + _MARGIN_DEG], -1.5, 9)
    short = (north - south) / _MAX_RATIO - (east - west)
    if short > 0:
        west, east = west - short / 2, east + short / 2
    return Frame(float(west), float(south), float(east), float(north))


def land_path(frame: Frame, land: NDArray[np.object_]) -> str:
    """Land (polygons, WGS84) within a frame, as one path."""
    window = (frame.west, frame.south, frame.east, frame.north)
    cut = shapely.clip_by_rect(np.asarray(land, object), *window)
    parts = shapely.get_parts(shapely.simplify(cut[~shapely.is_empty(cut)], _COAST_DEG))
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(parts)]
    return "".join(frame.path(ring[:, 1], ring[:, 0], closed=True) for ring in rings)


def grid(frame: Frame) -> list[dict[str, Any]]:
    """Meridians and parallels with their labels."""
    step = 0.5 if frame.east - frame.west < 4 else 1.0
    lines = []
    for lon in np.arange(np.ceil(frame.west / step) * step, frame.east, step):
        x = float(frame.xy(0, lon)[0])
        lines.append({"d": f"M{x},0V{frame.height:.1f}", "x": x + 3, "y": frame.height - 4,
                      "text": f"{lon:g}°E"})  # fmt: skip
    for lat in np.arange(np.ceil(frame.south / step) * step, frame.north, step):
        y = float(frame.xy(lat, 0)[1])
        text = f"{abs(lat):g}°{'N' if lat >= 0 else 'S'}"
        lines.append({"d": f"M0,{y}H{WIDTH:g}", "x": 4, "y": y - 3, "text": text})
    return lines


def _drawn(plan: Plan, one: Sailed, frame: Frame) -> dict[str, Any]:
    stops = []
    for number, stop in enumerate(one.stops, 1):
        kind = words.task(stop)
        x, y = frame.xy(stop.lat, stop.lon).tolist()
        region = frame.path(*words.ellipse(stop), closed=True) if stop.target else ""
        title = f"{number} {words.what(stop, one)}, {words.local(stop.begin_us)}"
        stops.append(
            {"route": frame.path(stop.route.lat, stop.route.lon), "x": x, "y": y, "kind": kind,
             "region": region, "title": title, "number": number}
        )  # fmt: skip
    return {"colour": _colour(plan, one), "stops": stops, "later": one.sortie.number > 1}


def _missed(plan: Plan, frame: Frame) -> list[tuple[float, float, int]]:
    """Where flagged vessels that are left out are expected when the plan begins."""
    row = {int(mmsi): k for k, mmsi in enumerate(plan.prediction.mmsi)}
    found = []
    for one in plan.left_out:
        k = row.get(one.target.mmsi)
        if k is None:
            continue
        lat, lon = plan.prediction.at(k, plan.start_us)
        if frame.west < lon < frame.east and frame.south < lat < frame.north:
            x, y = frame.xy(lat, lon).tolist()
            found.append((x, y, one.target.rank))
    return found


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(
        resources.files(__package__).joinpath("plan.html.j2").read_text("utf-8")
    )
