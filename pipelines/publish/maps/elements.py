"""Elements of SVG as text."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from detectors.core.arrays import Floats, Ints
from pipelines.publish.maps.style import COLOURS


def tag(name: str, inside: str = "", **facts: Any) -> str:
    """Write an element; facts are plain or escaped, and what is empty is left out."""
    said = "".join(
        f' {key.replace("_", "-")}="{_fact(value)}"'
        for key, value in facts.items()
        if value not in ("", ())
    )
    return f"<{name}{said}>{inside}</{name}>" if inside else f"<{name}{said}/>"


def _fact(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_fact, value))
    return f"{round(value, 2):g}" if isinstance(value, int | float) else str(value)


def moved(x: float, y: float, turned_deg: float | None = None) -> str:
    """Write what puts an element at a place, turned or not."""
    turn = "" if turned_deg is None else f" rotate({turned_deg:g})"
    return f"translate({x:.1f} {y:.1f}){turn}"


def leader(place: tuple[float, float], spot: tuple[float, float], **facts: Any) -> str:
    """Draw the line from a place to its mark that stands beside it."""
    return tag(
        "path",
        d=f"M{place[0]:.1f},{place[1]:.1f}L{spot[0]:.1f},{spot[1]:.1f}",
        stroke_width=1.2,
        **facts,
    )


def steps(points: Floats, of: Ints, end: str) -> str:
    """Write the path data of lines, each from point to point in tenths of a unit.

    Parameters
    ----------
    points
        Of all lines, one after the other.
    of
        The line of each point, in ascending order.
    end
        What ends a line.

    >>> xy = np.array([[0.0, 1.0], [2.5, 1.0], [9.0, 9.0], [9.01, 9.0]])
    >>> steps(xy, np.array([0, 0, 1, 1]), "Z")
    'M0,1l2.5,0Z'
    """
    tenths = np.round(10 * points).astype("int64")
    legs = np.diff(tenths, axis=0)
    drawn = (of[1:] == of[:-1]) & legs.any(axis=1)
    words = [f"{dx / 10:g},{dy / 10:g}" for dx, dy in legs[drawn].tolist()]
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    counts = np.add.reduceat(np.append(0, drawn), begins)
    paths, start = [], 0
    for (x, y), stop in zip(tenths[begins].tolist(), np.cumsum(counts).tolist(), strict=True):
        if stop > start:
            paths.append(f"M{x / 10:g},{y / 10:g}l{' '.join(words[start:stop])}{end}")
        start = stop
    return "".join(paths)


@dataclass(frozen=True)
class Ink:
    """What colours and letters are called where a drawing goes."""

    colour: Callable[[str], str]
    font: str
    namespace: str = ""

    def number(self, text: str, x: float, y: float, size: float, colour: str) -> str:
        """Write a number in a mark, around its place."""
        return tag(
            "text",
            escape(text),
            x=x,
            y=y + size * 0.36,
            fill=self.colour(colour),
            font_size=size,
            font_weight=700,
            text_anchor="middle",
        )

    def text(self, text: str, x: float, y: float, colour: str, anchor: str, **more: Any) -> str:
        """Write a text on its halo."""
        return tag(
            "text",
            escape(text),
            x=x,
            y=y,
            text_anchor=anchor,
            fill=self.colour(colour),
            paint_order="stroke",
            stroke=self.colour("halo"),
            stroke_opacity=0.8,
            stroke_width=3,
            **more,
        )


IN_PAGE: Final = Ink("var(--{})".format, "system-ui, sans-serif")
"""In a page, whose style sheet knows the light."""
ON_PAPER: Final = Ink(
    lambda name: COLOURS[name].paper, "Noto Sans", 'xmlns="http://www.w3.org/2000/svg" '
)
