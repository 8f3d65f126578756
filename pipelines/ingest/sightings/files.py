"""Sightings files: found, told apart, read row by row."""

import codecs
import glob
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd
from pydantic import ValidationError

from detectors.core import frames
from detectors.kinematics.geodesy import METRES_PER_NM
from pipelines.base.bounded import DamageError
from pipelines.ingest.beside import begins_truth
from pipelines.ingest.column_names import names_zone_column, stands_beside
from pipelines.ingest.containers import Budget, first_bytes, kind_of, members
from pipelines.ingest.errors import CutOffError, IngestError
from pipelines.ingest.lines import head_of
from pipelines.ingest.opening import OpeningError, opened, walked
from pipelines.ingest.samples import Sample
from pipelines.ingest.sightings.layout import (
    BESIDE,
    REQUIRED,
    SIMULATED,
    Row,
    beside,
    columns_of,
    defaults_of,
    joined,
    zone_of,
)
from pipelines.ingest.sightings.report import FUTURE, SightingsError, SightingsReport
from pipelines.ingest.sightings.rows import Raw, Table
from pipelines.ingest.sightings.written import names_zone

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".json", ".geojson")
PACKED: Final = (".gz", ".zst")
MAX_BYTES: Final = 200_000_000
"""Of a file, and of what it unpacks to."""
MAX_JSON_BYTES: Final = 20_000_000
"""Of GeoJSON, which is held whole, and whose smallest parts take thirty times their text."""
MAX_ROWS: Final = 500_000
"""Of one file, each of which takes over a kilobyte; a satellite's scene holds hundreds."""


_LOOKED_AT: Final = 1000
"""Rows that tell what stands beside what."""


class SightingsFile(NamedTuple):
    """One file, read.

    Its sightings (`frames.SIGHTINGS`) are in the order of the file.
    """

    sha256: str
    sightings: pd.DataFrame
    report: SightingsReport


def find(paths: Sequence[str], unread: Callable[[OSError], object] = lambda _: None) -> list[Path]:
    """Find the files that paths, folders and globs name, each once, in order.

    The truth of an exercise, which lies beside its sightings, is no such file. `unread`: told of
    each folder in a folder that can't be looked into.

    Raises SightingsError if one of them names nothing.
    """
    found: list[Path] = []
    for text in paths:
        path = Path(text).expanduser()
        if path.is_dir():
            inside = (where / name for where, _, names in walked(path, unread) for name in names)
            files = sorted(file for file in inside if _suffix(file) in SUFFIXES)
            files = [file for file in files if file.is_file() and not _is_truth(file)]
        elif path.is_file():
            files = [path]
        elif path.exists():
            raise SightingsError(f"{text} is neither a file nor a folder", hint="name a file")
        else:
            files = sorted(Path(name) for name in glob.glob(str(path)))  # noqa: PTH207 (of any pattern, also an absolute one)
            files = [file for file in files if file.is_file() and not _is_truth(file)]
        if not files:
            hint = f"files of sightings end in {', '.join(SUFFIXES)}"
            raise SightingsError(f"no sightings file {text}", hint=hint)
        found += files
    return list(dict.fromkeys(found))


def _suffix(path: Path) -> str:
    """Return what a file's name ends in, but for how it is packed."""
    suffixes = [suffix.casefold() for suffix in path.suffixes[-2:]]
    return next((suffix for suffix in reversed(suffixes) if suffix not in PACKED), "")


def _is_truth(path: Path) -> bool:
    with suppress(OSError, IngestError, DamageError):  # reading it says why
        return begins_truth(head_of(path))
    return False


def read(path: Path, not_after: datetime) -> SightingsFile:
    """Read one file of sightings, CSV or GeoJSON, told apart by its content.

    A time later than `not_after` is rejected: a clock or a date is wrong. Rows that make no
    sighting are counted by reason in the report; the others land.

    Raises SightingsError if the file is empty, too large or too long, or of another format, lacks a
    column, or mixes an exercise with real sightings.
    """
    content = _content(path)
    if begins_truth(content[:4096]):
        raise SightingsError(
            f"{path.name} is the truth of an exercise, not what others saw",
            hint="that is in sightings.csv beside it",
        )
    text = _text(content, path.name)
    report = SightingsReport()
    is_json = text[:4096].lstrip()[:1] in ("{", "[")
    if is_json and len(content) > MAX_JSON_BYTES:
        raise SightingsError(
            f"{path.name} is larger than {MAX_JSON_BYTES / 1e6:.0f} MB of GeoJSON",
            hint="write it as CSV, or split it",
        )
    report.format = "GeoJSON" if is_json else "CSV"
    if not is_json and not text.endswith(("\n", "\r")):
        report.unended_bytes = len(content)
    raw = _from_geojson(text, path.name, report) if is_json else _from_csv(text, path.name, report)
    sha256 = hashlib.sha256(content).hexdigest()
    sightings = _checked(raw, report, pd.Timestamp(not_after), _source_of(path), path.name)
    simulated = sightings["source"].str.startswith(SIMULATED)
    if simulated.any() and not simulated.all():
        raise SightingsError(
            f"{path.name} mixes an exercise's sightings with real ones",
            hint=f"those of an exercise have a source that begins with {SIMULATED}: split the file",
        )
    report.simulated = bool(simulated.any())
    return SightingsFile(sha256, sightings, report)


def _content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where it is one packed by gzip or zstandard."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SightingsError(f"{path.name} is larger than {MAX_BYTES / 1e6:.0f} MB")
        kind = kind_of(first_bytes(path))
        if kind == "zip":
            raise SightingsError(f"{path.name} is a zip archive", hint="unpack it")
        if kind != "plain":
            member = next(members(path, path.name, Budget(MAX_BYTES, math.inf), lambda _: None))
            content = b"".join(member)
            if member.damage:
                raise SightingsError(f"{path.name}: {member.damage}")
            return content
        with opened(path) as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SightingsError(f"{path.name} grows while it is read")
    except IngestError as error:
        told = isinstance(error, OpeningError | CutOffError)
        hint = error.hint if told else "split it, such as by day"
        raise SightingsError(error.message, hint=hint) from error
    except OSError as error:
        raise SightingsError(f"{path.name} can't be read: {error.strerror or error}") from error
    return content


def _text(content: bytes, name: str) -> str:
    # "Unicode text", as spreadsheets call it, begins with a mark that says so.
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8 CSV or GeoJSON"
        raise SightingsError(f"{name} isn't Unicode text: {error.reason}", hint=hint) from error
    if not text.strip():
        raise SightingsError(f"{name} is empty")
    return text


def _from_csv(text: str, name: str, report: SightingsReport) -> Iterator[Raw]:
    table = Table(text, name)
    chosen = _chosen(table.header, name, report)
    names = [one for one in table.header if one in chosen.values() or stands_beside(one)]
    places = {column: table.header.index(column) for column in names}
    first = islice(Table(text, name).rows(places), _LOOKED_AT)
    rows = [list(row.fields.values()) for row in first if not row.wrong]
    _with_beside(chosen, Sample(list(places), rows), report)
    if twice := [column for column in chosen.values() if table.header.count(column) > 1]:
        raise SightingsError(
            f"{name} has several columns {twice[0]!r}", hint="rename all of them but one"
        )
    return table.rows({quantity: table.header.index(column) for quantity, column in chosen.items()})


def _from_geojson(text: str, name: str, report: SightingsReport) -> Iterator[Raw]:
    try:
        content = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise SightingsError(f"{name} is no JSON: {error}") from error
    features = content.get("features") if isinstance(content, dict) else None
    if isinstance(content, dict) and content.get("type") == "Feature":
        features = [content]
    if not isinstance(features, list):
        hint = "GeoJSON holds a FeatureCollection of points"
        raise SightingsError(f"{name} is no GeoJSON of sightings", hint=hint)
    keys: dict[str, None] = {}
    for feature in features:
        keys |= dict.fromkeys(_properties(feature))
    chosen = _chosen([*keys, "lat", "lon"], name, report) if features else {}
    # The place is the point's, whatever stands beside it.
    named = {quantity: key for quantity, key in chosen.items() if quantity not in ("lat", "lon")}
    first = [_properties(feature) for feature in features[:_LOOKED_AT]]
    zones = [key for key in keys if names_zone_column(key)]
    rows = [["" if (cell := one.get(key)) is None else str(cell) for key in zones] for one in first]
    _with_beside(named, Sample(zones, rows), report)
    return _features(features, named)


def _with_beside(chosen: dict[str, str], sample: Sample, report: SightingsReport) -> None:
    """Add to the chosen columns those that say minutes, sides and zones of theirs."""
    chosen |= beside(chosen, sample)
    report.unused_columns = [one for one in report.unused_columns if one not in chosen.values()]


def _whole(digits: str) -> int | str:
    """Return a whole number; one of more digits than Python takes stays text, which no row may be.

    Else it would cost the file, and not the row that it stands in.
    """
    try:
        return int(digits)
    except ValueError:
        return digits


def _features(features: list[Any], named: dict[str, str]) -> Iterator[Raw]:
    for number, feature in enumerate(features, 1):
        properties = _properties(feature)
        point = _point(feature)
        shown = json.dumps(feature, ensure_ascii=False, default=str)
        fields = {
            q: "" if (stated := properties.get(key)) is None else stated
            for q, key in named.items()
            if properties.get(key) is not None or q in BESIDE
        }
        own = feature.get("id") if isinstance(feature, dict) else None
        if not fields.get("sighting_id") and own is not None:
            fields["sighting_id"] = own
        if point is None:
            yield Raw(number, {}, shown, "geometry is not a point")
        else:
            yield Raw(number, {**fields, "lon": point[0], "lat": point[1]}, shown)


def _properties(feature: Any) -> dict[str, Any]:
    found = feature.get("properties") if isinstance(feature, dict) else None
    return {str(k): v for k, v in found.items()} if isinstance(found, dict) else {}


def _point(feature: Any) -> tuple[Any, Any] | None:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        return None
    return coordinates[0], coordinates[1]


def _chosen(header: list[str], name: str, report: SightingsReport) -> dict[str, str]:
    chosen = columns_of(header)
    places = {"lat", "lon"} if "position" in chosen else set()
    missing = [quantity for quantity in REQUIRED if quantity not in {*chosen, *places}]
    if missing:
        there = ", ".join(header[:20]) or "none"
        raise SightingsError(
            f"{name} lacks the columns {', '.join(missing)}",
            hint=f"it has: {there[:300]}; docs/reference/columns.md lists them",
        )
    report.zone = zone_of(chosen["time"]) or zone_of(chosen.get("date", ""))
    used = {*chosen.values(), "lat", "lon"}
    report.unused_columns = [column for column in header if column not in used]
    return chosen


def _source_of(path: Path) -> str:
    """Return what stands for the source of sightings whose file names none: the file's own name."""
    return re.sub(r"[\s_\-]+", " ", path.stem).strip()[:200] or "file"


def _checked(
    raw: Iterator[Raw], report: SightingsReport, not_after: pd.Timestamp, source: str, name: str
) -> pd.DataFrame:
    kept: list[dict[str, Any]] = []
    seen: set[bytes] = set()
    for row in raw:
        report.rows_read += 1
        if row.wrong:
            report.reject(row.wrong, row.number, row.text)
            continue
        # Where a blank doesn't say on which side of the equator it was, or by which clock, nobody
        # does.
        fields = row.fields.items()
        stated = {k: v for k, v in fields if str(v).strip() != "" or k in BESIDE}
        stated = joined(stated, report.zone)
        if "source" not in stated:
            stated["source"] = source
            report.default_source += 1
        try:
            valid = Row.model_validate(stated)
        except ValidationError as error:
            report.reject(_reason(error), row.number, row.text)
            continue
        if pd.Timestamp(valid.time) > not_after:
            report.reject(FUTURE, row.number, row.text)
            continue
        made = _sighting(valid)
        key = tuple(str(value) for value in made.values())
        digest = hashlib.blake2b(repr(key).encode(), digest_size=16).digest()
        if digest in seen:
            report.duplicates += 1
            continue
        if len(kept) == MAX_ROWS:
            raise SightingsError(
                f"{name} holds more than {MAX_ROWS:,} sightings", hint="split it, such as by day"
            )
        seen.add(digest)
        report.default_zone += not names_zone(stated["time"])
        report.default_confidence += valid.confidence is None
        measured = (valid.uncertainty_m, valid.uncertainty_nm, valid.semi_major_m)
        report.default_uncertainty += measured == (None, None, None)
        kept.append({**made, "sighting_id": made["sighting_id"] or _name_of(key)})
    report.sightings = len(kept)
    if not kept:
        return frames.empty(frames.SIGHTINGS)
    table = pd.DataFrame(kept)
    table["time"] = pd.to_datetime(table["time"], utc=True)
    return frames.conform(table, frames.SIGHTINGS)


def _sighting(row: Row) -> dict[str, Any]:
    uncertainty_m, confidence = defaults_of(row.source)
    if row.uncertainty_m is not None:
        uncertainty_m = row.uncertainty_m
    elif row.uncertainty_nm is not None:
        uncertainty_m = row.uncertainty_nm * METRES_PER_NM
    elif row.semi_major_m is not None:
        minor_m = row.semi_major_m if row.semi_minor_m is None else row.semi_minor_m
        uncertainty_m = math.sqrt((row.semi_major_m**2 + minor_m**2) / 2)
    return {
        "sighting_id": row.sighting_id,
        "time": row.time,
        "lat": row.lat,
        "lon": row.lon,
        "uncertainty_m": uncertainty_m,
        "source": row.source,
        "length_m": row.length_m or float("nan"),
        "confidence": confidence if row.confidence is None else row.confidence,
        "note": row.note,
    }


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    column = str(first["loc"][0]) if first["loc"] else "row"
    if first["type"] == "missing":
        return f"{column}: missing"
    if first["type"].startswith(("greater_than", "less_than")):
        return f"{column}: out of range"
    if first["type"] in ("string_too_long", "string_too_short"):
        return f"{column}: {first['type'].removeprefix('string_').replace('_', ' ')}"
    return f"{column}: {first['msg'].removeprefix('Value error, ')}"


def _name_of(key: tuple[Any, ...]) -> str:
    """Return a name for a sighting that has none: a hash of what it states."""
    return hashlib.blake2b("|".join(key).encode(), digest_size=6).hexdigest()
