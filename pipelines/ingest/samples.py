"""The first rows of a table, and what of them latitude and longitude are read from.

Names don't say the decimal sign, the unit, or whether a hemisphere stands beside: the rows do.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from pipelines.ingest.column_names import Match, names_zone_column, zone_named
from pipelines.ingest.places import (
    AXES,
    DMS,
    POINT,
    degrees,
    is_geometry,
    is_point,
    is_run_together,
    names_part,
    names_side,
    side_sign,
)
from pipelines.ingest.report import escaped
from pipelines.ingest.timeforms import UndecidedError

SHARE: Final = 0.9
"""Of the rows looked at so many must hold what the column's name promises: some are damaged."""
NUMBER: Final = re.compile(r"^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$")
_DECIMAL_COMMA: Final = re.compile(r"^[+-]?\d+,\d+$")
_NOTHING: Final = frozenset({"na", "nan", "null", "none", "unknown", "n/a", "[]"})


@dataclass(frozen=True)
class Sample:
    """The first rows of a table.

    Parameters
    ----------
    rows
        Texts of its first rows, as long as the header.
    typed, unzoned
        Columns that hold timestamps, not texts or numbers; those of them that have no zone.
    delimiter
        What stands between columns; empty where nothing does.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    typed: frozenset[str] = frozenset()
    unzoned: frozenset[str] = frozenset()
    delimiter: str = ","

    def of(self, name: str) -> list[str]:
        """Return what a column holds, blanks left out."""
        return [cell for cell in self._all_of(name) if not _is_blank(cell)]

    def blanks_of(self, name: str) -> set[str]:
        """Return how a column says that it holds nothing."""
        return {cell for cell in self._all_of(name) if _is_blank(cell)}

    def _all_of(self, name: str) -> list[str]:
        at = list(self.header).index(name)
        return [row[at].strip() for row in self.rows]

    def joined(self, names: Sequence[str]) -> list[str]:
        """Return what columns hold together, joined by blanks, of rows in which all hold some."""
        places = [list(self.header).index(name) for name in names]
        cells = ([row[at].strip() for at in places] for row in self.rows)
        return [" ".join(row) for row in cells if all(row)]


def _is_blank(cell: str) -> bool:
    return not cell or cell.casefold() in _NOTHING


def decimal_sign(sample: Sample, found: Mapping[str, list[Match]]) -> str:
    """Return the decimal sign of a table: "." or ","."""
    cells = [cell for name in ("lat", "lon") for cell in sample.of(found[name][0].column)]
    return "," if sum(bool(_DECIMAL_COMMA.match(cell)) for cell in cells) > len(cells) / 2 else "."


def numbers_of(cells: Sequence[str], decimal: str) -> list[float]:
    """Return the numbers among some cells."""
    bare = (cell.replace(",", ".") if decimal == "," else cell for cell in cells)
    numbers = (float(cell) for cell in bare if NUMBER.match(cell))
    return [number for number in numbers if math.isfinite(number)]


def place_of(sample: Sample, name: str, match: Match, decimal: str) -> dict[str, Any]:
    """Return where latitude or longitude comes from, in the unit that its values show."""
    cells = sample.of(match.column)
    if match.unit == POINT:
        return {"from": match.column, "unit": POINT}
    hemisphere = hemisphere_of(sample, name)
    numbers = numbers_of(cells, decimal)
    parts = parts_of(sample, name, numbers)
    source = [match.column, *parts, *filter(None, [hemisphere])]
    if len(source) > 1 and _written(name, sample.joined(source), lettered=bool(hemisphere)):
        return {"from": source, "unit": DMS}
    if len(numbers) < SHARE * len(cells) or not cells:
        if _written(name, cells):
            return {"from": match.column, "unit": DMS}
        shown = next((cell for cell in cells if not numbers_of([cell], decimal)), "nothing")
        raise UndecidedError(f"its column {match.column!r} isn't in degrees: {escaped(shown)!r}")
    if match.unit:
        return {"from": match.column, "unit": match.unit}
    if len(source) > 1:
        said = next(iter(sample.joined(source)), "nothing")
        raise UndecidedError(
            f"its columns {escaped(', '.join(source))} together say no {name}: {escaped(said)!r}"
        )
    if sum(-180 <= number <= 360 for number in numbers) < SHARE * len(numbers):
        shown = _first(cells, decimal, lambda number: not -180 <= number <= 360)
        raise UndecidedError(
            f"its column {match.column!r} isn't in degrees: {shown!r} (say its unit)"
        )
    few = (1 - SHARE) * len(numbers)
    if name == "lat" and sum(abs(number) > 90 and number != 91 for number in numbers) > few:
        shown = _first(cells, decimal, lambda number: abs(number) > 90)
        raise UndecidedError(
            f"its column {match.column!r} holds more than 90 degrees: {shown!r} "
            "(is it the longitude?)"
        )
    # Some beyond are damaged; who counts to 360 has nothing below 0.
    beyond = sum(number > 180 and number != 181 for number in numbers)
    round_the_world = name == "lon" and beyond > few and min(numbers) >= 0
    return {"from": match.column, "unit": "deg360" if round_the_world else ""}


def refuse_lost_noughts(sample: Sample, columns: Mapping[str, Any]) -> None:
    """Raise UndecidedError where longitudes are degrees and minutes run together and latitudes
    aren't: a spreadsheet that took "0030.5" for a number left 30.5 of it.
    """
    if any(columns[axis]["unit"] != DMS for axis in AXES):
        return
    first = {axis: _listed(columns[axis]["from"])[0] for axis in AXES}
    cells = {axis: sample.of(column) for axis, column in first.items()}
    lat, lon = (
        sum(is_run_together(axis, cell) for cell in cells[axis]) / max(len(cells[axis]), 1)
        for axis in ("lat", "lon")
    )
    if lon >= SHARE and lat < SHARE:
        shown = next(cell for cell in cells["lat"] if not is_run_together("lat", cell))
        raise UndecidedError(
            f"its column {first['lat']!r} lost its leading noughts, or isn't in degrees and "
            f"minutes as {first['lon']!r} is: {escaped(shown)!r}"
        )


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def points_of(sample: Sample, matches: Sequence[Match]) -> tuple[list[Match], list[Match]]:
    """Return the columns among some that hold points, which are both latitude and longitude; and
    those that hold other shapes, or points in another reference system.
    """

    def holding(holds: Callable[[str], bool]) -> list[Match]:
        cells = [sample.of(match.column) for match in matches]
        most = [sum(map(holds, own)) >= max(SHARE * len(own), 1) for own in cells]
        return [replace(m, unit=POINT) for m, most_do in zip(matches, most, strict=True) if most_do]

    return holding(is_point), holding(is_geometry)


def hemisphere_of(sample: Sample, name: str) -> str:
    """Return the column that says on which side latitudes, or longitudes, are; empty if none.

    Some of its cells are damaged, or a header's that is there twice: their rows are rejected.
    """
    for column in sample.header:
        if names_side(name, column):
            told = [side_sign(name, cell) != 0 for cell in sample.of(column)]
            if sum(told) > len(told) / 2:
                return column
    return ""


def parts_of(sample: Sample, name: str, numbers: Sequence[float]) -> list[str]:
    """Return the columns of minutes, and of seconds, that stand beside one of whole degrees; beside
    a fraction of a degree there are no minutes: "lat min" is the least of some.
    """
    if any(number != int(number) for number in numbers):
        return []
    minutes = [column for column in sample.header if names_part(name, column) == "min"]
    seconds = [column for column in sample.header if names_part(name, column) == "sec"]
    return [*minutes[:1], *seconds[: len(minutes)]][: 1 + bool(minutes)]


def _written(name: str, cells: Sequence[str], *, lettered: bool = False) -> bool:
    """Tell whether cells are degrees and minutes, or degrees with a hemisphere."""
    found = degrees(name, DMS, cells, lettered=lettered)
    return bool(cells and np.count_nonzero(np.isfinite(found)) >= SHARE * len(cells))


def _first(cells: Sequence[str], decimal: str, wrong: Callable[[float], bool]) -> str:
    """Return the first cell whose number is wrong, as a person is shown it."""
    return next(escaped(cell) for cell in cells for n in numbers_of([cell], decimal) if wrong(n))


def zone_beside(sample: Sample) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Return whose clock times are by a column of its own ("UTC Offset", "Timezone"), empty where
    there is none, or it says UTC; and the cells that say so: rows with others aren't of that clock.

    Raises UndecidedError where it says several, or what is no zone.
    """
    for column in sample.header:
        if names_zone_column(column):
            cells = sorted(set(sample.of(column)))
            zones = {cell.upper() for cell in cells}
            if len(zones) == 1 and (zone := zone_named(zones.pop())):
                # What is a number to the one reader is a text to another: 8.0 and 8.
                said = [*cells, *(cell.removesuffix(".0") for cell in cells)]
                if zone == "UTC":  # as where nobody says one
                    zone, said = "", [*said, "", *sorted(sample.blanks_of(column))]
                return zone, {column: tuple(dict.fromkeys(said))}
            if cells:
                shown = escaped(sample.of(column)[0])
                raise UndecidedError(
                    f"its column {column!r} says in which zone its times are: {shown!r} (say its "
                    "time_zone, or make them UTC)"
                )
    return "", {}
