"""A six-second clip of what happened: ships on their ways, for a briefing; GIF or WebP, offline.

What people and transmitters wrote is drawn as text, each character that the fonts lack by its
number. The same tracks give the same bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from detectors.core.arrays import Floats
from detectors.core.errors import SelatError
from detectors.core.frames import SECOND_US, epoch_us
from detectors.surroundings.zones import Zones
from pipelines.base import labels
from pipelines.base.files import replacing
from pipelines.base.text import LOCAL, LOCAL_NAME, one_line
from pipelines.publish.maps import cut
from pipelines.publish.maps.style import COLOURS
from pipelines.publish.maps.thin import SILENCE_S
from pipelines.publish.pdf import drawable

FORMATS: Final = {".gif": "GIF", ".webp": "WEBP"}
SIZE: Final = (720, 540)
FRAMES: Final = 60
FRAME_MS: Final = 100
TAIL_FRAMES: Final = 10
"""The last second shows the whole way."""

_TOP: Final = 74
_BOTTOM: Final = 30
_LINE: Final = 14.0
_SHIPS: Final = ("magenta", "unit-1", "unit-4", "unit-3", "unit-2", "unit-6")


@dataclass(frozen=True)
class _Way:
    """One track: seconds, and where it was on the picture."""

    time_s: Floats
    xy: Floats
    colour: str
    name: str


def write(
    tracks: pd.DataFrame,
    names: Mapping[int, str],
    zones: Zones,
    title: str,
    path: Path,
    *,
    simulated: bool,
) -> Path:
    """Write the clip; return `path`.

    Raises SelatError if the path ends neither in .gif nor in .webp, or there is no report to show.

    Parameters
    ----------
    tracks
        `frames.TRACKED` of the vessels to show, over the span to show.
    names
        What vessels call themselves, by MMSI.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise SelatError(f"{path.name} is no name of a clip", hint="one that ends in .webp or .gif")
    if tracks.empty:
        raise SelatError("there is no report to show in a clip")
    frames = list(_frames(tracks, names, zones, title, simulated))
    with replacing(path) as temporary:
        frames[0].save(
            temporary,
            format=kind,
            save_all=True,
            append_images=frames[1:],
            duration=FRAME_MS,
            loop=0,
        )
    return path


def _frames(
    tracks: pd.DataFrame, names: Mapping[int, str], zones: Zones, title: str, simulated: bool
) -> Iterator[Image.Image]:
    lon0, fit = cut.extent(tracks["lon"], tracks["lat"])
    ground = cut.ground(zones, cut.padded(fit), lon0)
    west, south, east, north = fit
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    room = (SIZE[0], SIZE[1] - _TOP - _BOTTOM)
    k = min(room[0] / ((east - west) * squeeze), room[1] / (north - south))

    def placed(xy: Floats) -> Floats:
        x = (xy[:, 0] - (west + east) / 2) * squeeze * k + SIZE[0] / 2
        return np.column_stack([x, _TOP + room[1] / 2 - (xy[:, 1] - (south + north) / 2) * k])

    base = Image.new("RGB", SIZE, COLOURS["sea"].day)
    draw = ImageDraw.Draw(base)
    for ring in ground.land:
        points = list(map(tuple, placed(ring).tolist()))
        draw.polygon(points, fill=COLOURS["land"].day, outline=COLOURS["coast"].day)
    ways = _ways(tracks, names, lon0, placed)
    _furnish(base, title, simulated)
    first = min(way.time_s[0] for way in ways)
    last = max(way.time_s[-1] for way in ways)
    for share in np.linspace(0.0, 1.0, FRAMES - TAIL_FRAMES).tolist() + [1.0] * TAIL_FRAMES:
        frame = base.copy()
        now = first + share * (last - first)
        draw = ImageDraw.Draw(frame)
        taken: list[tuple[float, float, float]] = []
        for way in ways:
            here = _sail(draw, way, now)
            if here is not None:
                _name(draw, way, here, taken)
        _say(frame, now)
        yield frame


def _ways(tracks: pd.DataFrame, names: Mapping[int, str], lon0: float, placed: Any) -> list[_Way]:
    time_s = epoch_us(tracks["time"]) / SECOND_US
    xy = placed(np.column_stack([cut.relative(tracks["lon"], lon0), tracks["lat"].to_numpy()]))
    mmsis = list(dict.fromkeys(tracks["mmsi"].tolist()))
    colours = {m: COLOURS[_SHIPS[n % len(_SHIPS)]].day for n, m in enumerate(mmsis)}
    found = []
    for track_id, rows in tracks.reset_index(drop=True).groupby("track_id").indices.items():
        order = rows[np.argsort(time_s[rows], kind="stable")]
        mmsi = int(str(track_id)[:-2])
        # What can't be drawn is shown by its number, eight signs for one.
        name = one_line(drawable(names.get(mmsi, "")), 30) or f"{mmsi:09d}"
        found.append(_Way(time_s[order], xy[order], colours.get(mmsi, "#000"), name))
    return found


def _sail(draw: ImageDraw.ImageDraw, way: _Way, now: float) -> tuple[float, float] | None:
    """Draw how far a vessel has come, hollow where it has been silent for long; return where it is,
    None where it hasn't been heard yet.
    """
    n = int(np.searchsorted(way.time_s, now, side="right"))
    if not n:
        return None
    for a, b in pairwise(range(n)):
        if way.time_s[b] - way.time_s[a] <= SILENCE_S:
            draw.line([*way.xy[a], *way.xy[b]], fill=way.colour, width=2)
    here, silent = way.xy[n - 1], now - way.time_s[n - 1] > SILENCE_S
    if n < len(way.time_s) and way.time_s[n] - way.time_s[n - 1] <= SILENCE_S:
        share = (now - way.time_s[n - 1]) / max(way.time_s[n] - way.time_s[n - 1], 1.0)
        ahead = here + share * (way.xy[n] - here)
        draw.line([*here, *ahead], fill=way.colour, width=2)
        here = ahead
    x, y = here.tolist()
    inside = None if silent else way.colour
    draw.ellipse([x - 5, y - 5, x + 5, y + 5], outline=way.colour, fill=inside, width=2)
    return x, y


def _name(
    draw: ImageDraw.ImageDraw,
    way: _Way,
    here: tuple[float, float],
    taken: list[tuple[float, float, float]],
) -> None:
    """Write a vessel's name beside it, on the picture, below those that are there already."""
    font = _font(12)
    long = draw.textlength(way.name, font=font)
    x, y = here[0] + 9, min(max(here[1] - 7, _TOP), SIZE[1] - _BOTTOM - _LINE)
    if x + long > SIZE[0]:
        x = max(here[0] - 9 - long, 0.0)
    for left, right, top in sorted(taken, key=lambda one: one[2]):
        if x < right and left < x + long and abs(y - top) < _LINE:
            y = top + _LINE
    taken.append((x, x + long, y))
    draw.text((x, y), way.name, fill=COLOURS["ink"].day, font=font)


def _furnish(base: Image.Image, title: str, simulated: bool) -> None:
    """Draw what stays: what happened, and what must be said."""
    draw, words = ImageDraw.Draw(base), labels.labels("en")
    draw.rectangle([0, 0, SIZE[0], _TOP], fill=COLOURS["paper"].day)
    draw.rectangle([0, SIZE[1] - _BOTTOM, *SIZE], fill=COLOURS["paper"].day)
    y = 5.0
    if simulated:
        draw.text((10, y), words.simulated, fill=COLOURS["warn"].day, font=_font(13, bold=True))
        y += 20
    lines = _wrapped(drawable(one_line(title, 240)), SIZE[0] - 40)
    for line in [lines[0], *(f"{line} …" if lines[2:] else line for line in lines[1:2])]:
        draw.text((10, y), line, fill=COLOURS["ink"].day, font=_font(14))
        y += 20
    said = f"{words.leads} {words.coast_source}."
    draw.text((10, SIZE[1] - 22), said, fill=COLOURS["quiet"].day, font=_font(11))


def _say(frame: Image.Image, now: float) -> None:
    time = pd.Timestamp(now, unit="s", tz="UTC")
    text = f"{time:%d %b %H:%M} UTC · {time.tz_convert(LOCAL):%d %b %H:%M} {LOCAL_NAME}"
    draw = ImageDraw.Draw(frame)
    long = draw.textlength(text, font=_font(13, bold=True))
    place = (SIZE[0] - 10 - long, SIZE[1] - 23)
    draw.text(place, text, fill=COLOURS["ink"].day, font=_font(13, bold=True))


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if _font(14).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = f"NotoSans-{'Bold' if bold else 'Regular'}.ttf"
    with resources.as_file(
        resources.files("pipelines.publish.pdf").joinpath("fonts", name)
    ) as path:
        return ImageFont.truetype(path, size)
