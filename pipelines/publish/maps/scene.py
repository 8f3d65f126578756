"""What a map shows, whoever draws it: places in degrees, in one frame of longitude without a seam.

Every longitude (x) is degrees east of `Scene.lon0`, so nothing is torn at the antimeridian;
latitudes (y) are degrees north, WGS84. Looks and colours are names in `style`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors.core.arrays import Floats

Box = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True, eq=False)
class Region:
    """An area: outlines and holes, (n, 2) each; how it is drawn and what it is called.

    `colour` is empty where the look has one, `toward_deg` the direction of its traffic, `key` what
    the page calls it.
    """

    rings: tuple[Floats, ...]
    look: str
    title: str = ""
    colour: str = ""
    toward_deg: float | None = None
    key: str = ""


@dataclass(frozen=True, eq=False)
class Way:
    """A line to follow, (n, 2)."""

    line: Floats
    look: str
    colour: str = ""


@dataclass(frozen=True)
class Point:
    """A place with a symbol: circle, square, base, ring or dot; `text` is in or beside it.

    `group` is what the page may show alone.
    """

    x: float
    y: float
    symbol: str
    colour: str
    text: str = ""
    title: str = ""
    group: str = ""

    @property
    def numbered(self) -> bool:
        """Tell whether a number stands in it, which another must not cover."""
        return self.symbol in {"circle", "square"}


@dataclass(frozen=True)
class Label:
    """A name over an area that is `room_deg` wide around it."""

    text: str
    x: float
    y: float
    room_deg: float


@dataclass(frozen=True)
class Place:
    """A place that positions are described by."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Track:
    """Where a vessel was: pieces between silences, (n, 3) with seconds since the scene's start.

    `rank` is 0 where the vessel isn't flagged itself: it met one that is.
    """

    mmsi: int
    rank: int
    name: str
    pieces: tuple[Floats, ...]


@dataclass(frozen=True)
class Vessel:
    """A flagged vessel where it was last heard; without a place it is only listed."""

    rank: int
    mmsi: int
    name: str
    x: float | None
    y: float | None
    heading_deg: float | None


@dataclass(frozen=True)
class Event:
    """An event's mark, the ranks of its vessels, and when it went on (seconds since the start).

    `main` where it is the strongest event of one of them; `pace_kn` of a silence, what its vessel
    made before; `certainty` that of what its number stands for: high, moderate, low.
    """

    id: str
    kind: str
    label: str
    x: float | None
    y: float | None
    begin_s: int
    end_s: int | None
    mmsi: tuple[int, ...]
    ranks: tuple[int, ...]
    main: bool
    pace_kn: float = 0.0
    certainty: str = ""


@dataclass(frozen=True, eq=False)
class Ground:
    """What lies below: land (rings), zones, boundaries of states (lines), names of states, and the
    places that positions are described by, the most prominent first.
    """

    land: tuple[Floats, ...] = ()
    zones: tuple[Region, ...] = ()
    borders: tuple[Floats, ...] = ()
    states: tuple[Label, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False)
class Scene:
    """A map: what to show first (`fit`), how far its ground was cut out (`box`), and what is on it.

    `start_s` and `end_s` are epoch seconds of the window that is played back. `numbers` is what is
    shown instead of a rank, where several vessels share a number.
    """

    lon0: float
    fit: Box
    box: Box
    ground: Ground = field(default_factory=Ground)
    regions: tuple[Region, ...] = ()
    ways: tuple[Way, ...] = ()
    points: tuple[Point, ...] = ()
    tracks: tuple[Track, ...] = ()
    vessels: tuple[Vessel, ...] = ()
    events: tuple[Event, ...] = ()
    numbers: Mapping[int, int] = field(default_factory=dict)
    start_s: int = 0
    end_s: int = 0
