"""A scene as a still drawing, for paper and for pages where nothing runs.

Titles and names are escaped; where a drawing must hold nothing that a vessel said, as in the PDF
whose fonts can't draw it all, it is made without `names`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

import numpy as np
import shapely

from pipelines.export.maps.scene import Badge, Floats, Point, Region, Scene
from pipelines.export.maps.sheet import WIDTH, Room, Sheet
from pipelines.export.maps.style import COLOURS, LOOKS, MARKS, Look, Mark, mark_of

_UNSEEN: Final = 0.2
"""How far a line may be from where it belongs, in units of the drawing: 0.04 mm on the page, less
than a dot of a printer."""

MARK_R: Final = 13.0
"""Half the width of a mark."""
_RINGS: Final = ((0.0, 1), (30.0, 8), (56.0, 14), (84.0, 20))
"""Where a mark may stand: on its place, else beside it at these distances, so many to a ring."""

_BESIDE: Final = ((12.0, 0.0, "start"), (-12.0, 0.0, "end"), (0.0, -17.0, "middle"),
                  (0.0, 17.0, "middle"))  # fmt: skip
_NAME_LIMIT: Final = 30
_MIN_NAMED: Final = 34.0
"""Zones smaller than this have no name on the sheet."""


@dataclass(frozen=True)
class Ink:
    """What colours and letters are called where a drawing goes."""

    colour: Callable[[str], str]
    font: str
    namespace: str = ""


IN_PAGE: Final = Ink("var(--{})".format, "system-ui, sans-serif")
"""In a page, whose style sheet knows the light."""
ON_PAPER: Final = Ink(
    lambda name: COLOURS[name].paper, "Noto Sans", 'xmlns="http://www.w3.org/2000/svg" '
)


def svg(scene: Scene, ratio: float, *, ink: Ink, names: bool = True, title: str = "") -> str:
    """The drawing.

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
        marks = list(self._marks(room))
        named = [*self._states(room), *(self._named(room) if self.names else ())]
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
                *map(self._point, self.scene.points),
                *self._ships(),
                *marks,
                *named,
                "</g>",
                *self._degrees(),
                *self._scale(),
                "</svg>",
            ]
        )

    def _frame(self) -> str:
        """What of the sheet is known, as a rectangle's attributes."""
        west, south, east, north = self.scene.box
        corners = [self.sheet.at(west, north), self.sheet.at(east, south)]
        (left, top), (right, bottom) = np.clip(corners, 0, [WIDTH, self.sheet.height]).tolist()
        return (
            f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
        )

    # ---- lines and areas

    def _path(self, points: Floats, *, closed: bool = False) -> str:
        xy = self.sheet.xy(points)
        near = np.abs(xy - [WIDTH / 2, self.sheet.height / 2]) < 3 * WIDTH
        if not near.all(axis=1).any():
            return ""
        if len(xy) > 4:
            drawn = shapely.linearrings(xy) if closed else shapely.linestrings(xy)
            xy = shapely.get_coordinates(shapely.simplify(drawn, _UNSEEN))
        xy = np.round(xy, 1)
        return "M" + " ".join(f"{x:g},{y:g}" for x, y in xy) + ("Z" if closed else "")

    def _outline(self, rings: Iterable[Floats]) -> str:
        return "".join(self._path(ring, closed=True) for ring in rings)

    def _drawn(
        self, d: str, look: Look, *, colour: str = "", title: str = "", key: str = ""
    ) -> str:
        """A path in its look; nothing where nothing of it is on the sheet."""
        if not d:
            return ""
        line = self.ink.colour(look.colour or colour)
        fill = self.ink.colour(look.fill) if look.fill else line
        parts = [f'<path d="{d}" stroke="{line}" stroke-width="{look.width:g}"']
        if look.fill_opacity:
            parts.append(f' fill="{fill}" fill-opacity="{look.fill_opacity:g}"')
            parts.append(' fill-rule="evenodd"')
        else:
            parts.append(' fill="none" stroke-linejoin="round"')
        if look.opacity < 1:
            parts.append(f' stroke-opacity="{look.opacity:g}"')
        if look.dash:
            parts.append(f' stroke-dasharray="{" ".join(f"{d:g}" for d in look.dash)}"')
        if key:
            parts.append(f' id="{escape(key)}"')
        return "".join(parts) + (f">{self._title(title)}</path>" if title else "/>")

    def _title(self, text: str) -> str:
        return f"<title>{escape(text)}</title>" if self.names and text else ""

    def _ground(self) -> Iterator[str]:
        ground = self.scene.ground
        seas = [zone for zone in ground.zones if zone.look == "territorial_sea"]
        yield self._drawn(
            "".join(self._outline(zone.rings) for zone in seas), LOOKS["territorial_sea"]
        )
        yield self._drawn(self._outline(ground.land), LOOKS["land"])
        for zone in ground.zones:
            if zone.look != "territorial_sea":
                yield self._region(zone)
        yield self._drawn("".join(map(self._path, ground.borders)), LOOKS["border"])
        grid = [f"M{x:.1f},0V{self.sheet.height:g}" for x, _ in self._meridians()]
        grid += [f"M0,{y:.1f}H{WIDTH:g}" for y, _ in self.sheet.parallels()]
        yield self._drawn("".join(grid), LOOKS["grid"])

    def _region(self, region: Region) -> str:
        d = self._outline(region.rings)
        drawn = self._drawn(
            d, LOOKS[region.look], colour=region.colour, title=region.title, key=region.key
        )
        if region.toward_deg is None or not d:
            return drawn
        x, y = self.sheet.at(*_middle(region.rings))
        colour = self.ink.colour(LOOKS[region.look].colour or region.colour)
        return drawn + (
            f'<path transform="translate({x:.1f} {y:.1f}) rotate({region.toward_deg:g})" '
            f'd="M0 10V-10M-4-4 0-10 4-4" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )

    def _ways(self) -> Iterator[str]:
        for way in self.scene.ways:
            yield self._drawn(self._path(way.line), LOOKS[way.look], colour=way.colour)

    def _tracks(self) -> Iterator[str]:
        heard, silent = [], []
        for track in self.scene.tracks:
            if not track.rank:
                continue
            pieces = [piece[:, :2] for piece in track.pieces]
            heard += [self._path(piece) for piece in pieces]
            for before, after in pairwise(pieces):
                step = np.array([before[-1], after[0]])
                if abs(step[1, 0] - step[0, 0]) < 180:
                    silent.append(self._path(step))
        yield self._drawn("".join(heard), LOOKS["track"])
        yield self._drawn("".join(silent), LOOKS["silence"])

    # ---- symbols

    def _point(self, point: Point) -> str:
        x, y = self.sheet.at(point.x, point.y)
        colour, title = self.ink.colour(point.colour), self._title(point.title)
        if point.symbol == "dot":
            return (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}" fill-opacity=".75">'
                f"{title}</circle>"
            )
        if point.symbol == "ring":
            return (
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none" stroke="{colour}" '
                f'stroke-width="1.2">{title}</circle>'
            )
        if point.symbol == "base":
            named = escape(point.text) if self.names else ""
            beside = self._text(named, x + 10, y + 5, "ink", "start")
            return f'<path d="M{x:.1f},{y - 8:.1f}l7,13h-14z" fill="{colour}"/>{beside}'
        shape = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11"' if point.symbol == "circle"
            else f'<rect x="{x - 10:.1f}" y="{y - 10:.1f}" width="20" height="20"'
        )  # fmt: skip
        return (
            f'<g fill="{colour}">{title}{shape}/>'
            f"{self._number(escape(point.text), x, y + 0.5, 13, 'on-unit')}</g>"
        )

    def _ships(self) -> Iterator[str]:
        for ship in self.scene.ships:
            if ship.x is None or ship.y is None:
                continue
            x, y = self.sheet.at(ship.x, ship.y)
            shape = (
                '<circle r="5"' if ship.heading_deg is None
                else f'<path transform="rotate({ship.heading_deg:g})" d="M0-10 6 8h-12z"'
            )  # fmt: skip
            yield (
                f'<g transform="translate({x:.1f} {y:.1f})" fill="{self.ink.colour("paper")}" '
                f'stroke="{self.ink.colour("track")}" stroke-width="1.7">{shape}/></g>'
            )

    def _marks(self, room: Room) -> Iterator[str]:
        """One numbered mark a vessel where its strongest event was, a dot for every other event."""
        placed = [b for b in self.scene.badges if b.x is not None and b.y is not None]
        dots, lines, signs = [], [], []
        spots: list[tuple[float, float]] = []
        for badge in sorted(placed, key=lambda b: (not b.main, b.ranks[0])):
            x, y = self.sheet.at(badge.x or 0.0, badge.y or 0.0)
            dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>')
            spot = _free_spot(x, y, spots) if badge.main else None
            if spot is None:
                continue
            spots.append(spot)
            if spot != (x, y):
                lines.append(f"M{x:.1f},{y:.1f}L{spot[0]:.1f},{spot[1]:.1f}")
            signs.append(self._sign(badge, *spot))
        room.taken += [(x - MARK_R, y - MARK_R, x + MARK_R, y + MARK_R) for x, y in spots]
        magenta, halo = self.ink.colour("magenta"), self.ink.colour("halo")
        if dots:
            yield f'<g fill="{magenta}" stroke="{halo}" stroke-width=".8">{"".join(dots)}</g>'
        if lines:
            yield f'<path d="{"".join(lines)}" stroke="{magenta}" stroke-width="1.2"/>'
        yield from signs

    def _sign(self, badge: Badge, x: float, y: float) -> str:
        mark = MARKS[mark_of(badge.kind)]
        ranks = "/".join(str(rank) for rank in sorted(badge.ranks))
        size = 11.0 if len(ranks) < 3 else 11.0 * 2.6 / len(ranks)
        return (
            f'<g class="mark" transform="translate({x:.1f} {y:.1f}) scale(1.2)">'
            f"{self._title(badge.label)}{self._mark(mark)}"
            f"{self._number(ranks, mark.x, mark.y, size, 'on-magenta')}</g>"
        )

    def _mark(self, mark: Mark) -> str:
        magenta, soft, halo = map(self.ink.colour, ("magenta", "magenta-soft", "halo"))
        behind = (
            f'<path d="{mark.behind}" fill="{soft}" stroke="{magenta}"/>' if mark.behind else ""
        )
        around = f'<path d="{mark.around}" fill="none" stroke="{magenta}"/>' if mark.around else ""
        dash = f' stroke-dasharray="{" ".join(f"{d:g}" for d in mark.dash)}"' if mark.dash else ""
        line = soft if mark.dash else halo
        return f'{behind}<path d="{mark.path}" fill="{magenta}" stroke="{line}"{dash}/>{around}'

    # ---- words

    def _number(self, text: str, x: float, y: float, size: float, colour: str) -> str:
        return (
            f'<text x="{x:.1f}" y="{y + size * 0.36:.1f}" fill="{self.ink.colour(colour)}" '
            f'font-size="{size:.1f}" font-weight="700" text-anchor="middle">{text}</text>'
        )

    def _text(self, text: str, x: float, y: float, colour: str, anchor: str, more: str = "") -> str:
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'fill="{self.ink.colour(colour)}" paint-order="stroke" '
            f'stroke="{self.ink.colour("halo")}" stroke-opacity=".8" stroke-width="3"'
            f"{more}>{text}</text>"
        )

    def _states(self, room: Room) -> Iterator[str]:
        """States' names where the land has room for them and the sheet shows that spot."""
        for label in self.scene.ground.labels:
            x, y = self.sheet.at(label.x, label.y)
            half = 7.5 * len(label.text)
            box = (x - half, y - 10, x + half, y + 10)
            if label.room_deg * self.sheet.k < 0.6 * half or not room.take(box):
                continue
            more = ' font-weight="700" letter-spacing="4"'
            yield self._text(label.text, x, y + 4, "land-ink", "middle", more)

    def _named(self, room: Room) -> Iterator[str]:
        """Names of the flagged vessels, then those of zones, where there is room."""
        for point in self.scene.points:
            x, y = self.sheet.at(point.x, point.y)
            room.taken.append((x - 11, y - 11, x + 11, y + 11))
        for ship in self.scene.ships:
            if ship.x is None or ship.y is None:
                continue
            x, y = self.sheet.at(ship.x, ship.y)
            text = f"{ship.rank} {_short(ship.name)}"
            spot = room.name(text, x, y, _BESIDE, 12)
            if spot:
                yield self._text(escape(text), spot[0], spot[1] + 4, "ink", spot[2])
        for zone in self.scene.ground.zones:
            if zone.look == "territorial_sea" or not zone.title:
                continue
            corners = self.sheet.xy(np.concatenate(zone.rings))
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            text = _short(zone.title)
            spots = ((0.0, 0.0, "middle"), (0.0, (top - bottom) / 2 - 9, "middle"))
            wide = right - left > len(text) * 7 and bottom - top > 30
            middle = float(left + right) / 2, float(top + bottom) / 2
            if max(right - left, bottom - top) < _MIN_NAMED:
                continue
            spot = room.name(text, *middle, spots[not wide :], 12)
            if spot:
                more = ' font-style="italic"'
                yield self._text(escape(text), spot[0], spot[1] + 4, "zone", spot[2], more)

    def _meridians(self) -> Iterator[tuple[float, str]]:
        return self.sheet.meridians(self.scene.lon0)

    def _degrees(self) -> Iterator[str]:
        """The names of meridians and parallels at the edges."""
        for x, text in self._meridians():
            if 30 < x < WIDTH - 30:
                yield self._text(text, x, 15, "grid-ink", "middle")
        for y, text in self.sheet.parallels():
            if 30 < y < self.sheet.height - 12:
                yield self._text(text, WIDTH - 6, y + 4, "grid-ink", "end")

    def _scale(self) -> Iterator[str]:
        miles, long = self.sheet.scale()
        y = self.sheet.height - 20
        ink, halo = self.ink.colour("ink"), self.ink.colour("halo")
        yield (
            f'<rect x="8" y="{y - 22:.1f}" width="{long + 58:.1f}" height="36" fill="{halo}" '
            'fill-opacity=".85"/>'
        )
        for i in range(4):
            yield (
                f'<rect x="{18 + i * long / 4:.1f}" y="{y:.1f}" width="{long / 4:.1f}" '
                f'height="6" fill="{halo if i % 2 else ink}" stroke="{ink}"/>'
            )
        yield self._text("0", 16, y - 5, "ink", "start")
        yield self._text(f"{miles:g} nm", 18 + long, y - 5, "ink", "middle")


def _middle(rings: Sequence[Floats]) -> tuple[float, float]:
    points = np.concatenate(rings)
    x, y = ((points.min(axis=0) + points.max(axis=0)) / 2).tolist()
    return x, y


def _short(text: str) -> str:
    return text if len(text) <= _NAME_LIMIT else text[: _NAME_LIMIT - 1] + "…"


def _free_spot(
    x: float, y: float, taken: Sequence[tuple[float, float]]
) -> tuple[float, float] | None:
    for radius, n in _RINGS:
        for i in range(n):
            turn = 2 * np.pi * i / n - np.pi / 4
            spot = (float(x + radius * np.cos(turn)), float(y + radius * np.sin(turn)))
            if all(np.hypot(spot[0] - a, spot[1] - b) > 2 * MARK_R for a, b in taken):
                return spot if radius else (x, y)
    return None
