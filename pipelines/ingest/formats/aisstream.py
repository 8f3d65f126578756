"""Messages of aisstream.io, one JSON object per line as its socket sends them, or indented.

An object is an envelope: `MessageType`, `MetaData` with `time_utc` (when aisstream received it, as
the language Go prints times), and in `Message` the message under its type's name. Described at
https://aisstream.io/documentation. Units are those of the frames already: degrees, knots, metres;
values that AIS calls "not available" are sent as they are.
"""

from collections.abc import Sequence
from typing import Final

from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import Format, Found, Head
from pipelines.ingest.formats.envelopes import LAYOUT, SCHEMA, columns_of
from pipelines.ingest.formats.jsonlines import Objects, first_objects, is_indented
from pipelines.ingest.formats.tables import by_layout
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
