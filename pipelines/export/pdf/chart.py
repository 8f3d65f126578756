"""The map of the PDF brief: an SVG drawing of what `pipelines.export.brief.chart` cuts out.

Nothing that a vessel said is in it: marks are ranks, the only names are those of states.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from pipelines.export.brief.chart import Box, decoded

WIDTH: Final = 1000.0
"""Width of the drawing in its own units; the page scales it."""

_SEA, _LAND, _COAST, _LAND_INK = "#e6f0f4", "#f3e7c6", "#a58c58", "#8d7a4c"
_GRID, _GRID_INK, _ZONE, _TRACK, _MARK = "#b4c9d2", "#4d6b79", "#7d5a98", "#4f7083", "#a8145f"
_INK, _BORDER = "#17303d", "#7a4f2a"
_UNSEEN: Final = 0.2
"""How far a line may be from where it belongs, in units of the drawing: 0.04 mm on the page, less
than a dot of a printer."""
_MARK_R: Final = 13.0
_STEPS_DEG: Final = (1 / 60, 1 / 30, 1 / 12, 1 / 6, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_MILES: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_RINGS: Final = ((0.0, 1), (30.0, 8), (56.0, 14), (84.0, 20))
"""Where a mark may stand: on its place, else beside it at these distances, so many to a ring."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Sheet:
    """From degrees (east of lon0, north) to the drawing: Mercator, as on the brief's own map."""

    x: float
    y: float
    k: float
    height: float

    def xy(self, points: Floats) -> Floats:
        """Points (n, 2) in the drawing."""
        x = (points[:, 0] - self.x) * self.k + WIDTH / 2
        y = self.height / 2 - (_mercator(points[:, 1]) - self.y) * self.k
        return np.column_stack([x, y])


def svg(data: dict[str, Any], ratio: float) -> str:
    """The drawing.

    Parameters
    ----------
    data
        What `pipelines.export.brief.chart.chart_data` gives.
    ratio
        Height over width.
    """
    height = WIDTH * ratio
    sheet = _fitted(data["fit"], height)
    west, south, east, north = data["box"]
    corners = sheet.xy(np.array([[west, north], [east, south]]))
    (left, top), (right, bottom) = corners
    lines, degrees = _grid(data, sheet)
    frame = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" '
        'font-family="Noto Sans" font-size="13">',
        f'<clipPath id="c"><rect {frame}/></clipPath>',
        f'<rect width="{WIDTH:g}" height="{height:g}" fill="#d3dfe4"/>',
        f'<g clip-path="url(#c)"><rect {frame} fill="{_SEA}"/>',
        *_area(data, sheet),
        *lines,
        *_names(data, sheet),
        *_tracks(data, sheet),
        *_last_seen(data, sheet),
        *_marks(data, sheet),
        "</g>",
        *degrees,
        *_scale(sheet),
        "</svg>",
    ]
    return "".join(parts)


def _mercator(lat: Any) -> Any:
    return np.degrees(np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)))


def _latitude(y: float) -> float:
    return float(np.degrees(2 * np.arctan(np.exp(np.radians(y))) - np.pi / 2))


def _fitted(fit: Box, height: float) -> _Sheet:
    west, south, east, north = fit
    low, high = float(_mercator(south)), float(_mercator(north))
    k = min((WIDTH - 90) / max(east - west, 1e-6), (height - 90) / max(high - low, 1e-6))
    return _Sheet((west + east) / 2, (low + high) / 2, min(k, 6000.0), height)


def _line(points: Floats, sheet: _Sheet, *, closed: bool = False) -> str:
    xy = sheet.xy(points)
    near = np.abs(xy - [WIDTH / 2, sheet.height / 2]) < 3 * WIDTH
    if not near.all(axis=1).any():
        return ""
    if len(xy) > 4:
        drawn = shapely.linearrings(xy) if closed else shapely.linestrings(xy)
        xy = shapely.get_coordinates(shapely.simplify(drawn, _UNSEEN))
    xy = np.round(xy, 1)
    return "M" + " ".join(f"{x:g},{y:g}" for x, y in xy) + ("Z" if closed else "")


def _outline(rings: Iterable[Sequence[int]], scale: float, sheet: _Sheet) -> str:
    return "".join(_line(decoded(ring, 2) / scale, sheet, closed=True) for ring in rings)


def _area(data: dict[str, Any], sheet: _Sheet) -> list[str]:
    scale = data["scale"]
    seas = [z["rings"] for z in data["zones"] if z["class"] == "territorial_sea"]
    near = [z["rings"] for z in data["zones"] if z["class"] != "territorial_sea"]
    border = "".join(_outline(rings, scale, sheet) for rings in seas)
    zones = "".join(_outline(rings, scale, sheet) for rings in near)
    land = _outline(data["land"], scale, sheet)
    agreed = "".join(_line(decoded(line, 2) / scale, sheet) for line in data["borders"])
    return [
        f'<path d="{border}" fill="none" stroke="{_ZONE}" stroke-opacity=".45" '
        'stroke-dasharray="7 3 1.5 3"/>',
        f'<path d="{land}" fill="{_LAND}" stroke="{_COAST}" stroke-width=".8" '
        'fill-rule="evenodd"/>',
        f'<path d="{zones}" fill="{_ZONE}" fill-opacity=".07" stroke="{_ZONE}" '
        'stroke-opacity=".75" stroke-dasharray="4 3" fill-rule="evenodd"/>',
        f'<path d="{agreed}" fill="none" stroke="{_BORDER}" stroke-opacity=".75" '
        'stroke-width="1.4" stroke-dasharray="9 3 2 3 2 3"/>',
    ]


def _grid(data: dict[str, Any], sheet: _Sheet) -> tuple[list[str], list[str]]:
    """Meridians and parallels, and their degrees at the edges."""
    step = next((s for s in _STEPS_DEG if s * sheet.k >= 110), 45.0)
    left, right = (sheet.x + side * WIDTH / 2 / sheet.k + data["lon0"] for side in (-1, 1))
    low, high = (_latitude(sheet.y + side * sheet.height / 2 / sheet.k) for side in (-1, 1))
    lines, degrees = [], []
    for lon in (np.arange(np.ceil(left / step), right / step) * step).tolist():
        x = float(sheet.xy(np.array([[lon - data["lon0"], 0.0]]))[0, 0])
        lines.append(f'<path d="M{x:.1f},0V{sheet.height:g}" stroke="{_GRID}" stroke-width=".8"/>')
        if 30 < x < WIDTH - 30:
            degrees.append(_text(_angle((lon + 180) % 360 - 180, "EW"), x, 15, _GRID_INK, "middle"))
    for lat in (np.arange(np.ceil(low / step), high / step) * step).tolist():
        y = float(sheet.xy(np.array([[0.0, lat]]))[0, 1])
        lines.append(f'<path d="M0,{y:.1f}H{WIDTH:g}" stroke="{_GRID}" stroke-width=".8"/>')
        if 30 < y < sheet.height - 12:
            degrees.append(_text(_angle(lat, "NS"), WIDTH - 6, y + 4, _GRID_INK, "end"))
    return lines, degrees


def _angle(value: float, signs: str) -> str:
    """Degrees and whole minutes.

    >>> _angle(3.5, "NS"), _angle(-0.25, "NS"), _angle(0.0, "NS")
    ('3°30′N', '0°15′S', '0°')
    """
    degrees, minutes = divmod(round(abs(value) * 60), 60)
    if not degrees and not minutes:
        return "0°"
    return f"{degrees}°{f'{minutes:02d}′' if minutes else ''}{signs[value < 0]}"


def _text(text: str, x: float, y: float, color: str, anchor: str, more: str = "") -> str:
    """Words of ours on a halo; nothing from outside comes here."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" '
        f'paint-order="stroke" stroke="#fff" stroke-opacity=".8" stroke-width="3" {more}>'
        f"{text}</text>"
    )


def _names(data: dict[str, Any], sheet: _Sheet) -> list[str]:
    """States' names where the land has room for them and the sheet shows that spot."""
    found = []
    for name, lon, lat, room in data["states"]:
        [[x, y]] = sheet.xy(np.array([[lon, lat]]))
        half = 7.5 * len(name)
        if room * sheet.k < 0.6 * half or not (half < x < WIDTH - half and 30 < y < sheet.height):
            continue
        more = 'font-weight="700" letter-spacing="4"'
        found.append(_text(name, x, y, _LAND_INK, "middle", more))
    return found


def _tracks(data: dict[str, Any], sheet: _Sheet) -> list[str]:
    heard, silent = [], []
    for track in data["tracks"]:
        if not track["rank"]:
            continue
        pieces = [decoded(piece, 3)[:, :2] / data["trackScale"] for piece in track["pieces"]]
        heard += [_line(piece, sheet) for piece in pieces]
        for before, after in pairwise(pieces):
            step = np.array([before[-1], after[0]])
            if abs(step[1, 0] - step[0, 0]) < 180:
                silent.append(_line(step, sheet))
    style = f'fill="none" stroke="{_TRACK}" stroke-width="1.3" stroke-linejoin="round"'
    return [
        f'<path d="{"".join(heard)}" {style} stroke-opacity=".8"/>',
        f'<path d="{"".join(silent)}" {style} stroke-opacity=".7" stroke-dasharray="2 4"/>',
    ]


def _last_seen(data: dict[str, Any], sheet: _Sheet) -> list[str]:
    found = []
    for vessel in data["vessels"]:
        if vessel["x"] is None or vessel["y"] is None:
            continue
        [[x, y]] = sheet.xy(np.array([[vessel["x"], vessel["y"]]]))
        shape = (
            '<circle r="5"' if vessel["heading"] is None
            else f'<path transform="rotate({vessel["heading"]})" d="M0-10 6 8h-12z"'
        )  # fmt: skip
        found.append(
            f'<g transform="translate({x:.1f} {y:.1f})" fill="#fff" stroke="{_TRACK}" '
            f'stroke-width="1.7">{shape}/></g>'
        )
    return found


def _marks(data: dict[str, Any], sheet: _Sheet) -> list[str]:
    """One numbered mark a vessel where its strongest event was, a dot for every other event."""
    placed = [e for e in data["events"] if e["x"] is not None and e["y"] is not None]
    dots, lines, signs = [], [], []
    taken: list[tuple[float, float]] = []
    for event in sorted(placed, key=lambda e: (not e["main"], e["ranks"][0])):
        [[x, y]] = sheet.xy(np.array([[event["x"], event["y"]]]))
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>')
        spot = _free_spot(x, y, taken) if event["main"] else None
        if spot is None:
            continue
        taken.append(spot)
        sx, sy = spot
        if spot != (x, y):
            lines.append(f'<path d="M{x:.1f},{y:.1f}L{sx:.1f},{sy:.1f}"/>')
        ranks = "/".join(str(rank) for rank in sorted(event["ranks"]))
        size = 15 if len(ranks) < 3 else 15 * 2.6 / len(ranks)
        signs.append(
            f'<circle cx="{sx:.1f}" cy="{sy:.1f}" r="{_MARK_R:g}" fill="{_MARK}" stroke="#fff" '
            f'stroke-width="2"/><text x="{sx:.1f}" y="{sy + size * 0.36:.1f}" fill="#fff" '
            f'font-size="{size:.1f}" font-weight="700" text-anchor="middle">{ranks}</text>'
        )
    return [
        f'<g fill="{_MARK}" stroke="#fff" stroke-width=".8">{"".join(dots)}</g>',
        f'<g stroke="{_MARK}" stroke-width="1.2">{"".join(lines)}</g>',
        *signs,
    ]


def _free_spot(
    x: float, y: float, taken: Sequence[tuple[float, float]]
) -> tuple[float, float] | None:
    for radius, n in _RINGS:
        for i in range(n):
            angle = 2 * np.pi * i / n - np.pi / 4
            spot = (float(x + radius * np.cos(angle)), float(y + radius * np.sin(angle)))
            if all(np.hypot(spot[0] - a, spot[1] - b) > 2 * _MARK_R for a, b in taken):
                return spot if radius else (x, y)
    return None


def _scale(sheet: _Sheet) -> list[str]:
    # On Mercator a minute of latitude is a mile, as long as 1/cos(lat) minutes of longitude
    per_mile = sheet.k / 60 / np.cos(np.radians(_latitude(sheet.y)))
    miles = next((m for m in reversed(_MILES) if m * per_mile <= 200), _MILES[0])
    long, y = miles * per_mile, sheet.height - 20
    quarters = [
        f'<rect x="{18 + i * long / 4:.1f}" y="{y:.1f}" width="{long / 4:.1f}" height="6" '
        f'fill="{"#fff" if i % 2 else _INK}" stroke="{_INK}"/>'
        for i in range(4)
    ]
    return [
        f'<rect x="8" y="{y - 22:.1f}" width="{long + 58:.1f}" height="36" fill="#fff" '
        'fill-opacity=".85"/>',
        *quarters,
        _text("0", 16, y - 5, _INK, "start"),
        _text(f"{miles:g} nm", 18 + long, y - 5, _INK, "middle"),
    ]
