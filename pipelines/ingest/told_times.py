"""Which time before a sentence is its receiver's, and whether anybody can tell."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from pipelines.ingest.column_names import says_other_zone

# ISO 8601, digits of date and clock, or an epoch in s, ms, µs or ns.
TIMES: Final = re.compile(
    rb"(?<![\w.-])(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d"
    rb"(?:[.,]\d{1,9}(?![-/]\d\d[-/]))?(?:Z|[ ]?[+-]\d\d:?\d\d|[+-]\d\d(?![:./-]))?"
    rb"|\d{10}(?:\.\d{1,9})?|\d{13}|\d{14}|\d{16}|\d{19})(?![\w.])"
)
ZONED: Final = re.compile(rb":\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d(?::?\d\d)?)$")
# A JSON object that a logger wrote something before.
_OBJECT: Final = re.compile(rb'\{\s{0,9}"[^"\\]{1,64}"\s{0,9}:')
# What stands behind a clock: a zone, half a day of twelve hours, or an offset that isn't read.
_BEHIND_CLOCK: Final = re.compile(
    rb"[ \t,;\[\]()]{0,4}((?:UTC|GMT)?[+](?:0?[1-9]|1[0-4])(?:[03]0)?(?![\d.])"
    rb"|(?:UTC|GMT)-0?[1-9]|[A-Za-z]{2,5}\b)"
)
_QUARTER_S, _MOST_APART_S = 900.0, 14.5 * 3600
ONE_MOMENT_S: Final = 10.0
"""A line that says a time twice, once rounded or once when it was written down, says one."""


class Told(NamedTuple):
    """The times before a sentence, where they may be of more than one moment or another zone."""

    zone: str
    """What says that the first, which is read, is in another zone than UTC; empty if nothing."""
    apart: tuple[str, str] | None
    """The earliest and the latest, if they may be one moment on the clocks of two zones."""
    in_json: bool

    @property
    def is_doubtful(self) -> bool:
        """Tell whether nobody can tell which moment is meant."""
        return bool(self.zone) or self.apart is not None


def told_before(before: bytes) -> Told | None:
    """Return what stands before a sentence, if it says times that may be doubted."""
    found = [*TIMES.finditer(before)]
    told = {one: at for one in found if (at := moment(one[0].decode())) is not None}
    # The first is what is read.
    first = next(iter(told), None)
    if first is None:
        return None
    is_sure, in_json = _says_zone(first[0]), _OBJECT.search(before) is not None
    if not is_sure and (zone := _zone_behind(before, first.end())):
        return Told(zone, None, in_json)
    if len(told) < 2 or (is_sure and not in_json):
        return None
    apart_s = max(told.values()) - min(told.values())
    if apart_s <= ONE_MOMENT_S or not (in_json or _are_zones(apart_s)):
        return Told("", None, in_json)
    one, other = (pick(told, key=lambda t: told[t])[0].decode() for pick in (min, max))
    return Told("", (one, other), in_json)


def moment(text: str) -> float | None:
    """Return the seconds since 1970 of a time as the decoder reads it (`aivdm.times`)."""
    digits = text.partition(".")[0]
    with suppress(ValueError, OverflowError):
        if not digits.isdecimal():
            time = datetime.fromisoformat(
                text.replace("/", "-").replace(",", ".").replace(" +", "+").replace(" -", "-")
            )
        elif len(digits) == len("20240131235959"):
            time = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - UTC, as below
        else:
            return float(text) / 10.0 ** (len(digits) - 10)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return None


def _says_zone(time: bytes) -> bool:
    """Tell whether a time is an epoch or says its zone."""
    in_digits = time.partition(b".")[0].isdigit()
    return ZONED.search(time) is not None or (in_digits and len(time) != len("20240131235959"))


def _zone_behind(before: bytes, end: int) -> str:
    """Return what says another zone than UTC behind a clock that ends there, or half a day."""
    found = _BEHIND_CLOCK.match(before, end)
    is_other = found is not None and (not found[1].isalpha() or says_other_zone(found[1]))
    return found[1].decode() if found and is_other else ""


def _are_zones(apart_s: float) -> bool:
    """Tell whether two times so far apart may be one moment on the clocks of two zones."""
    beside_s = (apart_s + ONE_MOMENT_S) % _QUARTER_S
    return apart_s < _MOST_APART_S and beside_s <= 2 * ONE_MOMENT_S
