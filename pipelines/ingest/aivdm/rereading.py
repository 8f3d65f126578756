"""One message again, by its place in the feed, as pyais reads it: the slow way to look closer."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from detectors.core.errors import SelatError
from pipelines.ingest.aivdm.limits import PARTS_WITHIN_SENTENCES

SENTENCE: Final = re.compile(
    rb"(?:\\(?P<tags>[^\\\r\n!]*)\\)?"
    rb"(?P<sentence>!(?P<talker>[A-Z]{2}VD[MO]),(?P<total>[1-9]),(?P<number>[1-9]),"
    rb"(?P<sequence>\d{0,2}),(?P<channel>[^,]?),(?P<payload>[^,*!\\\r\n]*),[0-5]\*"
    rb"(?P<checksum>[0-9A-Fa-f]{2}))"
)
GROUP: Final = re.compile(rb"(?:^|,)g:\d+-\d+-(\d+)")
STATION: Final = re.compile(rb"(?:^|,)s:([^,*]+)")
LINE_END: Final = re.compile(rb"[\r\n]")
FIRST_WINDOW: Final = 1 << 12
WINDOW: Final = 1 << 20


class RereadError(SelatError):
    """There is no whole message at the place."""

    exit_code = 3


@dataclass(frozen=True)
class Reread:
    """A message at its place: pyais's view of it, and the sentences that it is made of."""

    message: Any
    sentences: tuple[bytes, ...]
    offset: int

    @property
    def fields(self) -> dict[str, Any]:
        """The fields by name, as pyais names them."""
        fields: dict[str, Any] = self.message.asdict()
        return fields


def reread(feed: Path | str | bytes | bytearray | memoryview, offset: int) -> Reread:
    """Return the message whose first piece begins at byte `offset` of a feed, through pyais.

    Raises RereadError if no AIS sentence with a right checksum stands there, or a part of it is
    missing.

    Parameters
    ----------
    feed
        The feed's bytes, or the path of the (uncompressed) file.
    offset
        As in the column `offset`: the piece's first byte, before any tag block.
    """
    parts: dict[int, bytes] = {}
    total = 1
    # Most messages are one sentence; only for the others much is read.
    for size in (FIRST_WINDOW, WINDOW):
        parts, total = _parts(_window(feed, offset, size))
        if parts and len(parts) == total:
            break
    if not parts:
        raise RereadError(
            f"no AIS sentence begins at byte {offset}",
            hint="offsets count the bytes of the feed as it is when decompressed",
        )
    if len(parts) < total:
        raise RereadError(
            f"of {total} parts of the message at byte {offset} only {len(parts)} are there",
            hint="the feed may have been cut",
        )
    # Imported here, because pyais takes a while and few need it.
    import pyais

    whole = tuple(parts[number] for number in sorted(parts))
    return Reread(pyais.decode(*whole), whole, offset)


def _window(feed: Path | str | bytes | bytearray | memoryview, offset: int, size: int) -> bytes:
    if isinstance(feed, (bytes, bytearray, memoryview)):
        return bytes(feed[offset : offset + size])
    with Path(feed).open("rb") as file:
        file.seek(offset)
        return file.read(size)


def _parts(window: bytes) -> tuple[dict[int, bytes], int]:
    """Return sentences of the message that begins the window, by number; how many it has."""
    sentences = (match for match in SENTENCE.finditer(window) if _checked(match["sentence"]))
    first = next(sentences, None)
    if first is None or LINE_END.search(window, 0, first.start()):
        return {}, 1
    total = int(first["total"])
    parts = {int(first["number"]): first["sentence"]}
    for seen, match in enumerate(sentences):
        if len(parts) == total or seen > PARTS_WITHIN_SENTENCES:
            break
        if _kin(match) == _kin(first) and _stations_fit(match, first):
            parts.setdefault(int(match["number"]), match["sentence"])
    return parts, total


def _kin(match: re.Match[bytes]) -> tuple[bytes, ...]:
    group = GROUP.search(match["tags"] or b"")
    own = match["talker"][2:]
    return own, match["total"], match["sequence"], match["channel"], group[1] if group else b""


def _stations_fit(match: re.Match[bytes], first: re.Match[bytes]) -> bool:
    """Return whether two parts may be of one station: of two that name theirs, it is the same."""
    named = [STATION.search(part["tags"] or b"") for part in (match, first)]
    return not all(named) or len({found[1] for found in named if found}) == 1


def _checked(sentence: bytes) -> bool:
    text, _, checksum = sentence[1:].rpartition(b"*")
    parity = 0
    for byte in text:
        parity ^= byte
    return parity == int(checksum, 16)
