"""JSON objects with a position each, one per line or indented, whose names tell what is what.

So Global Fishing Watch, Spire, BarentsWatch, gpsd and AIS-catcher give theirs. Objects in an object
are looked into, one level deep. See `naming` for the names.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import Feed, Format, Found, Head
from pipelines.ingest.formats.jsonlines import Objects, first_objects, is_indented
from pipelines.ingest.naming import Named, Sample, by_names, lacking
from pipelines.ingest.report import escaped
from pipelines.ingest.rows import Batch

_SAMPLED: Final = 2_000
_MAX_KEYS: Final = 500
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
        if isinstance(named, IngestError):
            return IngestError(f"{head.name}: {named.message}", hint=named.hint)
        missing = lacking([*kinds])
        if not kinds or len(missing) > 2:
            return None
        return IngestError(
            f"{head.name} is JSON, but no key of it says {' and '.join(missing)}",
            hint=f"its keys are: {escaped(', '.join(kinds))}; convert it to CSV and describe that "
            "in config/mappings.yaml",
        )


def _named(head: Head) -> tuple[dict[str, str], Named | IngestError | None]:
    """Return what each key holds ("number" or "text"), and how the objects are read."""
    rows = [dict(_flat(found)) for found in first_objects(head, _SAMPLED)]
    held: dict[str, list[str]] = {}
    for row in rows:
        for key, value in row.items():
            if len(held) < _MAX_KEYS or key in held:
                held.setdefault(key, []).append("text" if isinstance(value, str) else "number")
    # A value of another kind than its key's makes its row unreadable: such keys are left alone.
    kinds = {key: found[0] for key, found in held.items() if len(set(found)) == 1}
    texts = [[_text(row.get(key)) for key in kinds] for row in rows]
    return kinds, by_names(Sample([*kinds], texts, delimiter=""))


def _flat(found: dict[str, Any]) -> Iterator[tuple[str, str | float]]:
    for key, value in found.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for name, one in inner:
            # A dot in a key would be taken for one level more.
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
        if inner:
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
            cells = pc.struct_field(cells, inner) if inner else cells
            columns[name] = pc.fill_null(cells, "") if kinds[name] == "text" else cells
        return columns, np.ones(len(table), bool)

    def read(feed: Feed) -> Iterator[Batch]:
        feed.report.named(named)
        return Objects(layout, schema, columns_of, indented).batches(feed)

    return Found(layout.name, read, f"{layout.name}@{layout.digest}")


OBJECTS: Final[Format] = NamedObjects()
