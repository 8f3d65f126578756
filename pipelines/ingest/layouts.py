"""Layouts of tables: which column means what, in which unit, and when a header is one of them.

The public layouts are in layouts.yaml beside this module; an installation's own are in its
config/mappings.yaml, in the same form (whose comments explain it).
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detectors.core.errors import ConfigError
from pipelines.base.yaml_files import read_model, read_yaml
from pipelines.ingest import places
from pipelines.ingest.beside import UNCERTAIN, sightings
from pipelines.ingest.errors import IngestError
from pipelines.ingest.report import escaped

NEEDED: Final = ("mmsi", "time", "lat", "lon")
_ANGLES: Final = ("lat", "lon", "cog_deg", "heading_deg")
_LENGTHS: Final = ("length_m", "beam_m", "draught_m")
_PLAIN: Final = (
    "mmsi",
    "time",
    "nav_status",
    "msg_type",
    "ais_class",
    "imo",
    "name",
    "callsign",
    "ship_type",
    "destination",
    "milliseconds",
)

# Value in our unit = value * numerator / denominator. Both are kept, so that 1/600000 is exact.
_UNITS: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = MappingProxyType(
    {
        "angle": {
            "deg": (1, 1),
            # Longitude from 0 to 360: what is above 180 lies west.
            "deg360": (1, 1),
            "deg/10": (1, 10),
            "deg/600000": (1, 600_000),
            "min/10000": (1, 600_000),
            # Texts, see `places`.
            places.DMS: (1, 1),
            places.POINT: (1, 1),
            "rad": (180, math.pi),
        },
        # 1 kn = 1852 m/h by definition; 1 mile = 1609.344 m.
        "speed": {
            "kn": (1, 1),
            "kn/10": (1, 10),
            "m/s": (3600, 1852),
            "km/h": (1000, 1852),
            "mph": (1609.344, 1852),
        },
        "length": {"m": (1, 1), "m/10": (1, 10), "cm": (1, 100), "ft": (0.3048, 1)},
        "none": {},
    }
)

PLACES: Final = (places.DMS, places.POINT)
"""Units of latitude and longitude that are texts."""

_CODED: Final[Mapping[str, int]] = MappingProxyType({"ship_type": 255, "nav_status": 15})
"""Quantities that a mapping may give words for, and their largest code."""

_BUILT_IN: Final = Path(__file__).with_name("layouts.yaml")


class Column(BaseModel):
    """Where a quantity comes from: one column of the feed, or several to be added or joined."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    names: tuple[str, ...] = Field(alias="from", min_length=1)
    unit: str = ""
    numbered: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"from": (value,)}
        if isinstance(value, dict) and isinstance(value.get("from"), str):
            return {**value, "from": (value["from"],)}
        return value


class Layout(BaseModel):
    """How the rows of one kind of table are read; see config/mappings.yaml for each key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = ""
    source: str = ""
    recognise_by: tuple[str, ...] = ()
    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: str = Field(".", pattern=r"^[.,]$")
    header: tuple[str, ...] = ()
    time_format: tuple[str, ...] = ("iso8601",)
    time_zone: str = "UTC"
    missing: tuple[str, ...] = (
        "Unknown",
        "unknown",
        "UNKNOWN",
        "None",
        "null",
        "NULL",
        "NaN",
        "nan",
        "N/A",
        "[]",
    )
    keep: dict[str, tuple[str, ...]] = {}
    values: dict[str, dict[str, int]] = {}
    class_by_fields: bool = False
    columns: dict[str, Column]

    @model_validator(mode="before")
    @classmethod
    def _one_format(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("time_format"), str):
            return {**value, "time_format": (value["time_format"],)}
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        missing = [name for name in NEEDED if name not in self.columns]
        if missing:
            raise ValueError(f"columns doesn't say where {', '.join(missing)} comes from")
        for name, column in self.columns.items():
            if dimension_of(name) is None:
                raise ValueError(f"columns: there is no quantity {name!r}")
            if column.numbered and (name != "mmsi" or len(column.names) != 1):
                raise ValueError(f"columns: {name} can't be numbered, only mmsi from one column")
            units = _UNITS[str(dimension_of(name))]
            if column.unit == "deg360" and name != "lon":
                raise ValueError(f"columns: only lon can be in deg360, not {name}")
            if column.unit in PLACES and name not in ("lat", "lon"):
                raise ValueError(f"columns: only lat and lon can be in {column.unit}, not {name}")
            if column.unit and column.unit not in units:
                raise ValueError(f"columns: {name} can't be in {column.unit!r}, but in {[*units]}")
        if twice := self.twice(self.header):
            raise ValueError(f"header: {twice!r} stands in it twice")
        for name, words in self.values.items():
            most = _CODED.get(name)
            if most is None:
                raise ValueError(f"values: {name} has no codes, {', '.join(_CODED)} have")
            for word, code in words.items():
                if not 0 <= code <= most:
                    raise ValueError(f"values: {name}: {word!r} can't be {code}, but 0 to {most}")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {self.time_zone!r}") from error
        return self

    @property
    def marks(self) -> tuple[str, ...]:
        """Columns whose presence makes a header one of this layout."""
        if self.recognise_by:
            return self.recognise_by
        return tuple(name for column in self.columns.values() for name in column.names)

    @property
    def digest(self) -> str:
        """Digest of everything that decides how a row is read."""
        # What an older program didn't know is left out where it says nothing, so that a feed that
        # was read with the layout then is known again.
        unsaid = {name: {"numbered"} for name, c in self.columns.items() if not c.numbered}
        exclude: dict[str, Any] = {"title": True, "source": True, "recognise_by": True}
        exclude |= {"columns": unsaid} | ({} if self.values else {"values": True})
        exclude |= {} if self.class_by_fields else {"class_by_fields": True}
        content = self.model_dump_json(exclude=exclude)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def used(self) -> tuple[str, ...]:
        """The feed's columns that are read, where it has them."""
        named = [name for column in self.columns.values() for name in column.names]
        return tuple(dict.fromkeys([*named, *self.keep]))

    def twice(self, header: Sequence[str]) -> str:
        """Return a column that is read and that a header has twice: nobody says which it means."""
        return next((name for name in self.used if header.count(name) > 1), "")

    @property
    def missing_numbers(self) -> bool:
        """Tell whether some text that means "not available" looks like a number."""
        return any(any(c.isdecimal() for c in text) for text in self.missing)

    def factor(self, name: str) -> tuple[float, float]:
        """Return numerator and denominator that turn the feed's unit of a quantity into ours."""
        units = _UNITS[str(dimension_of(name))]
        return units.get(self.columns[name].unit, (1.0, 1.0))

    def lacking(self, header: Sequence[str]) -> list[str]:
        """Return columns that the layout can't do without, and `header` doesn't have."""
        return [name for name in self.needed if name not in header]

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """Columns that the layout can't do without."""
        needed = [name for field in NEEDED for name in self.columns[field].names]
        return tuple(dict.fromkeys([*needed, *self.marks, *self.keep]))


def dimension_of(name: str) -> str | None:
    """Return what a quantity measures: "angle", "speed", "length", "none"; else None."""
    if name in _ANGLES:
        return "angle"
    if name == "sog_kn":
        return "speed"
    if name in _LENGTHS:
        return "length"
    return "none" if name in _PLAIN else None


def load_layouts(path: Path | None) -> dict[str, Layout]:
    """Return the built-in layouts and those of a mappings file, by name.

    Raises ConfigError if the file can't be read, a layout is wrong, or has the name of a built-in
    one.
    """
    layouts = dict(_parse(_BUILT_IN, _stat(_BUILT_IN)))
    if path is not None and path.exists():
        own = _parse(path, _stat(path))
        both = sorted(set(layouts) & set(own))
        if both:
            raise ConfigError(f"{path}: {', '.join(both)}: there is a built-in layout of that name")
        layouts |= own
    return layouts


def _stat(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=4)
def _parse(path: Path, stat: tuple[int, ...]) -> Mapping[str, Layout]:
    """Return the layouts in a file as it is by its `stat`: each look asks for them."""
    content = read_yaml(path)
    if not all(isinstance(block, dict) for block in content.values()):
        raise ConfigError(f"{path} isn't a mapping of names to layouts")
    if any("name" in block for block in content.values()):
        raise ConfigError(f"{path}: a layout's name is the key that it stands under")
    return {
        str(name): read_model(path, Layout, {"name": str(name), **block}, place=(str(name),))
        for name, block in content.items()
    }


def choose(layouts: Mapping[str, Layout], name: str) -> Layout:
    """Return the layout that the user named."""
    if name not in layouts:
        raise IngestError(
            f"there is no mapping {name!r}",
            hint=f"there are {', '.join(sorted(layouts))}; yours go into config/mappings.yaml",
        )
    return layouts[name]


def closest(layouts: Iterable[Layout], header: Sequence[str]) -> tuple[Layout, list[str]] | None:
    """Return the layout that has more than half of a header, and what is missing."""
    best: tuple[float, Layout, list[str]] | None = None
    for layout in layouts:
        lacking = layout.lacking(header)
        named = [name for column in layout.columns.values() for name in column.names]
        share = sum(name in header for name in named) / len(named)
        if share > 0.5 and (best is None or share > best[0]):
            best = (share, layout, lacking)
    return None if best is None else best[1:]


def unknown_table(
    name: str, layouts: Mapping[str, Layout], wanted: Layout | None, header: Sequence[str]
) -> IngestError | None:
    """Say what a table whose header is no layout's looks like, and which columns it lacks.

    None if it has no columns and no layout is wanted.
    """
    shown = escaped(", ".join(header))
    if wanted is not None:
        lacking = ", ".join(wanted.lacking(header))
        return IngestError(
            f"{name} doesn't have the columns of mapping {wanted.name!r}: {lacking} missing",
            hint=f"its columns are: {shown}" if header else "it has no header",
        )
    near = closest(layouts.values(), header)
    if near is not None:
        layout, lacking_columns = near
        return IngestError(
            f"{name} looks like {layout.name!r} ({layout.title}), but has no column "
            f"{', '.join(lacking_columns)}",
            hint=f"its columns are: {shown}; rename them, or describe them in config/mappings.yaml",
        )
    if UNCERTAIN in header:
        return sightings(name)
    if header:
        return IngestError(
            f"{name} is a table of an unknown layout",
            hint=f"its columns are: {shown}; describe them in config/mappings.yaml",
        )
    return None


def without_rows(name: str) -> IngestError:
    """Say that a table whose columns would tell it all has no row to tell it by."""
    return IngestError(
        f"{name} is empty: a header and no row", hint="there is nothing to read in it"
    )
