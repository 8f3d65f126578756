"""AIS messages as AIVDM sentences, a column at a time.

Message layouts: Recommendation ITU-R M.1371-5, annex 8. Sentences: NMEA 0183 / IEC 61162-1
(six-bit armour, checksum), with a tag block (IEC 61162-450) before each. Fields have the
same width in every row, so that a feed is a byte matrix until it is written.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.exercise.fleet import Identity

Bytes = NDArray[np.uint8]

_ARMOUR: Final = np.array([k + 48 if k < 40 else k + 56 for k in range(64)], np.uint8)
_HEX: Final = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_ROT_NOT_AVAILABLE: Final = 0x80
_CS_COMM_STATE: Final = 0b110_0000_0000_0000_0110
"""The communication state of class B "CS" units (table 70), behind a selector flag of 1."""


def position_a(
    mmsi: ArrayLike,
    nav_status: ArrayLike,
    sog_kn: ArrayLike,
    lat: ArrayLike,
    lon: ArrayLike,
    cog_deg: ArrayLike,
    heading_deg: ArrayLike,
    second: ArrayLike,
) -> Bytes:
    """Message 1, class A position report: payload characters, shape (n, 28), no fill bits.

    NaN in speed, course or heading becomes "not available".
    """
    return _armour(
        (1, 6),
        (0, 2),
        (mmsi, 30),
        (nav_status, 4),
        (_ROT_NOT_AVAILABLE, 8),
        (_tenths(sog_kn, 1023, 1022), 10),
        (1, 1),
        (_ten_thousandths_minute(lon), 28),
        (_ten_thousandths_minute(lat), 27),
        (_tenths(cog_deg, 3600, 3599), 12),
        (_degrees(heading_deg), 9),
        (second, 6),
        (0, 2),
        (0, 3),
        (0, 1),
        (0, 19),
    )


def position_b(
    mmsi: ArrayLike,
    sog_kn: ArrayLike,
    lat: ArrayLike,
    lon: ArrayLike,
    cog_deg: ArrayLike,
    heading_deg: ArrayLike,
    second: ArrayLike,
) -> Bytes:
    """Message 18, class B position report: payload characters, shape (n, 28), no fill bits."""
    return _armour(
        (18, 6),
        (0, 2),
        (mmsi, 30),
        (0, 8),
        (_tenths(sog_kn, 1023, 1022), 10),
        (1, 1),
        (_ten_thousandths_minute(lon), 28),
        (_ten_thousandths_minute(lat), 27),
        (_tenths(cog_deg, 3600, 3599), 12),
        (_degrees(heading_deg), 9),
        (second, 6),
        (0, 2),
        (1, 1),
        (0, 1),
        (1, 1),
        (1, 1),
        (1, 1),
        (0, 1),
        (0, 1),
        (1, 1),
        (_CS_COMM_STATE, 19),
    )


def static_a(ships: Sequence[Identity]) -> Bytes:
    """Message 5, class A static data: payload characters, shape (n, 71), the last with 2 fill
    bits.
    """
    return _armour(
        (5, 6),
        (0, 2),
        ([s.mmsi for s in ships], 30),
        (0, 2),
        ([s.imo for s in ships], 30),
        *_text([s.callsign for s in ships], 7),
        *_text([s.name for s in ships], 20),
        *_hull(ships),
        (1, 4),
        (0, 4),
        (0, 5),
        (24, 5),
        (60, 6),
        ([round(s.draught_m * 10) for s in ships], 8),
        *_text([s.destination for s in ships], 20),
        (0, 1),
        (0, 1),
    )


def static_b_name(ships: Sequence[Identity]) -> Bytes:
    """Message 24 part A, class B name: payload characters, shape (n, 28), no fill bits."""
    return _armour(
        (24, 6),
        (0, 2),
        ([s.mmsi for s in ships], 30),
        (0, 2),
        *_text([s.name for s in ships], 20),
        (0, 8),
    )


def static_b_hull(ships: Sequence[Identity]) -> Bytes:
    """Message 24 part B, class B type, call sign, size: shape (n, 28), no fill bits."""
    ship_type, *size = _hull(ships)
    return _armour(
        (24, 6),
        (0, 2),
        ([s.mmsi for s in ships], 30),
        (1, 2),
        ship_type,
        *_text(["SIM"] * len(ships), 3),
        (1, 4),
        (1, 20),
        *_text([s.callsign for s in ships], 7),
        *size,
        (1, 4),
        (0, 2),
    )


def one_part(payload: Bytes, channel: Bytes) -> Bytes:
    """Sentences of a single part with checksum, without line end; `channel` as ASCII codes."""
    return _checked(
        _constant("!", len(payload)),
        _hcat(
            _constant("AIVDM,1,1,,", len(payload)),
            channel[:, None],
            _constant(",", len(payload)),
            payload,
            _constant(",0", len(payload)),
        ),
    )


def two_parts(payload: Bytes, channel: Bytes, sequence: Bytes, fill: int) -> tuple[Bytes, Bytes]:
    """Both sentences of a message in two parts, 56 characters in the first; `sequence` 0-9."""
    n = len(payload)
    digit = (sequence + ord("0")).astype(np.uint8)[:, None]
    parts = []
    for number, part, fill_bits in ((1, payload[:, :56], 0), (2, payload[:, 56:], fill)):
        body = _hcat(
            _constant(f"AIVDM,2,{number},", n),
            digit,
            _constant(",", n),
            channel[:, None],
            _constant(",", n),
            part,
            _constant(f",{fill_bits}", n),
        )
        parts.append(_checked(_constant("!", n), body))
    return parts[0], parts[1]


def tag_blocks(station: Bytes, epoch_s: NDArray[np.int64]) -> Bytes:
    r"""Tag blocks ``\s:SELATSIM-<station>,c:<epoch>*hh\``.

    `station` holds ASCII codes, shape (n, 3).
    """
    n = len(station)
    powers = 10 ** np.arange(9, -1, -1, dtype="int64")
    digits = (epoch_s[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    body = _hcat(_constant("s:SELATSIM-", n), station, _constant(",c:", n), digits)
    return _hcat(_checked(_constant("\\", n), body), _constant("\\", n))


def _armour(*fields: tuple[ArrayLike, int]) -> Bytes:
    """Fields (values, width in bits), most significant bit first, as payload characters.

    Negative values come out in two's complement. The last character is filled with zero bits.
    """
    n = max(np.size(values) for values, _ in fields)
    bits = []
    for values, width in fields:
        column = np.broadcast_to(np.asarray(values, "int64"), (n,))
        bits.append((column[:, None] >> np.arange(width - 1, -1, -1)).astype(np.uint8) & 1)
    matrix = np.concatenate(bits, axis=1)
    matrix = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % 6)))
    six = matrix.reshape(n, -1, 6) @ np.array([32, 16, 8, 4, 2, 1], np.uint8)
    return np.asarray(_ARMOUR[six])


def _hull(ships: Sequence[Identity]) -> list[tuple[ArrayLike, int]]:
    return [
        ([s.ship_type for s in ships], 8),
        ([s.bow_m for s in ships], 9),
        ([s.stern_m for s in ships], 9),
        ([s.port_m for s in ships], 6),
        ([s.starboard_m for s in ships], 6),
    ]


def _text(words: Sequence[str], length: int) -> list[tuple[ArrayLike, int]]:
    """Six-bit characters (table 47), filled up with "@"; each a field of its own."""
    ascii_codes = np.array([w.encode("ascii") for w in words], f"S{length}")
    codes = ascii_codes.view(np.uint8).reshape(len(words), length)
    six = np.where(codes >= 64, codes - 64, codes)
    return [(six[:, k], 6) for k in range(length)]


def _tenths(values: ArrayLike, missing: int, most: int) -> NDArray[np.int64]:
    scaled = np.asarray(values, "float64") * 10
    return np.where(
        np.isnan(scaled), missing, np.clip(np.nan_to_num(np.round(scaled)), 0, most)
    ).astype("int64")


def _degrees(values: ArrayLike) -> NDArray[np.int64]:
    rounded = np.asarray(values, "float64")
    return np.where(np.isnan(rounded), 511, np.nan_to_num(np.round(rounded)) % 360).astype("int64")


def _ten_thousandths_minute(degrees: ArrayLike) -> NDArray[np.int64]:
    return np.round(np.asarray(degrees, "float64") * 600_000).astype("int64")


def _constant(text: str, n: int) -> Bytes:
    return np.broadcast_to(np.frombuffer(text.encode("ascii"), np.uint8), (n, len(text)))


def _hcat(*blocks: Bytes) -> Bytes:
    return np.concatenate(blocks, axis=1)


def _checked(before: Bytes, body: Bytes) -> Bytes:
    """`body` with what precedes it, an asterisk and its checksum: XOR of all its bytes."""
    checksum = np.bitwise_xor.reduce(body, axis=1)
    digits = np.stack([_HEX[checksum >> 4], _HEX[checksum & 15]], axis=1)
    return _hcat(before, body, _constant("*", len(body)), digits)
