"""How things look on every map and page: a colour, a weight and a dash for each kind of thing.

Day: chart paper. Night: dim, warm, nothing brighter than it must be. Paper: what a printer can do.
The style sheet's variables, the canvas and the SVG are all made from these tables.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from detectors.kinematics.geodesy import METRES_PER_NM
from detectors.kinematics.reach import FAR_M


class Colour(NamedTuple):
    """One colour in each light."""

    day: str
    night: str
    paper: str


COLOURS: Final[Mapping[str, Colour]] = {
    # The page
    "paper": Colour("#fbf9f3", "#0d1215", "#fff"),
    "panel": Colour("#f4f0e4", "#12191d", "#fff"),
    "ink": Colour("#17303d", "#b9bfb8", "#17303d"),
    "quiet": Colour("#55676f", "#87928f", "#4a5b63"),
    "line": Colour("#d9d2bf", "#263138", "#c9c2ae"),
    "magenta": Colour("#a8145f", "#d2588f", "#a8145f"),
    "magenta-soft": Colour("#f3dbe6", "#331a28", "#f3dbe6"),
    "on-magenta": Colour("#fff", "#14090f", "#fff"),
    "teal": Colour("#0b6470", "#63a3a0", "#0b6470"),
    "warn": Colour("#8a4b00", "#d9a34a", "#6b3a00"),
    "warn-bg": Colour("#fdeccb", "#2b2110", "#fdeccb"),
    "focus": Colour("#0057b8", "#8ab4ff", "#0057b8"),
    "exercise": Colour("#2b1d00", "#d9a34a", "#000"),
    "exercise-bg": Colour("#f2b632", "#33260c", "#fff"),
    "exercise-stripe": Colour("#e9a917", "#2a1f09", "#fff"),
    # The ground of a map
    "sea": Colour("#dcebf1", "#0b161c", "#e6f0f4"),
    "off": Colour("#c9d8de", "#070b0d", "#d3dfe4"),
    "land": Colour("#f3e7c6", "#26221a", "#f3e7c6"),
    "coast": Colour("#a58c58", "#6b5c3c", "#a58c58"),
    "land-ink": Colour("#9a8655", "#7a6c4b", "#8d7a4c"),
    "grid": Colour("#b4c9d2", "#1d2d36", "#b4c9d2"),
    "grid-ink": Colour("#4d6b79", "#6d8490", "#4d6b79"),
    "zone": Colour("#7d5a98", "#6f5885", "#7d5a98"),
    "lane": Colour("#2d7f8c", "#3f7880", "#2d7f8c"),
    "border": Colour("#7a4f2a", "#8a6a45", "#7a4f2a"),
    "halo": Colour("#fbf9f3", "#0d1215", "#fff"),
    # What moves on it
    "track": Colour("#4f7083", "#6b8797", "#4f7083"),
    "partner": Colour("#4b8a6b", "#5c937a", "#3f7d5e"),
    # A plan: risk sectors, and a colour for each unit
    "sector": Colour("#c98200", "#a06f1a", "#c98200"),
    "unit-1": Colour("#0b6e8a", "#3f93ab", "#0b6e8a"),
    "unit-2": Colour("#b3471d", "#c56b45", "#b3471d"),
    "unit-3": Colour("#5b4b9a", "#8577bd", "#5b4b9a"),
    "unit-4": Colour("#2f7d32", "#559457", "#2f7d32"),
    "unit-5": Colour("#a0306b", "#bb5c8d", "#a0306b"),
    "unit-6": Colour("#7a6a00", "#96883a", "#7a6a00"),
    "unit-7": Colour("#33557a", "#6485a8", "#33557a"),
    "on-unit": Colour("#fff", "#0d1215", "#fff"),
    # An operation: when
    "before": Colour("#7c8b96", "#6e7c86", "#7c8b96"),
    "during": Colour("#b3471d", "#c56b45", "#b3471d"),
    "after": Colour("#0b6e8a", "#3f93ab", "#0b6e8a"),
    # Learned places, by class
    "anchorage": Colour("#7a3e9d", "#8f62aa", "#7a3e9d"),
    "waiting_area": Colour("#b8860b", "#a3802d", "#b8860b"),
    "pilot_ground": Colour("#0b7a75", "#3c908c", "#0b7a75"),
    "ferry_route": Colour("#2b6cb0", "#5486b8", "#2b6cb0"),
    "learned-lane": Colour("#c2185b", "#b9517c", "#c2185b"),
    "precautionary_area": Colour("#e65100", "#c2703a", "#e65100"),
    # Kinds of events, each as dark by day, and as light by night, as its number needs
    "k-anchoring": Colour("#5f6300", "#94913c", "#5f6300"),
    "k-crossing": Colour("#a8145f", "#d56b97", "#a8145f"),
    "k-encounter": Colour("#0b5fa5", "#5f92c6", "#0b5fa5"),
    "k-gap": Colour("#37474f", "#849096", "#37474f"),
    "k-geofence": Colour("#8a5a00", "#af883e", "#8a5a00"),
    "k-identity": Colour("#4527a0", "#9582d1", "#4527a0"),
    "k-loitering": Colour("#2e7031", "#6b9a59", "#2e7031"),
    "k-mother_ship": Colour("#7a2e00", "#c07f52", "#7a2e00"),
    "k-other": Colour("#55676f", "#85908d", "#4a5b63"),
    "k-outlier": Colour("#6d4c41", "#a3887d", "#6d4c41"),
    "k-possible_meeting": Colour("#1f7391", "#6096a4", "#1f7391"),
    "k-spoofing": Colour("#8e24aa", "#b17ac0", "#8e24aa"),
    "k-unmatched_sighting": Colour("#00695c", "#449c8e", "#00695c"),
    "k-watch_area": Colour("#b3361d", "#d27556", "#b3361d"),
}

UNITS: Final = tuple(name for name in COLOURS if name.startswith("unit-"))


@dataclass(frozen=True)
class Look:
    """How a line or an area is drawn; pixels, or units of an SVG drawing.

    `colour` is empty where each thing brings its own; `fill` is empty where an area has the colour
    of its line.
    """

    colour: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    opacity: float = 1.0
    fill: str = ""
    fill_opacity: float = 0.0


LOOKS: Final[Mapping[str, Look]] = {
    "land": Look("coast", 0.8, fill="land", fill_opacity=1.0),
    "grid": Look("grid", 0.7),
    "territorial_sea": Look("zone", 0.9, (7, 3, 1.5, 3), 0.45),
    "zone": Look("zone", 0.9, (4, 3), 0.75, fill_opacity=0.07),
    "lane": Look("lane", 0.9, (4, 3), 0.75, fill_opacity=0.07),
    "border": Look("border", 1.3, (9, 3, 2, 3, 2, 3), 0.75),
    "track": Look("track", 1.0, opacity=0.6),
    "silence": Look("track", 1.0, (2, 4), 0.6),
    "sector": Look("sector", 1.0, (2, 3), 0.8, fill_opacity=0.1),
    "whereabouts": Look("", 1.0, (2, 3), 0.7, fill_opacity=0.1),
    "sortie": Look("", 2.4),
    "later_sortie": Look("", 2.4, (7, 4)),
    "area": Look("during", 2.0),
    "beside": Look("sector", 1.0, (2, 3), 0.8, fill_opacity=0.1),
    "watch": Look("magenta", 1.6, (6, 3), fill_opacity=0.12),
    "learned": Look("", 1.0, fill_opacity=0.35),
    "learned_accept": Look("", 1.4, fill_opacity=0.6),
    "learned_reject": Look("", 1.0, (2, 3), fill_opacity=0.05),
    # How well a part of the sea was heard: full and calm as usual, warm and framed where not.
    "heard_usual": Look("teal", 0.5, opacity=0.5, fill_opacity=0.3),
    "heard_less": Look("warn", 0.8, (2, 3), 0.8, fill_opacity=0.12),
    "heard_little": Look("warn", 1.2, (6, 3), fill_opacity=0.35),
    "heard_none": Look("warn", 2.4),
    "heard_new": Look("teal", 1.2, (6, 3), fill_opacity=0.1),
    "heard_few": Look("quiet", 0.5, (1, 4), 0.6, fill_opacity=0.04),
}


def circle(x: float, r: float) -> str:
    """Return a circle as path data, which canvas and SVG both read."""
    return f"M{x - r:g} 0a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z"


@dataclass(frozen=True)
class Mark:
    """The mark of a kind of event, path data around its middle, 24 across; it holds a number.

    `behind` is drawn behind it, `around` around it; the number stands at (x, y).
    """

    path: str
    behind: str = ""
    around: str = ""
    dash: tuple[float, ...] = ()
    x: float = 0.0
    y: float = 0.5


MARKS: Final[Mapping[str, Mark]] = {
    "encounter": Mark(circle(2.5, 8.5), behind=circle(-5.0, 8.5), x=2.5),
    "loitering": Mark(circle(0.0, 8.5), around=circle(0.0, 11.4)),
    "anchoring": Mark("M-9.5-4H-4V-11H4V-4H9.5L0 11.5z", y=-1.0),
    "gap": Mark(circle(0.0, 9.5), dash=(4.0, 3.1)),
    "geofence": Mark("M-8.5-8.5H8.5V8.5H-8.5z"),
    "watch_area": Mark("M-8-8H8V8H-8z", around="M-11-11H11V11H-11z"),
    "identity": Mark("M0-11.5 11.5 0 0 11.5-11.5 0z"),
    "crossing": Mark("M-10-8H4L11.5 0 4 8H-10z"),
    "spoofing": Mark("M-6-10H6L11.5 0 6 10H-6L-11.5 0z"),
    "possible_meeting": Mark("M-5-8H5A8 8 0 0 1 5 8H-5A8 8 0 0 1-5-8z"),
    "mother_ship": Mark("M0-11.5 11-3.5 7 9.5H-7L-11-3.5z"),
    "unmatched_sighting": Mark("M-5-11H5V-5H11V5H5V11H-5V5H-11V-5H-5z"),
    "outlier": Mark("M0-12 12 9.5H-12z", y=2.5),
    "other": Mark("M-9.5-7.5H9.5V7.5H-9.5z"),
}
"""Every kind has one of its own; a kind that is not here is shown as `other`."""

GRID_STEPS_DEG: Final = (1 / 60, 1 / 30, 1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 5, 10, 20, 30)
SCALE_NM: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Lengths that the scale bar may have."""

CLOSEST: Final = 6000.0
"""Pixels to a degree beyond which a map isn't opened."""


PALE: Final = 0.22
"""How much of its colour fills a pale mark: one weighs by the certainty of what it is of, with a
heavy edge where that is high, plain, or pale where it is low."""


def mark_of(kind: str) -> str:
    """Return the name of a kind's mark."""
    return kind if kind in MARKS else "other"


def variables() -> str:
    """Write the colours as variables of a style sheet: by day or night as the reader's machine has
    it, the other way round where the page's switch is on, and on paper; symbols have their kind's.
    """
    day, night, paper = (
        "".join(f"--{name}:{values[k]};" for name, values in COLOURS.items()) for k in range(3)
    )
    switched = ":root:has(#night:checked)"
    kinds = "".join(f".symbol.k-{kind}{{stroke:var(--k-{kind})}}\n" for kind in MARKS)
    return (
        f":root{{color-scheme:light;{day}}}\n{switched}{{color-scheme:dark;{night}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{color-scheme:dark;{night}}}\n"
        f"{switched}{{color-scheme:light;{day}}}}}\n"
        f"@media print{{:root,{switched}{{color-scheme:light;{paper}}}}}\n"
        f"{kinds}"
    )


def for_scripts() -> dict[str, Any]:
    """Return what the canvas needs of the tables; colours it reads from the style sheet."""
    return {
        "colours": list(COLOURS),
        "far_nm": FAR_M / METRES_PER_NM,
        "looks": {name: asdict(look) for name, look in LOOKS.items()},
        "marks": {name: asdict(mark) for name, mark in MARKS.items()},
        "grid": GRID_STEPS_DEG,
        "scale": SCALE_NM,
        "closest": CLOSEST,
        "pale": PALE,
    }
