"""Messages to rows: one function per kind of message, told by its layout.

Raw codes stay as they were sent: ship type 39, navigation status 12 or 361 degrees of heading are
the transmitter's words, and folding them would lose what it said. The only change is of units:
numbers of message 27 are scaled to those of message 1, and so is "not available".
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import layouts as at
from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.jit import called, inlined
from pipelines.ingest.aivdm.words import eight_characters, store
from pipelines.ingest.aivdm.words import take as number
from pipelines.ingest.aivdm.words import take_signed as signed

BLANK, AT = 32, 64


@inlined
def common(row: Any, words: Any, head: Any) -> None:
    """Write what every row has."""
    row.time = head.time
    row.offset = head.offset
    row.piece = head.pieces
    row.checksum = head.checksum
    row.mmsi = number(words, at.MMSI)
    row.station = head.station
    row.time_from = head.time_from


@inlined
def position(row: Any, words: Any, head: Any, layout: at.PositionLayout) -> None:
    """Write a position report, in the units of message 1."""
    common(row, words, head)
    row.msg_type = number(words, at.MESSAGE_ID)
    row.lon = signed(words, layout.lon) * layout.lonlat_unit
    row.lat = signed(words, layout.lat) * layout.lonlat_unit
    sog = number(words, layout.sog)
    row.sog = at.SOG_UNAVAILABLE if sog == layout.sog_unavailable else sog * layout.sog_unit
    cog = number(words, layout.cog)
    row.cog = at.COG_UNAVAILABLE if cog == layout.cog_unavailable else cog * layout.cog_unit
    row.nav_status = at.NAV_STATUS_UNDEFINED
    row.heading = at.HEADING_UNAVAILABLE
    row.second = at.SECOND_UNAVAILABLE
    if layout.nav_status.width:
        row.nav_status = number(words, layout.nav_status)
    if layout.heading.width:
        row.heading = number(words, layout.heading)
    if layout.second.width:
        row.second = number(words, layout.second)


@called
def text(words: Any, start: Any, characters: Any, bits: Any, out: Any) -> Any:
    """Write 6-bit text to `out`; give its length without what ends it.

    What ends it are '@' ("not used", 6-bit ASCII 0) and blanks. Leading blanks and an '@' in the
    middle are the sender's and stay. Characters that a short message doesn't hold completely are
    left out.
    """
    characters = min(characters, max((bits - start) // 6, 0))
    written = 0
    while written < characters:
        store(out, written, eight_characters(words, start + 6 * written))
        written += 8
    while characters > 0 and out[characters - 1] in (AT, BLANK):
        characters -= 1
    return characters


@called
def no_static(row: Any) -> None:
    """Write a row of static data that says nothing yet (rows are used again)."""
    row.imo = 0
    row.to_bow = 0
    row.to_stern = 0
    row.to_port = 0
    row.to_starboard = 0
    row.ship_type = -1
    row.draught = 0
    row.name_length = 0
    row.callsign_length = 0
    row.destination_length = 0


@inlined
def static(row: Any, words: Any, bits: Any, head: Any, layout: at.StaticLayout) -> None:
    """Write static data."""
    no_static(row)
    common(row, words, head)
    row.msg_type = number(words, at.MESSAGE_ID)
    if layout.name.characters:
        row.name_length = text(words, layout.name.start, layout.name.characters, bits, row.name)
    if layout.callsign.characters:
        row.callsign_length = text(
            words, layout.callsign.start, layout.callsign.characters, bits, row.callsign
        )
    if layout.imo.width:
        row.imo = number(words, layout.imo)
        row.draught = number(words, layout.draught)
        row.destination_length = text(
            words, layout.destination.start, layout.destination.characters, bits, row.destination
        )
    if layout.ship_type.width:
        row.ship_type = number(words, layout.ship_type)
    if layout.to_bow.width and bits >= layout.to_starboard.start + layout.to_starboard.width:
        row.to_bow = number(words, layout.to_bow)
        row.to_stern = number(words, layout.to_stern)
        row.to_port = number(words, layout.to_port)
        row.to_starboard = number(words, layout.to_starboard)


@called
def class_b_static(row: Any, words: Any, bits: Any, head: Any, part: Any) -> None:
    """Write message 24, part A (0) or B (1)."""
    if part == 0:
        static(row, words, bits, head, at.PART_A)
        return
    static(row, words, bits, head, at.PART_B)
    if row.mmsi // 10_000_000 == at.AUXILIARY_CRAFT:
        row.to_bow = 0
        row.to_stern = 0
        row.to_port = 0
        row.to_starboard = 0


@inlined
def instant(year: Any, month: Any, day: Any, hour: Any, minute: Any, second: Any) -> Any:
    """Return microseconds since 1970, or `NO_TIME` for what is no time of day or of the calendar.

    Days of the proleptic Gregorian calendar from years that begin in March (E. G. Richards, in
    Explanatory Supplement to the Astronomical Almanac, 3rd ed., 15.11.3).
    """
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= month_length(year, month)):
        return np.int64(m.NO_TIME)
    if not (hour < 24 and minute < 60 and second < 60):
        return np.int64(m.NO_TIME)
    if month <= 2:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
    return (((days - 719_469) * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000


@inlined
def month_length(year: Any, month: Any) -> Any:
    """Return days of a month."""
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month in (4, 6, 9, 11) else 31


@called
def base(row: Any, words: Any, head: Any) -> None:
    """Write messages 4 and 11."""
    common(row, words, head)
    row.msg_type = number(words, at.MESSAGE_ID)
    row.utc = instant(
        number(words, at.BASE.year),
        number(words, at.BASE.month),
        number(words, at.BASE.day),
        number(words, at.BASE.hour),
        number(words, at.BASE.minute),
        number(words, at.BASE.second),
    )


@inlined
def other(row: Any, words: Any, head: Any) -> None:
    """Write a message that is only listed."""
    common(row, words, head)
    row.msg_type = number(words, at.MESSAGE_ID)
