"""Lines in which a ship's own receiver of satellite navigation says what time it is: RMC and ZDA.

A boat that logs everything on her bus writes one each second between the AIS sentences, and no time
of its own: these date what stands between them, as any line with a time does (`framing.stamp`).
IEC 61162-1, 8.3.69 (RMC) and 8.3.106 (ZDA):

`$GPRMC,hhmmss.ss,A,llll.ll,a,yyyyy.yy,a,x.x,x.x,ddmmyy,…*hh`
`$GPZDA,hhmmss.ss,dd,mm,yyyy,xx,xx*hh`
"""

from typing import Any

import numpy as np

from pipelines.ingest.aivdm import memory as m
from pipelines.ingest.aivdm.characters import BLANK, COMMA, DOT, STAR, checksum_at, is_digit
from pipelines.ingest.aivdm.jit import called
from pipelines.ingest.aivdm.payload import instant
from pipelines.ingest.aivdm.times import plausible, two_digits

VALID = 65
"""What an RMC says whose fix is valid; else its date may be that of a clock that was never set."""


@called
def own_time(buffer: Any, place: Any) -> Any:
    """Return the time of an RMC or ZDA line that begins at `place`: microseconds or `NO_TIME`."""
    none = np.int64(m.NO_TIME)
    is_rmc = buffer[place + 3] == 82 and buffer[place + 4] == 77 and buffer[place + 5] == 67
    is_zda = buffer[place + 3] == 90 and buffer[place + 4] == 68 and buffer[place + 5] == 65
    if not (is_rmc or is_zda) or buffer[place + 6] != COMMA:
        return none
    star = place + 1
    parity = 0
    fields = np.zeros(10, np.int64)
    field = 0
    while buffer[star] != STAR and buffer[star] >= BLANK:
        parity ^= buffer[star]
        if buffer[star] == COMMA and field < 9:
            field += 1
            fields[field] = star + 1
        star += 1
    if buffer[star] != STAR or checksum_at(buffer, star) != parity:
        return none
    clock = fields[1]
    if is_rmc:
        if field < 9 or buffer[fields[2]] != VALID or buffer[fields[2] + 1] != COMMA:
            return none
        date = fields[9]
        if not (is_digit(buffer[date + 4]) and is_digit(buffer[date + 5])):
            return none
        day = two_digits(buffer, date)
        month = two_digits(buffer, date + 2)
        year = 2000 + two_digits(buffer, date + 4)
    else:
        if field < 4:
            return none
        day = two_digits(buffer, fields[2])
        month = two_digits(buffer, fields[3])
        year = two_digits(buffer, fields[4]) * 100 + two_digits(buffer, fields[4] + 2)
    time = instant(
        year,
        month,
        day,
        two_digits(buffer, clock),
        two_digits(buffer, clock + 2),
        two_digits(buffer, clock + 4),
    )
    if time == none:
        return none
    index = clock + 6
    if buffer[index] == DOT:
        unit = 100_000
        index += 1
        while is_digit(buffer[index]):
            time += unit * (np.int64(buffer[index]) - 48)
            unit //= 10
            index += 1
    return plausible(time) if buffer[index] == COMMA else none
