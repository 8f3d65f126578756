"""JSON objects with a position each, one per line or indented, whose names tell what is what.

So Global Fishing Watch, Spire, BarentsWatch, gpsd and AIS-catcher give theirs, or in a list
(`unlisting`). Objects in an object are looked into, one level deep; a GeoJSON point is longitude
and latitude. See `naming` for the names.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.ingest.column_names import lacking
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Format, Found, Head
from pipelines.ingest.formats.jsonlines import Objects, first_objects, is_indented
from pipelines.ingest.formats.tables import by_layout
from pipelines.ingest.naming import Named, by_names
from pipelines.ingest.report import escaped
from pipelines.ingest.samples import Sample

# A point of GeoJSON (RFC 7946, 3.1.1): longitude, then latitude.
_GEOMETRY, _PLACE, _ALONG = "geometry", "coordinates", ("lon", "lat")
_SAMPLED: Final = 2_000
_MAX_KEYS: Final = 500
_SHARE: Final = 0.8
_WHERE: Final = "they stand one a line, in a list, or in one called data, vessels or the like; "
_TYPES: Final = {"number": pa.float64(), "text": pa.string()}


class NamedObjects:
    """A feed of JSON objects that say what vessel was where, and when."""

    title = "JSON objects, one a line, with MMSI, time, lat and lon"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        if not head.is_json or head.wanted is not None:
            return []
        kinds, named = _named(head)
        return [_found(named, kinds, is_indented(head))] if isinstance(named, Named) else []

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if not head.is_json or head.wanted is not None:
            return None
        kinds, named = _named(head)
        missing = lacking([*kinds])
        if (missing or isinstance(named, IngestError)) and SENTENCE.search(head.data):
            return IngestError(
                f"{head.name} holds AIS sentences inside JSON, without one time before each",
                hint="write each on a line of its own behind its time, such as "
                """jq -r '"\\(.time),\\(.nmea)"' FILE, with the names that it has for them""",
            )
        if isinstance(named, IngestError):
            return head.named(named)
        keys = f"its keys are: {escaped(', '.join(kinds))}; " if kinds else _WHERE
        what = (
            f"no key of it says {' and '.join(missing)}" if kinds else "no objects of it are found"
        )
        return IngestError(
            f"{head.name} is JSON, but {what}" if missing else f"{head.name} is JSON without times",
            hint=f"{keys}of JSON are read: objects with MMSI, time, lat and lon, and those of "
            "aisstream.io; convert it to CSV and describe that in config/mappings.yaml",
        )


def _named(head: Head) -> tuple[dict[str, str], Named | IngestError | None]:
    """Return what each key holds ("number" or "text"), and how the objects are read."""
    rows = [dict(_flat(found)) for found in first_objects(head, _SAMPLED)]
    held: dict[str, list[str]] = {}
    for row in rows:
        for key, value in row.items():
            if len(held) < _MAX_KEYS or key in held:
                held.setdefault(key, []).append("text" if isinstance(value, str) else "number")
    # A value of another kind than its key's makes its row unreadable: keys of both are left alone.
    usual = {key: Counter(found).most_common(1)[0] for key, found in held.items()}
    kinds = {key: kind for key, (kind, n) in usual.items() if n >= _SHARE * len(held[key])}
    texts = [[_text(row.get(key)) for key in kinds] for row in rows]
    return kinds, by_names(Sample([*kinds], texts, delimiter=""))


def _flat(found: dict[str, Any]) -> Iterator[tuple[str, str | float]]:
    for key, value in found.items():
        place = value.get(_PLACE) if key == _GEOMETRY and isinstance(value, dict) else None
        if isinstance(place, list) and len(place) >= len(_ALONG):
            for name, one in zip(_ALONG, place, strict=False):
                if isinstance(one, int | float):
                    yield f"{key}.{name}", one
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for name, one in inner:
            # A dot in a key would be taken for one level more; half a character has no UTF-8.
            if not (key.isprintable() and name.isprintable()):
                continue
            is_value = isinstance(one, str | int | float) and not isinstance(one, bool)
            if is_value and "." not in key and "." not in name:
                yield (f"{key}.{name}" if name else key), one


def _text(value: str | float | None) -> str:
    return "" if value is None else str(value)


def _found(named: Named, kinds: dict[str, str], indented: bool) -> Found:
    layout = named.layout
    fields: dict[str, Any] = {}
    for name in layout.used:
        outer, _, inner = name.partition(".")
        if outer == _GEOMETRY and inner in _ALONG:
            fields[outer] = [(_PLACE, pa.list_(pa.float64()))]
        elif inner:
            fields.setdefault(outer, []).append((inner, _TYPES[kinds[name]]))
        else:
            fields[outer] = _TYPES[kinds[name]]
    schema = pa.schema(
        [(key, pa.struct(kind) if isinstance(kind, list) else kind) for key, kind in fields.items()]
    )

    def columns_of(table: pa.Table) -> tuple[dict[str, pa.Array], NDArray[np.bool_]]:
        columns = {}
        for name in layout.used:
            outer, _, inner = name.partition(".")
            cells = table.column(outer).combine_chunks()
            if outer == _GEOMETRY and inner in _ALONG:
                cells = _along(pc.struct_field(cells, _PLACE), _ALONG.index(inner))
            elif inner:
                cells = pc.struct_field(cells, inner)
            columns[name] = pc.fill_null(cells, "") if kinds[name] == "text" else cells
        return columns, np.ones(len(table), bool)

    return by_layout(layout, Objects(schema, columns_of, indented).cells, named)


def _along(places: pa.Array, axis: int) -> pa.Array:
    """Return longitude (0) or latitude (1) of points; null where there is none."""
    whole = pc.fill_null(pc.greater_equal(pc.list_value_length(places), len(_ALONG)), False)
    return pc.list_element(pc.if_else(whole, places, pa.scalar([None, None], places.type)), axis)


OBJECTS: Final[Format] = NamedObjects()
