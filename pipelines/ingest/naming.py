"""The layout of a table that nobody described, by what its columns are called and hold.

What columns are by their names `column_names` tells. What names don't say (the form of times, day
or month first, the decimal sign, degrees to 360) must show in the first rows: where it doesn't, the
table is refused with the reason. What was taken for what, and what was assumed, is in the feed's
report.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from pipelines.base import codes
from pipelines.ingest.beside import UNCERTAIN
from pipelines.ingest.column_names import Match, has_day_first, local_times, matches_of
from pipelines.ingest.errors import IngestError
from pipelines.ingest.layouts import Layout, dimension_of
from pipelines.ingest.report import escaped
from pipelines.ingest.samples import (
    NUMBER,
    SHARE,
    Sample,
    decimal_sign,
    numbers_of,
    place_of,
    points_of,
    refuse_lost_noughts,
    zone_beside,
)
from pipelines.ingest.table_units import set_units
from pipelines.ingest.timeforms import TypedTime, UndecidedError, time_forms

BY_NAMES: Final = "column-names"
"""Name of the layouts that are made here; where ids are numbered, with a digest of the header."""

_PARTS: Final = {"length_m": ("to_bow", "to_stern"), "beam_m": ("to_port", "to_starboard")}
_MMSI: Final = re.compile(r"^(?:00[1-9]\d{6}|[1-9]\d{8})(?:\.0*)?$")
# What may be an id: no "5.63E+08", which a spreadsheet made of an MMSI.
_ID: Final = re.compile(r"^[0-9A-Za-z_-]{1,60}(?:\.0*)?$")
_SHORT: Final = re.compile(r"^\d{1,9}(?:\.0*)?$")
_CLOCK: Final = re.compile(r"^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
# So few MMSIs may follow one another by chance.
_FEW: Final = 10
_CLASSES: Final = frozenset({"a", "b", "class a", "class b"})


_NO_OTHERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})


@dataclass(frozen=True)
class Named:
    """A layout by names, and what it takes for granted.

    `assumed`: what the names and the first rows don't say, in words.
    """

    layout: Layout
    assumed: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def said(self) -> dict[str, str]:
        """Return for each quantity what it is read from, for reports."""
        told = {}
        for name, column in self.layout.columns.items():
            unit = f" ({column.unit})" if column.unit else ""
            told[name] = escaped(" + ".join(column.names)) + unit
        return told


def by_names(sample: Sample) -> Named | IngestError | None:
    """Return the layout that a table's names and first rows tell.

    An error says why a table that has all it takes can't be told; None that it lacks something.
    """
    if not sample.rows or UNCERTAIN in sample.header:
        return None
    found = matches_of(sample.header)
    if not {"lat", "lon"} <= set(found):
        points, other = points_of(sample, found.get("point", []))
        if points:
            found |= {"lat": points, "lon": points}
        elif {"x", "y"} <= set(found) and not {"lat", "lon"} & set(found):
            found |= {"lat": found["y"], "lon": found["x"]}
        elif other:
            return IngestError(
                f"its column {other[0].column!r} holds no points in WGS84 degrees",
                hint="with PostGIS: ST_AsText(ST_Transform(…, 4326))",
            )
    if not {"lat", "lon"} <= set(found) or not {"mmsi", "vessel_id"} & set(found):
        return None
    _fullest_first(found, sample)
    columns: dict[str, Any] = {}
    try:
        columns["mmsi"], assumed = _vessel(sample, found)
        decimal = decimal_sign(sample, found)
        for name in ("lat", "lon"):
            columns[name] = place_of(sample, name, found[name][0], decimal)
        refuse_lost_noughts(sample, columns)
        columns["time"], forms, (zone, keep), said = _time(sample, found)
    except UndecidedError as error:
        return IngestError(
            str(error),
            hint="describe it in config/mappings.yaml: its columns are "
            + escaped(", ".join(sample.header)),
        )
    if not forms:
        return None
    _add_others(columns, sample, found, decimal)
    units = set_units(columns, sample, decimal)
    name = BY_NAMES
    if columns["mmsi"].get("numbered"):
        # Vessel 1 of one maker isn't vessel 1 of another.
        name += "-" + hashlib.sha256("\0".join(sample.header).encode()).hexdigest()[:8]
    layout = Layout.model_validate(
        {
            "name": name,
            "delimiter": sample.delimiter or ",",
            "decimal": decimal,
            "time_format": forms,
            "time_zone": zone,
            "keep": keep,
            "class_by_fields": _class_shows(sample, columns),
            "columns": columns,
        }
    )
    used = set(layout.used)
    if twice := layout.twice(sample.header):
        return IngestError(
            f"it has several columns {escaped(twice)!r}", hint="rename all of them but one"
        )
    unused = tuple(name for name in sample.header if name and name not in used)
    return Named(layout, (*assumed, *said, *units), unused)


def _add_others(
    columns: dict[str, Any], sample: Sample, found: Mapping[str, list[Match]], decimal: str
) -> None:
    """Add what may lack: of the columns that may hold it the first that does."""
    for name, matches in found.items():
        if name in columns or dimension_of(name) is None:
            continue
        for match in matches:
            if match.column not in _used(columns) and _holds(name, match, sample, decimal, found):
                columns[name] = {"from": match.column, "unit": match.unit}
                break
    every = all(part in found for parts in _PARTS.values() for part in parts)
    for name, parts in _PARTS.items():
        if name in columns or not all(part in found for part in parts):
            continue
        sizes = [found[part][0].column for part in parts]
        if every or min(map(len, sizes)) > 1:  # "A" and "B" can be anything, but beside "C" and "D"
            columns[name] = {"from": sizes}


def _class_shows(sample: Sample, columns: Mapping[str, Any]) -> bool:
    """Tell whether some rows say a status, and others leave it blank, where nothing tells the class
    of AIS sets: see `Values._class_by_fields`. Of the table as a whole, whatever a batch holds.

    Without IMO numbers one says 15, too: a table that has it for a status that isn't set has no
    blank for it.
    """
    if {"ais_class", "msg_type"} & set(columns) or "nav_status" not in columns:
        return False
    status = columns["nav_status"]["from"]
    at, said = list(sample.header).index(status), sample.of(status)
    if "imo" not in columns and not any(re.fullmatch(r"15(\.0*)?", cell) for cell in said):
        return False
    return bool(said) and any(not row[at].strip() for row in sample.rows)


def _fullest_first(found: dict[str, list[Match]], sample: Sample) -> None:
    """Put columns that are mostly blank behind others of the same quantity."""
    for name in ("mmsi", "vessel_id", "lat", "lon"):
        matches = found.get(name, [])
        if len(matches) > 1:
            cells = {match.column: len(sample.of(match.column)) for match in matches}
            _sort_fullest_first(matches, cells)
    # Only base stations say by themselves what time it is, often; a ship without a position has no
    # time. So vessels are counted, of which there may be few beside one station.
    place, times = found["lat"][0].column, found.get("time", [])
    vessel = found["mmsi" if "mmsi" in found else "vessel_id"][0].column
    told, dated, moments = {}, {}, {}
    for match in times:
        said = sample.joined([vessel, place, match.column])
        told[match.column] = len({text.partition(" ")[0] for text in said})
        dated[match.column] = len(said)
        moments[match.column] = len(set(sample.of(match.column)))

    def is_fuller(one: str, other: str) -> bool:
        """Tell whether more rows say a time, and as many times: not when all were written, or
        each was written again.
        """
        is_record = "updat" in one.casefold()
        more = SHARE * dated[one] > dated[other] and moments[one] >= moments[other]
        return more and not is_record

    blank = {two for two in dated if any(is_fuller(one, two) for one in dated)}
    times.sort(key=lambda match: match.column in blank)
    _sort_fullest_first(times, told)


def _sort_fullest_first(matches: list[Match], cells: Mapping[str, int]) -> None:
    most = max(cells.values(), default=0)
    matches.sort(key=lambda match: 2 * cells[match.column] < most)


def _vessel(sample: Sample, found: Mapping[str, list[Match]]) -> tuple[dict[str, Any], list[str]]:
    """Return where the vessel comes from, and what is assumed of it."""
    column = found["mmsi" if "mmsi" in found else "vessel_id"][0].column
    cells = sample.of(column)
    whole = sum(bool(_MMSI.match(cell)) for cell in cells)
    # Zeros and what else isn't set come first where a feed is sorted: they make no ids of MMSIs.
    short = sum(bool(_SHORT.match(cell)) for cell in cells)
    ids = all(_ID.match(cell) for cell in cells) and short < SHARE * len(cells)
    if "mmsi" in found and (whole or not ids):
        return {"from": column}, []
    if whole >= SHARE * len(cells) > 0 and not _counts_up(cells):
        return {"from": column}, [f"{escaped(column)} holds MMSIs"]
    if len(cells) < 2 * len(set(cells)) and len(cells) > 1:
        raise UndecidedError(
            f"its column {column!r} hardly says anything twice: does it number vessels or rows?"
        )
    return {"from": column, "numbered": True}, [f"{escaped(column)} holds no MMSIs but own ids"]


def _used(columns: Mapping[str, Any]) -> set[str]:
    used: set[str] = set()
    for column in columns.values():
        names = column["from"] if isinstance(column, dict) else column
        used |= {names} if isinstance(names, str) else set(names)
    return used


def _time(
    sample: Sample, found: Mapping[str, list[Match]]
) -> tuple[Any, tuple[str, ...], tuple[str, Mapping[str, tuple[str, ...]]], list[str]]:
    """Return where the time comes from, its forms (none if nowhere), whose clock it is where it
    doesn't say so (`zone_beside`), and what is assumed of it.
    """
    undecided: UndecidedError | None = None
    for match in _beside_place(found):
        source, cells = _clock(match, sample, found)
        said = match if isinstance(source, str) else _with_date(match, found["date"][0])
        day_first = has_day_first([source] if isinstance(source, str) else source)
        try:
            forms, zoned = time_forms(match.column, cells, day_first=day_first)
        except UndecidedError as error:
            undecided = undecided or error
            continue
        if forms:
            zoned = zoned and match.column not in sample.unzoned
            sure = zoned or said.is_utc
            own = ("" if sure else said.zone, _NO_OTHERS)
            zone, keep = own if sure or said.zone else zone_beside(sample)
            assumed = [f"times are those of {zone}"] if zone else [] if sure else ["times are UTC"]
            if forms[0].startswith(("%d.", "%d/%m", "%d-%m") if day_first else "%d."):
                assumed.append("days are before months")
            return {"from": source}, forms, (zone or "UTC", keep), assumed
    if undecided is not None:
        raise undecided
    _refuse_times(sample, found)
    return None, (), ("UTC", {}), []


def _beside_place(found: Mapping[str, list[Match]]) -> list[Match]:
    """Return what may be the time, first what stands in one object with the latitude: beside it
    there may be when a vessel told of itself, or when a record was made.
    """
    outer = found["lat"][0].column.rpartition(".")[0]
    times = found.get("time", [])
    return sorted(times, key=lambda match: match.column.rpartition(".")[0] != outer)


def _clock(match: Match, sample: Sample, found: Mapping[str, list[Match]]) -> tuple[Any, Any]:
    """Return where a time comes from, with its date where that stands by itself, and its cells."""
    if match.column in sample.typed:
        return match.column, TypedTime
    cells = sample.of(match.column)
    if "date" not in found or not cells or not all(_CLOCK.match(cell) for cell in cells):
        return match.column, cells
    source = [found["date"][0].column, match.column]
    return source, sample.joined(source)


def _with_date(clock: Match, date: Match) -> Match:
    """Return a clock, in the zone that its date is in where it says none itself.

    Raises UndecidedError where each says another.
    """
    said = {one.zone or "UTC" for one in (clock, date) if one.zone or one.is_utc}
    if len(said) > 1:
        raise UndecidedError(
            f"its columns {date.column!r} and {clock.column!r} are in two zones by their names"
        )
    return replace(clock, is_utc=said == {"UTC"}, zone=clock.zone or date.zone)


def _refuse_times(sample: Sample, found: Mapping[str, list[Match]]) -> None:
    """Raise UndecidedError where there are times: in a local zone, or none that can be read."""
    for column in local_times(sample.header):
        raise UndecidedError(
            f"its only times are in a local zone by their name, {column!r}: which one must be said "
            "(time_zone)"
        )
    for match in found.get("time", ()):
        cells = sample.of(match.column) or ["nothing"]
        each = [_forms_of(match.column, cell) for cell in cells]
        other = next((cell for cell, form in zip(cells, each, strict=True) if form != each[0]), "")
        raise UndecidedError(
            f"its column {match.column!r} holds no times that can be read: {escaped(cells[0])!r}"
            + f", and beside it {escaped(other)!r}" * bool(other)
        )


def _forms_of(column: str, cell: str) -> tuple[str, ...]:
    """Return in which forms a cell alone may be a time; none where it is none, or can't be told."""
    with suppress(UndecidedError):
        return time_forms(column, [cell])[0]
    return ()


def _holds(
    name: str, match: Match, sample: Sample, decimal: str, found: Mapping[str, list[Match]]
) -> bool:
    """Return whether a column holds what its name promises, where names are ambiguous."""
    cells = sample.of(match.column)
    numbers = numbers_of(cells, decimal)
    if dimension_of(name) != "none" and len(numbers) < SHARE * len(cells):
        return False
    if name == "msg_type":
        # A column "type" can also be the ship's; message types are 1 to 27.
        # Some cells are damaged, or a header's that is there twice where two exports were joined.
        return sum(n in range(1, 28) for n in numbers) >= max(SHARE * len(cells), 1)
    if name == "ship_type":
        if match.column not in {m.column for m in found.get("msg_type", ())}:
            return True
        words = {cell for cell in cells if not NUMBER.match(cell)}
        beyond = sum(n > 27 for n in numbers) > (1 - SHARE) * len(cells)
        return beyond or any(codes.ship_type(word) for word in words)
    if name == "ais_class":
        return sum(cell.casefold() in _CLASSES for cell in cells) >= max(SHARE * len(cells), 1)
    return True


def _counts_up(cells: Sequence[str]) -> bool:
    """Return whether ids are each one more than another: they number something, maybe rows."""
    ids = sorted({int(float(cell)) for cell in cells if _MMSI.match(cell)})
    steps = sum(other - one == 1 for one, other in pairwise(ids))
    return len(cells) < 2 * len(ids) and len(ids) >= _FEW and 2 * steps > len(ids)
