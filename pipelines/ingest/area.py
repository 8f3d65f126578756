"""The area of interest: everything, a box, or a zone."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from detectors.core.errors import ConfigError

if TYPE_CHECKING:
    from detectors.surroundings.zones import Zones

_HINT: Final = "say all, a zone's id or name, or W,S,E,N in degrees (94,-1.5,106,9)"


@dataclass(frozen=True)
class Area:
    """Where reports are kept.

    Parameters
    ----------
    text
        The area in canonical form, part of a feed's key in the ledger: "all", "W,S,E,N", or
        "zone:ID:digest of its geometry".
    box
        West, south, east, north in degrees, edges included. West may be larger than east: then
        the box crosses the antimeridian.
    polygon
        Geometry in degrees, edges included.
    """

    text: str
    box: tuple[float, float, float, float] | None = None
    polygon: shapely.Geometry | None = None

    @classmethod
    def everywhere(cls) -> "Area":
        """Keep all reports."""
        return cls("all")

    @classmethod
    def parse(cls, text: str, zones: "Zones | None" = None) -> "Area":
        """Return the area that `text` names.

        "all", "W,S,E,N" in degrees, or the id or name of one of the zones.

        Raises ConfigError if it is none of them, or several zones have that name.

        Examples
        --------
        >>> Area.parse("94, -1.50, 106, 9").text
        '94,-1.5,106,9'
        """
        asked = text.strip()
        if asked.casefold() == "all":
            return cls.everywhere()
        if "," in asked:
            numbers = _numbers(asked)
            if numbers is not None:
                return cls._of_box(asked, numbers)
        return cls._of_zone(asked, zones)

    @classmethod
    def _of_box(cls, asked: str, numbers: list[float]) -> "Area":
        if len(numbers) != 4:
            raise ConfigError(
                f"the area {asked!r} has {len(numbers)} numbers, not four", hint=_HINT
            )
        west, south, east, north = numbers
        if not (-90 <= south < north <= 90):
            raise ConfigError(
                f"the area {asked!r} has south {south:g} and north {north:g}",
                hint="south must be below north, both within -90 and 90; the order is W,S,E,N",
            )
        if not (-180 <= west <= 180 and -180 <= east <= 180 and west != east):
            raise ConfigError(
                f"the area {asked!r} has west {west:g} and east {east:g}",
                hint="both must lie within -180 and 180; W above E crosses the antimeridian",
            )
        canonical = ",".join(f"{number:.10g}" for number in numbers)
        return cls(canonical, box=(west, south, east, north))

    @classmethod
    def _of_zone(cls, asked: str, zones: "Zones | None") -> "Area":
        if zones is None or not len(zones.frame):
            raise ConfigError(f"there is no area {asked!r}", hint=_HINT)
        frame = zones.frame
        for column in ("zone_id", "name"):
            rows = np.flatnonzero(frame[column].astype(str).str.casefold() == asked.casefold())
            if len(rows) > 1:
                ids = ", ".join(sorted(zones.id_of(int(row)) for row in rows))
                raise ConfigError(
                    f"{len(rows)} zones are named {asked!r}", hint=f"say which: {ids}"
                )
            if len(rows) == 1:
                polygon = frame.geometry.iloc[int(rows[0])]
                digest = hashlib.sha256(shapely.to_wkb(polygon)).hexdigest()[:8]
                return cls(f"zone:{zones.id_of(int(rows[0]))}:{digest}", polygon=polygon)
        raise ConfigError(f"there is no zone {asked!r}", hint=_HINT)

    def contains(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether each point (degrees) lies in the area."""
        if self.box is not None:
            west, south, east, north = self.box
            across = (lon >= west) & (lon <= east) if west < east else (lon >= west) | (lon <= east)
            return np.asarray((lat >= south) & (lat <= north) & across)
        if self.polygon is not None:
            shapely.prepare(self.polygon)
            return np.asarray(shapely.intersects_xy(self.polygon, lon, lat))
        return np.ones(len(lat), bool)


def _numbers(text: str) -> list[float] | None:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    return numbers if all(np.isfinite(numbers)) else None
