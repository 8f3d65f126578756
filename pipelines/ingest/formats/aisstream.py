"""Messages of aisstream.io, one JSON object per line as its socket sends them, or indented.

An object is an envelope: `MessageType`, `MetaData` with `time_utc` (when aisstream received it, as
the language Go prints times), and in `Message` the message under its type's name. Described at
https://aisstream.io/documentation. Units are those of the frames already: degrees, knots, metres;
values that AIS calls "not available" are sent as they are.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import Format, Found, Head
from pipelines.ingest.formats.jsonlines import Objects, first_objects, is_indented
from pipelines.ingest.formats.tables import by_layout
from pipelines.ingest.layouts import Layout
from pipelines.ingest.report import escaped

_NEEDED: Final = ("MessageType", "Message", "MetaData")
_BARE: Final = ("MessageID", "UserID")


class Aisstream:
    """A feed of aisstream.io's envelopes."""

    title = "aisstream.io messages (JSON lines)"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        # The first line may be cut: a recording begins wherever it begins.
        if b'"MessageType"' not in head.data or not any(map(_is_envelope, _keys(head))):
            return []
        reader = Objects(SCHEMA, columns_of, is_indented(head))
        return [by_layout(LAYOUT, reader.cells, key="")]

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if not head.is_json:
            return None
        name = head.name
        found = _keys(head)
        keys = found[0] if found else []
        shown = escaped(", ".join(keys))
        if all(key in keys for key in _BARE):
            return IngestError(
                f"{name} looks like aisstream.io messages without their envelopes: it has no "
                "times, MetaData.time_utc is missing",
                hint="record the whole envelope (MessageType, MetaData, Message): nothing else "
                "says when a message was received",
            )
        near = [key for key in _NEEDED if key in keys]
        if near:
            lacking = ", ".join(key for key in _NEEDED if key not in keys) or "MetaData.time_utc"
            return IngestError(
                f"{name} looks like 'aisstream' ({self.title}), but has no {lacking}",
                hint=f"its keys are: {shown}",
            )
        return None


def _is_envelope(keys: Sequence[str]) -> bool:
    return all(key in keys for key in (*_NEEDED, "MetaData.time_utc"))


def _keys(head: Head) -> list[list[str]]:
    """Return keys of the first objects, those in `MetaData` with their path."""
    found = []
    for keys in first_objects(head, 100):
        inner = keys.get("MetaData")
        within = [f"MetaData.{k}" for k in inner] if isinstance(inner, dict) else []
        found.append([*keys, *within])
    return found


AISSTREAM: Final[Format] = Aisstream()


# ---- what aisstream.io's envelopes hold, and the columns of a table of them


_NUMBER, _TEXT, _TRUTH = pa.float64(), pa.string(), pa.bool_()
_SIZE = pa.struct([(side, _NUMBER) for side in "ABCD"])
_MOVEMENT: Final = {"Latitude": _NUMBER, "Longitude": _NUMBER, "Sog": _NUMBER, "Cog": _NUMBER}
_ALL: Final = {"UserID": _NUMBER, "MessageID": _NUMBER}
_MESSAGES: Final[Mapping[str, Mapping[str, pa.DataType]]] = {
    "PositionReport": {**_ALL, **_MOVEMENT, "TrueHeading": _NUMBER, "NavigationalStatus": _NUMBER},
    "StandardClassBPositionReport": {**_ALL, **_MOVEMENT, "TrueHeading": _NUMBER},
    "ExtendedClassBPositionReport": {
        **_ALL,
        **_MOVEMENT,
        "TrueHeading": _NUMBER,
        "Name": _TEXT,
        "Type": _NUMBER,
        "Dimension": _SIZE,
    },
    "LongRangeAisBroadcastMessage": {**_ALL, **_MOVEMENT, "NavigationalStatus": _NUMBER},
    "ShipStaticData": {
        **_ALL,
        "ImoNumber": _NUMBER,
        "Name": _TEXT,
        "CallSign": _TEXT,
        "Type": _NUMBER,
        "Dimension": _SIZE,
        "MaximumStaticDraught": _NUMBER,
        "Destination": _TEXT,
    },
    "StaticDataReport": {
        **_ALL,
        "PartNumber": _TRUTH,
        "ReportA": pa.struct([("Name", _TEXT)]),
        "ReportB": pa.struct([("CallSign", _TEXT), ("ShipType", _NUMBER), ("Dimension", _SIZE)]),
    },
}
# Message types that each kind can have (ITU-R M.1371-5, annex 8, table 45).
_TYPES: Final[Mapping[str, tuple[int, ...]]] = {
    "PositionReport": (1, 2, 3),
    "StandardClassBPositionReport": (18,),
    "ExtendedClassBPositionReport": (19,),
    "LongRangeAisBroadcastMessage": (27,),
    "ShipStaticData": (5,),
    "StaticDataReport": (24,),
}
SCHEMA: Final = pa.schema(
    [
        ("MessageType", _TEXT),
        ("MetaData", pa.struct([("time_utc", _TEXT)])),
        ("Message", pa.struct([(n, pa.struct(list(f.items()))) for n, f in _MESSAGES.items()])),
    ]
)
# Where each column of the layout is, in any of the messages.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "mmsi": ("UserID",),
    "msg_type": ("MessageID",),
    "lat": ("Latitude",),
    "lon": ("Longitude",),
    "sog_kn": ("Sog",),
    "cog_deg": ("Cog",),
    "heading_deg": ("TrueHeading",),
    "nav_status": ("NavigationalStatus",),
    "imo": ("ImoNumber",),
    "draught_m": ("MaximumStaticDraught",),
    "destination": ("Destination",),
    "name": ("Name", "ReportA.Name"),
    "callsign": ("CallSign", "ReportB.CallSign"),
    "ship_type": ("Type", "ReportB.ShipType"),
    "to_bow": ("Dimension.A", "ReportB.Dimension.A"),
    "to_stern": ("Dimension.B", "ReportB.Dimension.B"),
    "to_port": ("Dimension.C", "ReportB.Dimension.C"),
    "to_starboard": ("Dimension.D", "ReportB.Dimension.D"),
}
_TEXTS: Final = ("name", "callsign", "destination")
_PARTS: Final[Mapping[str, bool]] = {"ReportA": False, "ReportB": True}
LAYOUT: Final = Layout.model_validate(
    {
        "name": "aisstream",
        "time_format": "go",
        "missing": (),
        "keep": {"MessageType": tuple(_MESSAGES)},
        "columns": {
            **{name: name for name in _PLACES if not name.startswith("to_")},
            "time": "time_utc",
            "length_m": {"from": ("to_bow", "to_stern")},
            "beam_m": {"from": ("to_port", "to_starboard")},
        },
    }
)


def columns_of(table: pa.Table) -> tuple[dict[str, pa.Array], NDArray[np.bool_]]:
    """Return the columns of the layout, and which rows are what their `MessageType` says."""
    kind = table.column("MessageType").combine_chunks()
    message = table.column("Message").combine_chunks()
    stamp = pc.struct_field(table.column("MetaData").combine_chunks(), "time_utc")
    columns: dict[str, pa.Array] = {
        name: pa.repeat(pa.scalar("" if name in _TEXTS else np.nan), len(table)) for name in _PLACES
    }
    good = np.asarray(pc.is_valid(kind)).copy()
    for name, fields in _MESSAGES.items():
        rows = pc.fill_null(pc.equal(kind, name), False)
        if not pc.any(rows).as_py():
            continue
        body = pc.struct_field(message, name)
        good &= ~np.asarray(rows) | _is_whole(name, body)
        for column, places in _PLACES.items():
            for place in places:
                path = place.split(".")
                if path[0] in fields:
                    field_values = pc.struct_field(body, path)
                    there = pc.and_(
                        pc.and_(rows, _is_part(body, path[0])), pc.is_valid(field_values)
                    )
                    columns[column] = pc.if_else(there, field_values, columns[column])
    texts = {"MessageType": pc.fill_null(kind, ""), "time_utc": pc.fill_null(stamp, "")}
    return {**columns, **texts}, good


def _is_whole(name: str, body: pa.Array) -> NDArray[np.bool_]:
    """Return where a message of that name has a right type, and its part."""
    kind = pc.struct_field(body, "MessageID")
    whole = np.asarray(pc.is_in(kind, pa.array(_TYPES[name], pa.float64())))
    if name == "StaticDataReport":
        parts = [
            pc.and_(_is_part(body, part), pc.is_valid(pc.struct_field(body, part)))
            for part in _PARTS
        ]
        whole &= np.asarray(pc.or_(*parts))
    return whole


def _is_part(body: pa.Array, field: str) -> pa.Array | bool:
    """Return where a field is said: type 24 has zeros for the other part's fields."""
    if field not in _PARTS:
        return True
    part = pc.struct_field(body, "PartNumber")
    return pc.fill_null(pc.equal(part, _PARTS[field]), False)
