"""AIS payloads to raw integers, by pyais' bit vector and field tables.

The values are taken as transmitted: pyais' message classes fold reserved ship type codes into
others (39 becomes 0) and cut leading blanks off names. They are scaled as columns in `nmea`.
Message layouts: ITU-R M.1371-5, annex 8.
"""

from typing import Final, NamedTuple

from pyais.bit_vector import bit_vector
from pyais.messages import (
    MessageType1,
    MessageType5,
    MessageType18,
    MessageType19,
    MessageType24PartA,
    MessageType24PartB,
    MessageType27,
)

_SIX_BIT: Final = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
_NO_HEADING: Final = 511
_NO_STATUS: Final = 15

Fields = dict[str, tuple[int, int]]


class Position(NamedTuple):
    """A position report in the units of its message type."""

    msg_type: int
    mmsi: int
    nav_status: int
    sog: int
    lon: int
    lat: int
    cog: int
    heading: int


class Static(NamedTuple):
    """Static data in the units of the message; -1 and empty where the message doesn't say."""

    mmsi: int
    imo: int
    name: str
    callsign: str
    ship_type: int
    length: int
    beam: int
    draught: int
    destination: str
    ais_class: str


class Message(NamedTuple):
    """A decoded message: its type, and what it holds; `fault` is a reason to reject it."""

    msg_type: int
    position: Position | None = None
    static: Static | None = None
    fault: str = ""


def _fields(message: type) -> Fields:
    plan = message.decoder_plan()  # type: ignore[attr-defined]
    return {name: (offset, width) for name, offset, width, *_ in plan}


_CLASS_A: Final = _fields(MessageType1)
_CLASS_B: Final = _fields(MessageType18)
_LONG_RANGE: Final = _fields(MessageType27)
_POSITIONS: Final = {
    1: _CLASS_A, 2: _CLASS_A, 3: _CLASS_A, 18: _CLASS_B, 19: _fields(MessageType19),
    27: _LONG_RANGE,
}  # fmt: skip
_SHIP: Final = _fields(MessageType5)
_EXTENDED: Final = _fields(MessageType19)
_PART_A: Final = _fields(MessageType24PartA)
_PART_B: Final = _fields(MessageType24PartB)

# Bits up to the end of the last field that is used. Some transmitters send message 5 with 420 or
# 422 bits instead of 424, and 24A with 160 or 162 instead of 168.
_NEEDED: Final = {
    1: 137, 2: 137, 3: 137, 18: 133, 19: 301, 27: 94, 5: 420, 24: 160,
}  # fmt: skip
_NEEDED_PART_B: Final = 162
# ITU-R M.585-9: 98MIDxxxx are craft associated with a parent ship; the last 30 bits of their
# message 24 part B are the parent's MMSI instead of dimensions.
_AUXILIARY: Final = range(980_000_000, 990_000_000)


def decode(payload: bytes, fill_bits: int) -> Message:
    """Read an armoured payload that has passed `sentence.is_armoured`."""
    bits = bit_vector(payload, fill_bits)
    size = len(bits)
    msg_type = bits.get(0, 6)
    needed = _NEEDED.get(msg_type)
    if size < (needed or 38):
        return Message(msg_type, fault="short")
    if needed is None:
        return Message(msg_type)
    if msg_type in _POSITIONS:
        static = _extended(bits) if msg_type == 19 else None
        return Message(msg_type, _position(bits, msg_type), static)
    if msg_type == 5:
        return Message(msg_type, static=_ship(bits, size))
    part = bits.get(*_PART_A["partno"])
    if part == 0:
        return Message(msg_type, static=_part_a(bits))
    if part != 1:
        return Message(msg_type, fault="part number")
    if size < _NEEDED_PART_B:
        return Message(msg_type, fault="short")
    return Message(msg_type, static=_part_b(bits))


def _position(bits: bit_vector, msg_type: int) -> Position:
    fields = _POSITIONS[msg_type]
    get, signed = bits.get, bits.get_signed
    return Position(
        msg_type,
        get(8, 30),
        get(*fields["status"]) if "status" in fields else _NO_STATUS,
        get(*fields["speed"]),
        signed(*fields["lon"]),
        signed(*fields["lat"]),
        get(*fields["course"]),
        get(*fields["heading"]) if "heading" in fields else _NO_HEADING,
    )


def _ship(bits: bit_vector, size: int) -> Static:
    length, beam = _dimensions(bits, _SHIP)
    return Static(
        bits.get(8, 30), bits.get(*_SHIP["imo"]), _text(bits, _SHIP["shipname"]),
        _text(bits, _SHIP["callsign"]), bits.get(*_SHIP["ship_type"]), length, beam,
        bits.get(*_SHIP["draught"]) or -1, _text(bits, _SHIP["destination"], size), "A",
    )  # fmt: skip


def _extended(bits: bit_vector) -> Static:
    length, beam = _dimensions(bits, _EXTENDED)
    return Static(
        bits.get(8, 30), 0, _text(bits, _EXTENDED["shipname"]), "",
        bits.get(*_EXTENDED["ship_type"]), length, beam, -1, "", "B",
    )  # fmt: skip


def _part_a(bits: bit_vector) -> Static:
    return Static(bits.get(8, 30), 0, _text(bits, _PART_A["shipname"]), "", -1, -1, -1, -1, "", "B")


def _part_b(bits: bit_vector) -> Static:
    mmsi = bits.get(8, 30)
    length, beam = (-1, -1) if mmsi in _AUXILIARY else _dimensions(bits, _PART_B)
    return Static(
        mmsi, 0, "", _text(bits, _PART_B["callsign"]), bits.get(*_PART_B["ship_type"]),
        length, beam, -1, "", "B",
    )  # fmt: skip


def _dimensions(bits: bit_vector, fields: Fields) -> tuple[int, int]:
    """Length and beam in metres, -1 where both parts are 0 (not available)."""
    get = bits.get
    length = get(*fields["to_bow"]) + get(*fields["to_stern"])
    beam = get(*fields["to_port"]) + get(*fields["to_starboard"])
    return length or -1, beam or -1


def _text(bits: bit_vector, field: tuple[int, int], size: int | None = None) -> str:
    """Six-bit text up to the first "@", without blanks at its end."""
    start, width = field
    if size is not None:
        width = min(width, (size - start) // 6 * 6)
    value = bits.get(start, width)
    characters = [_SIX_BIT[(value >> shift) & 63] for shift in range(width - 6, -1, -6)]
    return "".join(characters).partition("@")[0].rstrip()
