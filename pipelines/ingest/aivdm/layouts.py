"""Where the fields of AIS messages are: bit layouts as data.

Source: Recommendation ITU-R M.1371-5 (02/2014), Annex 8, which has one table of parameters per
message; each layout here names its message. Bit 0 is the first bit of the message ID. Every message
starts with message ID (6), repeat indicator (2) and the transmitter's MMSI (30).

The tables are tuples of plain numbers, because the compiler then sees every field's place as a
constant and reads it with one or two shifts.
"""

from typing import Final, NamedTuple


class Bits(NamedTuple):
    """Place of a field: first bit and number of bits; no bits where a message lacks the field."""

    start: int
    width: int


class Text(NamedTuple):
    """Place of a text: first bit and number of 6-bit ASCII characters; none where it is absent."""

    start: int
    characters: int


ABSENT: Final = Bits(0, 0)
NO_TEXT: Final = Text(0, 0)

MESSAGE_ID: Final = Bits(0, 6)
MMSI: Final = Bits(8, 30)
HEADER_BITS: Final = 38

# Values that mean "not available", in the native units of the columns (message 1).
LON_UNAVAILABLE: Final = 181 * 600_000
LAT_UNAVAILABLE: Final = 91 * 600_000
LON_LIMIT: Final = 180 * 600_000
LAT_LIMIT: Final = 90 * 600_000
SOG_UNAVAILABLE: Final = 1023
COG_UNAVAILABLE: Final = 3600
HEADING_UNAVAILABLE: Final = 511
NAV_STATUS_UNDEFINED: Final = 15
SECOND_UNAVAILABLE: Final = 60


class PositionLayout(NamedTuple):
    """A position report, and the units of its numbers in those of the columns.

    The columns hold 1/10000 minute, 1/10 knot and 1/10 degree.
    """

    least_bits: int
    sog: Bits
    lon: Bits
    lat: Bits
    cog: Bits
    nav_status: Bits = ABSENT
    heading: Bits = ABSENT
    second: Bits = ABSENT
    lonlat_unit: int = 1
    sog_unit: int = 1
    sog_unavailable: int = SOG_UNAVAILABLE
    cog_unit: int = 1
    cog_unavailable: int = COG_UNAVAILABLE


# Messages 1, 2 and 3, class A position report. 168 bits; what follows RAIM at bit 148 is
# the communication state, which isn't kept, so a message cut inside it still tells everything.
CLASS_A: Final = PositionLayout(
    least_bits=149,
    nav_status=Bits(38, 4),
    sog=Bits(50, 10),
    lon=Bits(61, 28),
    lat=Bits(89, 27),
    cog=Bits(116, 12),
    heading=Bits(128, 9),
    second=Bits(137, 6),
)

# Message 18, standard class B equipment position report.
CLASS_B: Final = PositionLayout(
    least_bits=148,
    sog=Bits(46, 10),
    lon=Bits(57, 28),
    lat=Bits(85, 27),
    cog=Bits(112, 12),
    heading=Bits(124, 9),
    second=Bits(133, 6),
)

# Message 19, extended class B equipment position report. 312 bits.
CLASS_B_EXTENDED: Final = CLASS_B._replace(least_bits=306)

# Message 27, long-range position report. 1/10 minute, knots and degrees; SOG 63 and
# COG 511 are "not available".
LONG_RANGE: Final = PositionLayout(
    least_bits=95,
    nav_status=Bits(40, 4),
    sog=Bits(79, 6),
    lon=Bits(44, 18),
    lat=Bits(62, 17),
    cog=Bits(85, 9),
    lonlat_unit=1000,
    sog_unit=10,
    sog_unavailable=63,
    cog_unit=10,
    cog_unavailable=511,
)


class StaticLayout(NamedTuple):
    """Static data: who a vessel says that it is."""

    least_bits: int
    imo: Bits = ABSENT
    callsign: Text = NO_TEXT
    name: Text = NO_TEXT
    ship_type: Bits = ABSENT
    to_bow: Bits = ABSENT
    to_stern: Bits = ABSENT
    to_port: Bits = ABSENT
    to_starboard: Bits = ABSENT
    draught: Bits = ABSENT
    destination: Text = NO_TEXT


# Message 5, ship static and voyage related data. 424 bits; real transponders send 420 to
# 426. The last field kept, the destination, may lack its last characters but no other field.
VOYAGE: Final = StaticLayout(
    least_bits=302,
    imo=Bits(40, 30),
    callsign=Text(70, 7),
    name=Text(112, 20),
    ship_type=Bits(232, 8),
    to_bow=Bits(240, 9),
    to_stern=Bits(249, 9),
    to_port=Bits(258, 6),
    to_starboard=Bits(264, 6),
    draught=Bits(294, 8),
    destination=Text(302, 20),
)

# The static half of message 19.
EXTENDED_STATIC: Final = StaticLayout(
    least_bits=306,
    name=Text(143, 20),
    ship_type=Bits(263, 8),
    to_bow=Bits(271, 9),
    to_stern=Bits(280, 9),
    to_port=Bits(289, 6),
    to_starboard=Bits(295, 6),
)

# Message 24 part A. 160 bits, sent as 158 to 168: the name may lack its last character.
PART_NUMBER: Final = Bits(38, 2)
PART_A: Final = StaticLayout(
    least_bits=154,
    name=Text(40, 20),
)

# Message 24 part B. 168 bits, sent as 158 to 168; dimensions need 162.
PART_B: Final = StaticLayout(
    least_bits=132,
    callsign=Text(90, 7),
    ship_type=Bits(40, 8),
    to_bow=Bits(132, 9),
    to_stern=Bits(141, 9),
    to_port=Bits(150, 6),
    to_starboard=Bits(156, 6),
)
# Message 24 part B: a craft associated with a parent ship (MMSI 98MIDXXXX) gives the parent's MMSI
# in place of its dimensions.
AUXILIARY_CRAFT: Final = 98


class BaseLayout(NamedTuple):
    """UTC of a base station, or the answer of a mobile one."""

    least_bits: int
    year: Bits
    month: Bits
    day: Bits
    hour: Bits
    minute: Bits
    second: Bits


# Messages 4 and 11. 168 bits, of which the last 19 are the communication state.
BASE: Final = BaseLayout(
    least_bits=149,
    year=Bits(38, 14),
    month=Bits(52, 4),
    day=Bits(56, 5),
    hour=Bits(61, 5),
    minute=Bits(66, 6),
    second=Bits(72, 6),
)

# Messages that are only listed, but not where they are cut: 9, a search and rescue aircraft's
# position (168 bits, of which the last 20 are the communication state), and 21, an aid to
# navigation (272 to 360 bits: the name goes on after bit 272).
AIRCRAFT_LEAST_BITS: Final = 148
AID_LEAST_BITS: Final = 271
