"""A small chart for a terminal: coast, tracks and the event, in Braille dots or plain ASCII."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rich.text import Text

from detectors.core.arrays import Floats
from pipelines.publish.maps import cut
from pipelines.publish.maps.scene import Box
from pipelines.publish.maps.thin import SILENCE_S

MAX_STEP: Final = pd.Timedelta(seconds=SILENCE_S)
_MIN_SPAN_DEG: Final = 0.04
_ALONE_DEG: Final = 0.6
"""How far round an event without tracks the sheet reaches, so that a coast may be on it."""
_PAD: Final = 0.12
_DOTS: Final = (2, 4)
_BRAILLE: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_STYLES: Final = ("", "yellow", "cyan", "magenta", "bold red")
_PLAIN: Final = " #12X"
LAND, FIRST, SECOND, EVENT = 1, 2, 3, 4
"""What a cell shows; the higher number is on top."""


@dataclass(frozen=True)
class Chart:
    """A drawn chart: what each dot shows, rows from north to south."""

    layer: NDArray[np.int8]
    width_nm: float

    def text(self, *, plain: bool = False) -> Text:
        """Return the chart, a line a row; in ASCII where the terminal knows nothing else."""
        across, down = _DOTS
        cells = self.layer.reshape(
            self.layer.shape[0] // down, down, self.layer.shape[1] // across, across
        ).swapaxes(1, 2)
        top = cells.max(axis=(2, 3))
        codes = ((cells > 0) * _BRAILLE).sum(axis=(2, 3))
        out = Text(no_wrap=True)
        for row in range(len(top)):
            for column in range(top.shape[1]):
                shown = int(top[row, column])
                code = int(codes[row, column])
                mark = _PLAIN[shown] if plain else "X" if shown == EVENT else chr(0x2800 + code)
                out.append(mark if code or plain else " ", _STYLES[shown])
            out.append("\n")
        return out

    def legend(self, mmsis: Sequence[int], *, plain: bool = False) -> Text:
        """Return what is what, and how wide it is."""
        out = Text("X", _STYLES[EVENT])
        out.append(" the event  ", "default")
        for number, mmsi in enumerate(mmsis[:2]):
            mark = _PLAIN[FIRST + number] if plain else "⠒⠤"
            out.append(mark, _STYLES[FIRST + number])
            out.append(f" {mmsi:09d}  ", "default")
        out.append(_PLAIN[LAND] if plain else "⣿", _STYLES[LAND])
        out.append(f" land  {self.width_nm:.3g} nm across, north up", "default")
        return out


def draw(
    tracks: pd.DataFrame,
    mmsis: Sequence[int],
    lat: float,
    lon: float,
    land: NDArray[Any],
    *,
    width: int,
    height: int,
) -> Chart | None:
    """Draw tracks and an event.

    Returns None where there is nothing to draw.

    Parameters
    ----------
    tracks
        `frames.TRACKED`.
    mmsis
        Whose tracks, at most two of them told apart.
    lat, lon
        Where the event is; NaN where it isn't known.
    land
        Polygons of land, in degrees, see `land_outlines`.
    width, height
        In characters.
    """
    placed = np.isfinite(lat) and np.isfinite(lon)
    if tracks.empty and not placed:
        return None
    middle = lon if placed else float(tracks["lon"].iloc[0])
    lons = cut.relative(tracks["lon"].to_numpy(), middle)
    x = np.concatenate([lons, [0.0] if placed else []])
    y = np.concatenate([tracks["lat"].to_numpy(), [lat] if placed else []])
    columns, rows = width * _DOTS[0], height * _DOTS[1]
    box, squash = _box(x, y, columns, rows, _ALONE_DEG if tracks.empty else _MIN_SPAN_DEG)
    west, south, east, north = box
    layer = np.zeros((rows, columns), np.int8)
    gx = west + (np.arange(columns) + 0.5) * (east - west) / columns
    gy = north - (np.arange(rows) + 0.5) * (north - south) / rows
    on_land = _land(land, middle, box, gx, gy)
    layer[on_land & _hatched(rows, columns, on_land)] = LAND
    for number, mmsi in enumerate(mmsis[:2]):
        own = tracks[tracks["mmsi"] == mmsi]
        xs, ys = _line(own, middle, (east - west) / columns)
        _set(layer, xs, ys, box, FIRST + number)
    if placed:
        _set(layer, np.array([0.0]), np.array([lat]), box, EVENT)
    return Chart(layer, (east - west) * 60 * squash)


def _box(x: Floats, y: Floats, columns: int, rows: int, least_deg: float) -> tuple[Box, float]:
    """Return the sheet (west, south, east, north; longitudes from the middle), and a degree of it
    as a share of one of latitude. Dots are square, and so is the sheet's scale.
    """
    mid_x, mid_y = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    squash = max(float(np.cos(np.radians(mid_y))), 0.05)
    tall = max(float(np.ptp(y)), float(np.ptp(x)) * squash * rows / columns, least_deg)
    half_y = tall * (0.5 + _PAD)
    half_x = half_y * columns / rows / squash
    return (mid_x - half_x, mid_y - half_y, mid_x + half_x, mid_y + half_y), squash


def _land(land: NDArray[Any], middle: float, box: Box, gx: Floats, gy: Floats) -> NDArray[np.bool_]:
    mask = np.zeros((len(gy), len(gx)), bool)
    for piece in cut.clip(land, box, middle):
        shapely.prepare(piece)
        mask |= shapely.contains_xy(piece, *np.meshgrid(gx, gy))
    return mask


def _hatched(rows: int, columns: int, land: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the dots that land is drawn with: its coast, and every fourth one inland."""
    inner = land.copy()
    for axis in (0, 1):
        for step in (1, -1):
            near = np.roll(land, step, axis=axis)
            edge: list[slice | int] = [slice(None), slice(None)]
            edge[axis] = 0 if step == 1 else -1
            near[tuple(edge)] = True
            inner &= near
    row, column = np.indices((rows, columns))
    return np.asarray(~inner | ((row % 2 == 0) & (column % 2 == 0)), bool)


def _line(own: pd.DataFrame, middle: float, step_deg: float) -> tuple[Floats, Floats]:
    """Points along a track, dense enough to be a line; silences left open."""
    x, y = cut.relative(own["lon"].to_numpy(), middle), own["lat"].to_numpy("float64")
    if len(x) < 2:
        return x, y
    silent = (own["time"].diff() > MAX_STEP).to_numpy()[1:]
    torn = silent | (np.abs(np.diff(x)) > 180)
    far = np.maximum(np.abs(np.diff(x)), np.abs(np.diff(y)))
    between = np.where(torn, 1, np.minimum(np.ceil(far / step_deg), 1000).clip(1)).astype(int)
    begin = np.repeat(np.arange(len(between)), between)
    first = np.cumsum(between) - between
    share = (np.arange(len(begin)) - first[begin]) / between[begin]
    xs = x[begin] + share * np.diff(x)[begin]
    ys = y[begin] + share * np.diff(y)[begin]
    return np.append(xs, x[-1]), np.append(ys, y[-1])


def _set(layer: NDArray[np.int8], x: Floats, y: Floats, box: Box, value: int) -> None:
    west, south, east, north = box
    rows, columns = layer.shape
    column = np.floor((x - west) / (east - west) * columns).astype(int)
    row = np.floor((north - y) / (north - south) * rows).astype(int)
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    np.maximum.at(layer, (row[inside], column[inside]), np.int8(value))
