"""What the kernel works in: the column arena, what it remembers between blocks, and their types.

Everything is allocated once per decoder and reused, so that memory doesn't grow with the feed. The
tables of the arena are arrays of rows (NumPy structured arrays): a message's fields are written
beside one another, and `columns` copies them out as columns.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.void]

NO_TIME: Final = int(np.iinfo(np.int64).min)
"""Marker of a row whose time the feed doesn't tell; NumPy reads it as NaT."""
ABSURD: Final = -1
"""Marker of a row whose tag block says a time that can't be one. It mustn't be taken for a row
without a time, which may get that of the lines around it."""
DELIVERED: Final = -2
"""Marker of a row whose only time is that of its delivery, long after it was received."""
NO_STATION: Final = -1
NO_GROUP: Final = -1

# Times outside these years are none: 1995 is before AIS, 2100 after this program.
EARLIEST_US: Final = 788_918_400_000_000
LATEST_US: Final = 4_102_444_800_000_000

# Where a row's time comes from, best first. A wrapper goes before an epoch behind the sentence,
# which is its logger's: of 18,500 real reports, 84 % of the wrappers' times agree within 4 s with
# the UTC second in the report (most others are a satellite's, 20 s off), and 43 % of the loggers'.
TIME_FROM: Final = MappingProxyType(
    {
        0: "none",
        1: "tag block (NMEA 4.10, c:)",
        2: "tag block of another line of the same group",
        3: "$PGHP wrapper of this sentence",
        4: "epoch after the sentence",
        5: "epoch or ISO 8601 time before the sentence",
        6: "$PGHP wrappers around the sentence, whose own time is that of its delivery",
    }
)
FROM_NONE, FROM_TAG, FROM_GROUP, FROM_WRAPPER, FROM_SUFFIX, FROM_PREFIX, FROM_AROUND = range(7)

# Why a piece of the feed becomes no row. The texts are those of `pipelines.ingest.report.REASONS`.
REASONS: Final = (
    "checksum",
    "malformed",
    "not a sentence",
    "payload",
    "short",
    "part number",
    "incomplete multi-part",
    "overlong line",
)
CHECKSUM, MALFORMED, NOT_A_SENTENCE, PAYLOAD, SHORT, PART, INCOMPLETE, OVERLONG = range(8)
MAX_SAMPLES: Final = 5
MAX_TEXT: Final = 200

_ROW: Final[list[Any]] = [
    ("time", "i8"),
    ("offset", "i8"),
    ("piece", "i8"),
    ("mmsi", "u4"),
    ("station", "i4"),
    ("checksum", "u1"),
]
POSITION: Final = np.dtype(
    [
        *_ROW,
        ("lon", "i4"),
        ("lat", "i4"),
        ("sog", "u2"),
        ("cog", "u2"),
        ("heading", "u2"),
        ("msg_type", "u1"),
        ("nav_status", "u1"),
        ("second", "u1"),
        ("time_from", "u1"),
    ],
    align=True,
)
"""Position reports (messages 1, 2, 3, 18, 19, 27), in the native units of message 1."""

STATIC: Final = np.dtype(
    [
        *_ROW,
        ("imo", "u4"),
        ("to_bow", "u2"),
        ("to_stern", "u2"),
        ("to_port", "u1"),
        ("to_starboard", "u1"),
        ("ship_type", "i2"),
        ("msg_type", "u1"),
        ("draught", "u1"),
        ("time_from", "u1"),
        ("name_length", "u1"),
        ("callsign_length", "u1"),
        ("destination_length", "u1"),
        # Multiples of 8, because characters are written 8 at a time.
        ("name", "u1", (24,)),
        ("callsign", "u1", (8,)),
        ("destination", "u1", (24,)),
    ],
    align=True,
)
"""Static data (messages 5, 19 and 24); the ship type is -1 where the message has none."""

BASE: Final = np.dtype([*_ROW, ("utc", "i8"), ("msg_type", "u1"), ("time_from", "u1")], align=True)
"""Base stations and UTC responses (messages 4 and 11): the time that they say."""

OTHER: Final = np.dtype([*_ROW, ("msg_type", "u1"), ("time_from", "u1")], align=True)
"""Every other message, to be read again by its offset."""

REJECT: Final = np.dtype([("start", "i8"), ("end", "i8"), ("reason", "u1")], align=True)
"""Pieces of the feed that became no row: first byte, byte after the last, index in `REASONS`."""

STAMP: Final = np.dtype([("time", "i8"), ("positions", "i4"), ("statics", "i4")])
"""A line with a time of its own, by which rows without one may be dated: its time, and how many
rows of either table came before it. Only those next to rows without a time are kept."""

SLOTS: Final = 4096
WAYS: Final = 8
PARTS: Final = 9
PART_TEXT: Final = 256
PAYLOAD_WORDS: Final = 320
MAX_PAYLOAD: Final = 2048

SLOT: Final = np.dtype(
    [
        ("key", "i8"),
        ("group", "i8"),
        ("time", "i8"),
        ("offset", "i8"),
        ("seen", "i8"),
        ("station", "i4"),
        ("present", "i4"),
        ("total", "i4"),
        ("fill", "i4"),
        ("done", "i4"),
        ("time_from", "i4"),
        ("checksum", "i4"),
    ],
    align=True,
)
"""A message of which some parts are there; `present` has bit n for part n."""

PIECE: Final = np.dtype(
    [("start", "i8"), ("end", "i8"), ("length", "i4"), ("payload", "i4"), ("characters", "i4")],
    align=True,
)
"""A part that waits: its place in the feed, length of its sentence, and its payload therein."""

GROUPS: Final = 4096
GROUP: Final = np.dtype(
    [("group", "i8"), ("time", "i8"), ("seen", "i8"), ("station", "i4"), ("total", "i4")],
    align=True,
)
"""What the first line of a tag-block group said for the lines that follow."""

MAX_STATIONS: Final = 1 << 15
STATION_SLOTS: Final = 1 << 16
STATION_NAME: Final = 40

WRAPPER: Final = np.dtype(
    [("time", "i8"), ("piece", "i8"), ("lag", "i8"), ("checksum", "i2"), ("taken", "u1")],
    align=True,
)
"""A `$PGHP` line: its time, the piece of the feed that it is, how much later it was written, and
the checksum that it names (-1 where none). A row without a time says that the wrapper of that piece
is taken by the sentence directly behind it."""

KINDS: Final = 64
KIND: Final = np.dtype([("key", "u8"), ("lines", "i8")])
"""Lines that aren't AIS, by their first six characters."""

HEAD: Final = np.dtype(
    [
        # The piece at hand.
        ("base", "i8"),
        ("limit", "i8"),
        ("start", "i8"),
        ("content", "i8"),
        ("tags", "i8"),
        ("time", "i8"),
        ("station", "i8"),
        ("group", "i8"),
        ("group_total", "i8"),
        ("group_number", "i8"),
        ("time_from", "i8"),
        ("prefix_time", "i8"),
        ("checksum", "i8"),
        ("damaged", "i8"),
        ("offset", "i8"),
        # Rows in the arena.
        ("positions", "i8"),
        ("statics", "i8"),
        ("bases", "i8"),
        ("others", "i8"),
        ("rejects", "i8"),
        ("stamps", "i8"),
        ("wrappers", "i8"),
        # Whether a row without a time came since the last stamp, and just before that one.
        ("untimed", "i8"),
        ("behind_untimed", "i8"),
        # Since the start of the feed.
        ("pieces", "i8"),
        ("sentences", "i8"),
        ("messages", "i8"),
        ("joined_parts", "i8"),
        ("duplicate_parts", "i8"),
        ("other_lines", "i8"),
        ("damaged_tags", "i8"),
        ("unchecked_tags", "i8"),
        ("unnamed", "i8"),
        # The wrapper that no sentence followed yet, and how much later than received lines are
        # written.
        ("fresh_wrapper", "i8"),
        ("fresh_time", "i8"),
        ("fresh_checksum", "i8"),
        ("fresh_piece", "i8"),
        ("lag", "i8"),
        ("stations", "i8"),
        ("stations_lost", "i8"),
    ],
    align=True,
)
"""The piece at hand, counters of the arena and of the feed."""


def copied(rows: Rows, where: NDArray[np.bool_] | None = None) -> Rows:
    """Return a copy of rows (all, or where true), faster than field by field."""
    raw = np.ascontiguousarray(rows).view(f"V{rows.dtype.itemsize}")
    return (raw.copy() if where is None else raw[where]).view(rows.dtype)


def joined(parts: Sequence[Rows], dtype: np.dtype[np.void]) -> Rows:
    """Return copies of the rows of several arrays, one behind the other."""
    if not parts:
        return np.zeros(0, dtype)
    return np.concatenate([part.view(f"V{dtype.itemsize}") for part in parts]).view(dtype)


class Tables(NamedTuple):
    """The arena's rows of messages, by what they are."""

    positions: Rows
    statics: Rows
    bases: Rows
    others: Rows


class Rejects(NamedTuple):
    """Pieces that became no row; how many by reason, and places and texts of the first of each."""

    rows: Rows
    counts: NDArray[np.int64]
    ranges: NDArray[np.int64]
    samples: NDArray[np.uint8]


class Parts(NamedTuple):
    """Messages of which some parts are there, in buckets, and the slot that each used last."""

    slots: Rows
    pieces: Rows
    texts: NDArray[np.uint8]
    latest: NDArray[np.int64]


class Stations(NamedTuple):
    """A hash table of codes + 1, and the name of each code."""

    keys: NDArray[np.int64]
    names: NDArray[np.uint8]
    lengths: NDArray[np.uint8]


class Memory:
    """The arena and the kernel's memory.

    `rows`: rows of the largest table of the arena; the kernel pauses when one is full.
    """

    def __init__(self, rows: int = 1 << 17) -> None:
        reasons, many, some = len(REASONS), max(rows // 2, 4), max(rows // 4, 4)
        self.head = np.zeros(1, HEAD)
        self.tables = Tables(
            np.zeros(rows, POSITION),
            np.zeros(some, STATIC),
            np.zeros(some, BASE),
            np.zeros(some, OTHER),
        )
        self.rejects = Rejects(
            np.zeros(max(many, 4 * PARTS), REJECT),
            np.zeros(reasons, "i8"),
            np.zeros((reasons, MAX_SAMPLES, 3), "i8"),
            np.zeros((reasons, MAX_SAMPLES, MAX_TEXT), "u1"),
        )
        self.stamps = np.zeros(many, STAMP)
        self.type_counts = np.zeros(64, "i8")
        self.kinds = np.zeros(KINDS, KIND)
        self.parts = Parts(
            np.zeros(SLOTS, SLOT),
            np.zeros((SLOTS, PARTS), PIECE),
            np.zeros((SLOTS, PARTS, PART_TEXT + 8), "u1"),
            np.zeros(SLOTS // WAYS, "i8"),
        )
        self.groups = np.zeros(GROUPS, GROUP)
        self.known = Stations(
            np.zeros(STATION_SLOTS, "i8"),
            np.zeros((MAX_STATIONS, STATION_NAME), "u1"),
            np.zeros(MAX_STATIONS, "u1"),
        )
        self.wrappers = np.zeros(many, WRAPPER)
        self.words = np.zeros(PAYLOAD_WORDS, "u8")
        self.joined = np.zeros(PARTS * PART_TEXT + 64, "u1")

    def arguments(self) -> tuple[Any, ...]:
        """Return the arrays, in the order of the kernel's arguments."""
        return tuple(vars(self).values())

    @property
    def arena(self) -> dict[str, Rows]:
        """The tables that a block fills, by name; `head` counts the rows of each."""
        return {**self.tables._asdict(), "rejects": self.rejects.rows, "stamps": self.stamps}

    @property
    def stations(self) -> list[str]:
        """Names of the stations that the feed has named so far, by code."""
        count = int(self.head[0]["stations"])
        names = zip(self.known.names[:count], self.known.lengths[:count], strict=True)
        return [name[:n].tobytes().decode("ascii", "backslashreplace") for name, n in names]
