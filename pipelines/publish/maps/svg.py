"""A scene as a still drawing, for paper and for pages where nothing runs.

Titles and names are escaped; what must hold nothing that a vessel said, as the PDF whose fonts
can't draw it all, is made without `names`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
import shapely

from detectors.core.arrays import Floats
from pipelines.publish.maps.elements import Ink, leader, moved, steps, tag
from pipelines.publish.maps.scene import Event, Label, Place, Point, Region, Scene, Vessel
from pipelines.publish.maps.sheet import (
    BESIDE,
    BESIDE_PLACE,
    PLACES_APART,
    WIDTH,
    Room,
    Sheet,
    Spot,
)
from pipelines.publish.maps.spots import MARK_R, aground_of, free_spot
from pipelines.publish.maps.style import LOOKS, MARKS, PALE, Look, circle, mark_of

_UNSEEN: Final = 0.35
"""How far a line may be off its place, in units of the drawing: a printer's dot, 0.06 mm."""

_MARGIN: Final = 10.0
"""How far beyond the sheet what is on it goes on, so that no edge of a cut is seen."""
_POINT_R: Final = 9.5
"""Half the width of a point, which no name runs into; one beside it begins further off."""
_NAME_LIMIT: Final = 30
_MIN_NAMED: Final = 34.0
"""Zones smaller than this have no name and no arrow on the sheet."""

_Thing = TypeVar("_Thing", Event, Vessel, Point, Label, Place)


def svg(scene: Scene, ratio: float, *, ink: Ink, names: bool = True, title: str = "") -> str:
    """Draw a scene.

    Parameters
    ----------
    ratio
        Height over width.
    names
        Whether names and titles are on it, or ranks and names of states alone.
    title
        What a reader who can't see it is told that it is.
    """
    return _Drawing(scene, Sheet.fitted(scene.fit, WIDTH * ratio), ink, names).svg(title)


@dataclass(frozen=True)
class _Drawing:
    scene: Scene
    sheet: Sheet
    ink: Ink
    names: bool

    def svg(self, title: str) -> str:
        height = self.sheet.height
        frame = self._frame()
        room = Room(height)
        marks, points = list(self._marks(room)), list(self._points(room))
        named = [*self._states(room), *(self._named(room) if self.names else ())]
        named += self._places(room)
        told = f' role="img" aria-label="{escape(title)}"' if title else ""
        colour = self.ink.colour
        return "".join(
            [
                f'<svg {self.ink.namespace}viewBox="0 0 {WIDTH:g} {height:g}" '
                f'font-family="{self.ink.font}" font-size="13"{told}>',
                f'<clipPath id="sheet"><rect {frame}/></clipPath>',
                f'<rect width="{WIDTH:g}" height="{height:g}" fill="{colour("off")}"/>',
                f'<g clip-path="url(#sheet)"><rect {frame} fill="{colour("sea")}"/>',
                *self._ground(),
                *map(self._region, self.scene.regions),
                *self._ways(),
                *self._tracks(),
                *points,
                *self._vessels(),
                *marks,
                *named,
                "</g>",
                *self._degrees(),
                *self._scale(),
                *self._north(),
                "</svg>",
            ]
        )

    def _frame(self) -> str:
        """Return what of the sheet is known, as a rectangle's attributes."""
        west, south, east, north = self.scene.box
        corners = [self.sheet.at(west, north), self.sheet.at(east, south)]
        (left, top), (right, bottom) = np.clip(corners, 0, [WIDTH, self.sheet.height]).tolist()
        return (
            f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        )

    # ---- lines and areas

    def _paths(self, lines: Iterable[Floats], *, closed: bool = False) -> str:
        """Write lines or rings as path data: what is on the sheet, no finer than can be seen.

        All at once, since a coast has thousands of islands.
        """
        long = [line for line in lines if len(line) >= (4 if closed else 2)]
        if not long:
            return ""
        xy, of = self.sheet.xy(np.concatenate(long)), np.arange(len(long)).repeat([*map(len, long)])
        far = (-_MARGIN, -_MARGIN, WIDTH + _MARGIN, self.sheet.height + _MARGIN)
        if (xy.max(axis=0) < far[:2]).any() or (xy.min(axis=0) > far[2:]).any():
            return ""
        shapes: Any = (
            shapely.polygons(shapely.linearrings(xy, indices=of))
            if closed
            else shapely.linestrings(xy, indices=of)
        )
        parts = shapely.get_parts(shapely.simplify(shapely.clip_by_rect(shapes, *far), _UNSEEN))
        seen = shapely.get_rings(parts) if closed else parts
        points, of = shapely.get_coordinates(seen, return_index=True)
        return steps(points, of, "Z" * closed)

    def _outline(self, rings: Iterable[Floats]) -> str:
        return self._paths(rings, closed=True)

    def _drawn(
        self, d: str, look: Look, *, colour: str = "", title: str = "", key: str = ""
    ) -> str:
        """Draw a path in its look; nothing where nothing of it is on the sheet."""
        if not d:
            return ""
        line = self.ink.colour(look.colour or colour)
        fill = self.ink.colour(look.fill) if look.fill else line
        return tag(
            "path",
            self._title(title),
            d=d,
            stroke=line,
            stroke_width=look.width,
            stroke_opacity=look.opacity if look.opacity < 1 else "",
            stroke_dasharray=look.dash,
            stroke_linejoin="round",
            fill=fill if look.fill_opacity else "none",
            fill_opacity=look.fill_opacity or "",
            fill_rule="evenodd",
            id=escape(key),
        )

    def _title(self, text: str) -> str:
        return f"<title>{escape(text)}</title>" if self.names and text else ""

    def _ground(self) -> Iterator[str]:
        ground, sheet = self.scene.ground, self.sheet
        seas = [zone for zone in ground.zones if zone.look == "territorial_sea"]
        borders = "".join(self._outline(zone.rings) for zone in seas)
        yield self._drawn(borders, LOOKS["territorial_sea"])
        yield self._drawn(self._outline(ground.land), LOOKS["land"])
        yield from (self._region(zone) for zone in ground.zones if zone not in seas)
        yield self._drawn(self._paths(ground.borders), LOOKS["border"])
        meridians = (f"M{x:.1f},0V{sheet.height:g}" for x, _ in sheet.meridians(self.scene.lon0))
        parallels = (f"M0,{y:.1f}H{WIDTH:g}" for y, _ in sheet.parallels())
        yield self._drawn("".join([*meridians, *parallels]), LOOKS["grid"])

    def _region(self, region: Region) -> str:
        d, look = self._outline(region.rings), LOOKS[region.look]
        drawn = self._drawn(d, look, colour=region.colour, title=region.title, key=region.key)
        if region.toward_deg is None or not d:
            return drawn
        left, top, right, bottom = self._bounds(region)
        if max(right - left, bottom - top) < _MIN_NAMED:
            return drawn
        return drawn + tag(
            "path",
            d="M0 10V-10M-4-4 0-10 4-4",
            fill="none",
            stroke_width=1.5,
            stroke=self.ink.colour(look.colour or region.colour),
            transform=moved((left + right) / 2, (top + bottom) / 2, region.toward_deg),
        )

    def _bounds(self, region: Region) -> tuple[float, float, float, float]:
        corners = self.sheet.xy(np.concatenate(region.rings))
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return left, top, right, bottom

    def _ways(self) -> Iterator[str]:
        for way in self.scene.ways:
            yield self._drawn(self._paths([way.line]), LOOKS[way.look], colour=way.colour)

    def _tracks(self) -> Iterator[str]:
        heard: list[Floats] = []
        silent: list[Floats] = []
        for track in self.scene.tracks:
            pieces = [piece[:, :2] for piece in track.pieces if track.rank]
            heard += pieces
            steps = [np.array([before[-1], after[0]]) for before, after in pairwise(pieces)]
            silent += [step for step in steps if abs(np.ptp(step[:, 0])) < 180]
        yield self._drawn(self._paths(heard), LOOKS["track"])
        yield self._drawn(self._paths(silent), LOOKS["silence"])

    # ---- symbols

    def _points(self, room: Room) -> Iterator[str]:
        """Draw points; numbered ones that would cover another stand aside, on a line to it."""
        aground, spots = aground_of(self.scene.ground.land, self.sheet), list[tuple[float, float]]()
        symbols = []
        for one, x, y in self._placed(sorted(self.scene.points, key=lambda one: one.numbered)):
            spot = (x, y)
            if one.numbered:
                spots.append(spot := free_spot(x, y, spots, aground) or spot)
            left, top = spot[0] - _POINT_R, spot[1] - _POINT_R
            room.taken.append((left, top, left + 2 * _POINT_R, top + 2 * _POINT_R))
            if spot != (x, y):
                yield leader((x, y), spot, stroke=self.ink.colour(one.colour))
            symbols.append(self._point(one, *spot))
        yield from symbols

    def _point(self, point: Point, x: float, y: float) -> str:
        colour, title, text = self.ink.colour(point.colour), self._title(point.title), point.text
        if point.symbol == "dot":
            return tag("circle", title, cx=x, cy=y, r=5, fill=colour, fill_opacity=0.75)
        if point.symbol == "ring":
            return tag("circle", title, cx=x, cy=y, r=4, fill="none", stroke=colour)
        if point.symbol == "base":
            return tag("path", d=f"M{x:.1f},{y - 8:.1f}l7,13h-14z", fill=colour)
        shape = (
            tag("circle", title, cx=x, cy=y, r=11, fill=colour)
            if point.symbol == "circle"
            else tag("rect", title, x=x - 10, y=y - 10, width=20, height=20, fill=colour)
        )
        return shape + self.ink.number(text, x, y + 0.5, 13, "on-unit")

    def _vessels(self) -> Iterator[str]:
        facts = {"fill": self.ink.colour("paper"), "stroke": self.ink.colour("track")}
        for vessel, x, y in self._placed(self.scene.vessels):
            shape = circle(0.0, 5.0) if vessel.heading_deg is None else "M0-10 6 8h-12z"
            there = moved(x, y, vessel.heading_deg)
            yield tag("path", d=shape, transform=there, stroke_width=1.7, **facts)

    def _placed(self, things: Iterable[_Thing]) -> Iterator[tuple[_Thing, float, float]]:
        """Those that have a place, and where it is on the sheet."""
        for one in things:
            if one.x is not None and one.y is not None:
                x, y = self.sheet.at(one.x, one.y)
                yield one, x, y

    def _marks(self, room: Room) -> Iterator[str]:
        """One numbered mark a vessel where its strongest event was, a dot for every other event."""
        dots, lines, signs = [], [], []
        halo = self.ink.colour("halo")
        spots: list[tuple[float, float]] = []
        ordered = sorted(self.scene.events, key=lambda e: (not e.main, e.ranks[0]))
        aground = aground_of(self.scene.ground.land, self.sheet)
        for event, x, y in self._placed(ordered):
            hue = self.ink.colour(f"k-{mark_of(event.kind)}")
            dots.append(tag("circle", cx=x, cy=y, r=3.2, fill=hue))
            spot = free_spot(x, y, spots, aground) if event.main else None
            if spot is None:
                continue
            spots.append(spot)
            if spot != (x, y):
                lines.append(leader((x, y), spot, stroke=hue))
            signs.append(self._mark(event, *spot))
        room.taken += [(x - MARK_R, y - MARK_R, x + MARK_R, y + MARK_R) for x, y in spots]
        yield tag("g", "".join(dots), stroke=halo, stroke_width=0.8)
        yield from (*lines, *signs)

    def _mark(self, event: Event, x: float, y: float) -> str:
        mark, colour = MARKS[mark_of(event.kind)], self.ink.colour
        hue, paper = colour(f"k-{mark_of(event.kind)}"), colour("paper")
        pale, sure = event.certainty == "low", event.certainty == "high"
        ranks = "/".join(str(n) for n in sorted({self._number_of(rank) for rank in event.ranks}))
        size = 11.0 if len(ranks) < 3 else 11.0 * 2.6 / len(ranks)
        edge = paper if mark.dash and not pale else hue if pale else colour("halo")
        parts = [
            self._title(event.label),
            tag("path", d=mark.behind, fill=paper, stroke=hue) if mark.behind else "",
            tag("path", d=mark.path, stroke=colour("ink"), stroke_width=3.4) if sure else "",
            tag("path", d=mark.path, fill=paper) if pale else "",
            tag(
                "path",
                d=mark.path,
                fill=hue,
                fill_opacity=PALE if pale else "",
                stroke=edge,
                stroke_dasharray=mark.dash,
            ),
            tag("path", d=mark.around, fill="none", stroke=hue) if mark.around else "",
            self.ink.number(ranks, mark.x, mark.y, size, "ink" if pale else "on-magenta"),
        ]
        return f'<g class="mark" transform="{moved(x, y)} scale(1.2)">{"".join(parts)}</g>'

    # ---- words

    def _number_of(self, rank: int) -> int:
        return self.scene.numbers.get(rank, rank)

    def _states(self, room: Room) -> Iterator[str]:
        """States' names where the land has room for them and the sheet shows that spot."""
        for label, x, y in self._placed(self.scene.ground.states):
            half = 7.5 * len(label.text)
            fits = label.room_deg * self.sheet.k >= 0.6 * half
            if fits and room.take((x - half, y - 10, x + half, y + 10)):
                more = {"font_weight": 700, "letter_spacing": 4}
                yield self.ink.text(label.text, x, y + 4, "land-ink", "middle", **more)

    def _named(self, room: Room) -> Iterator[str]:
        """Names of bases and flagged vessels, then those of zones, where there is room."""
        for point, x, y in self._placed(self.scene.points):
            if point.symbol == "base":
                yield self._name(room, point.text, x, y, BESIDE, "ink")
        for vessel, x, y in self._placed(self.scene.vessels):
            yield self._name(
                room, f"{self._number_of(vessel.rank)} {vessel.name}", x, y, BESIDE, "ink"
            )
        for zone in self.scene.ground.zones:
            left, top, right, bottom = self._bounds(zone)
            if zone.look == "territorial_sea" or max(right - left, bottom - top) < _MIN_NAMED:
                continue
            wide = right - left > 7 * len(zone.title) and bottom - top > 30
            spot = (0.0, 0.0 if wide else (top - bottom) / 2 - 9, "middle")
            x, y = (left + right) / 2, (top + bottom) / 2
            yield self._name(room, zone.title, x, y, [spot], "zone", font_style="italic")

    def _places(self, room: Room) -> Iterator[str]:
        """Draw the places that positions are described by, a few, the most prominent first."""
        room.taken += [(x - 8, y - 8, x + 8, y + 8) for _, x, y in self._placed(self.scene.vessels)]
        (across, down), named = PLACES_APART, list[tuple[float, float]]()
        said = {point.text for point in self.scene.points}
        said |= {zone.title for zone in self.scene.ground.zones if self.names}
        for place, x, y in self._placed(self.scene.ground.places):
            near = any(abs(x - a) < across and abs(y - b) < down for a, b in named)
            if near or place.text in said or not (self.names or place.text.isascii()):
                continue
            if name := self._name(room, place.text, x, y, BESIDE_PLACE, "quiet", font_size=11):
                named.append((x, y))
                yield tag("circle", cx=x, cy=y, r=2, fill=self.ink.colour("quiet")) + name

    def _name(
        self,
        room: Room,
        text: str,
        x: float,
        y: float,
        spots: Sequence[Spot],
        colour: str,
        **more: Any,
    ) -> str:
        short = text if len(text) <= _NAME_LIMIT else text[: _NAME_LIMIT - 1] + "…"
        spot = room.name(short, x, y, spots, 12)
        return self.ink.text(short, spot[0], spot[1] + 4, colour, spot[2], **more) if spot else ""

    def _degrees(self) -> Iterator[str]:
        for x, text in self.sheet.meridians(self.scene.lon0):
            if 30 < x < WIDTH - 30:
                yield self.ink.text(text, x, 15, "grid-ink", "middle")
        for y, text in self.sheet.parallels():
            if 30 < y < self.sheet.height - 12:
                yield self.ink.text(text, WIDTH - 6, y + 4, "grid-ink", "end")

    def _scale(self) -> Iterator[str]:
        miles, long = self.sheet.scale()
        y = self.sheet.height - 20
        ink, halo = self.ink.colour("ink"), self.ink.colour("halo")
        yield tag("rect", x=8, y=y - 22, width=long + 58, height=36, fill=halo, fill_opacity=0.85)
        for i in range(4):
            fill = halo if i % 2 else ink
            x, width = 18 + i * long / 4, long / 4
            yield tag("rect", x=x, y=y, width=width, height=6, fill=fill, stroke=ink)
        yield self.ink.text("0", 16, y - 5, "ink", "start")
        yield self.ink.text(f"{miles:g} nm", 18 + long, y - 5, "ink", "middle")

    def _north(self) -> Iterator[str]:
        """Say where north is: up, as on every sheet of ours."""
        x, y = WIDTH - 26.0, self.sheet.height - 22.0
        ink, halo = self.ink.colour("ink"), self.ink.colour("halo")
        yield tag("rect", x=x - 14, y=y - 30, width=28, height=42, fill=halo, fill_opacity=0.85)
        yield tag("path", d="M0-13 6 9 0 5-6 9z", fill=ink, transform=moved(x, y))
        yield self.ink.text("N", x, y - 16, "ink", "middle", font_size=11, font_weight=700)
