"""What pages without a script share: their policy and style, their templates, a small map."""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any, Final

import jinja2
import numpy as np
import shapely
from numpy.typing import NDArray

WIDTH: Final = 1000.0
_COAST_DEG: Final = 0.002


def text_of(package: str, name: str) -> str:
    """A file of a package, with plain line ends."""
    return resources.files(package).joinpath(name).read_text("utf-8").replace("\r\n", "\n")


def hash_of(text: str) -> str:
    """A style sheet or script as a Content-Security-Policy names it (CSP 3, 2.3.1)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def style() -> tuple[str, str]:
    """The style sheet of pages without a script, and its hash."""
    sheet = text_of(__package__, "pages.css")
    return sheet, hash_of(sheet)


@cache
def template(package: str, name: str) -> jinja2.Template:
    """A template of a package; what it puts on the page is escaped, and unknown names fail."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text_of(package, name))


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

    def outline(self, shapes: Any) -> str:
        """Polygons (others are left out), as one path."""
        parts = shapely.get_parts(shapes)
        parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(parts)]
        return "".join(self.path(ring[:, 1], ring[:, 0], closed=True) for ring in rings)

    def land(self, land: NDArray[np.object_]) -> str:
        """Land (polygons, WGS84) within the frame, as one path."""
        window = (self.west, self.south, self.east, self.north)
        cut = shapely.clip_by_rect(np.asarray(land, object), *window)
        return self.outline(shapely.simplify(cut[~shapely.is_empty(cut)], _COAST_DEG))

    def grid(self) -> list[dict[str, Any]]:
        """Meridians and parallels with their labels."""
        step = 0.5 if self.east - self.west < 4 else 1.0
        lines = []
        for lon in np.arange(np.ceil(self.west / step) * step, self.east, step):
            x = float(self.xy(0, lon)[0])
            lines.append({"d": f"M{x},0V{self.height:.1f}", "x": x + 3, "y": self.height - 4,
                          "text": f"{lon:g}°E"})  # fmt: skip
        for lat in np.arange(np.ceil(self.south / step) * step, self.north, step):
            y = float(self.xy(lat, 0)[1])
            text = f"{abs(lat):g}°{'N' if lat >= 0 else 'S'}"
            lines.append({"d": f"M0,{y}H{WIDTH:g}", "x": 4, "y": y - 3, "text": text})
        return lines
