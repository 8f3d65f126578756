"""AIVDM and AIVDO sentences, bare or in a logger's lines, which may be JSON objects."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pipelines.ingest.column_names import names_time, names_utc, says_other_zone
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Feed, Format, Found, Head
from pipelines.ingest.nmea import SIMULATED, NmeaReader
from pipelines.ingest.report import escaped
from pipelines.ingest.rows import Batch

# ISO 8601, digits of date and clock, or an epoch in s, ms, µs or ns.
_TIMES: Final = re.compile(
    rb"(?<![\w.-])(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d"
    rb"(?:[.,]\d{1,9}(?![-/]\d\d[-/]))?(?:Z|[ ]?[+-]\d\d:?\d\d|[+-]\d\d(?![:./-]))?"
    rb"|\d{10}(?:\.\d{1,9})?|\d{13}|\d{14}|\d{16}|\d{19})(?![\w.])"
)
_KEYED: Final = re.compile(rb'"([^"\\]{1,64})"\s{0,9}:\s{0,9}\[?\s{0,9}"?$')
_ZONED: Final = re.compile(rb":\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d(?::?\d\d)?)$")
# A tag block in a JSON text, where each backslash is written twice.
_MARKED: Final = re.compile(
    rb"\\{1,2}(?:[^\\]{0,60},)?s:" + SIMULATED.encode() + rb"[^\\]{0,80}\\{1,2}!"
)
# A JSON object that a logger wrote something before.
_OBJECT: Final = re.compile(rb'\{\s{0,9}"[^"\\]{1,64}"\s{0,9}:')
# A tag block that says a time.
_TAGGED: Final = re.compile(rb"\\(?:[^\\]{0,200},)?c:\d{10,13}[^\\]{0,200}\\$")
# A line of a sentence, and one of anything.
_PLAIN: Final = re.compile(rb"^(?:\\[^\\\r\n]{1,80}\\){0,4}![A-Z]{2}VD[MO],\d+,\d+,", re.MULTILINE)
_LINE: Final = re.compile(rb"^[^\r\n]", re.MULTILINE)
# What stands behind a clock: a zone, half a day of twelve hours, or an offset that isn't read.
_BEHIND_CLOCK: Final = re.compile(
    rb"[ \t,;\[\]()]{0,4}((?:UTC|GMT)?[+](?:0?[1-9]|1[0-4])(?:[03]0)?(?![\d.])"
    rb"|(?:UTC|GMT)-0?[1-9]|[A-Za-z]{2,5}\b)"
)
_LOOKED_AT: Final = 1_000
_QUARTER_S, _MOST_APART_S = 900.0, 14.5 * 3600
_LATE: Final = 0.1
_ONE_MOMENT_S: Final = 10.0
"""A line that says a time twice, once rounded or once when it was written down, says one."""


class Sentences:
    """A feed with an AIS sentence in its first bytes."""

    title = "AIVDM sentences (!AIVDM,1,1,…)"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        if not SENTENCE.search(head.data):
            return []
        is_sure = _behind_one_time(head) if head.is_json else head.once(_doubt) is None
        return [Found("nmea", _read)] if is_sure else []

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if head.is_json or not SENTENCE.search(head.data):
            return None
        return head.once(_doubt)


def mostly_sentences(head: Head) -> Sequence[Found]:
    """Return the way to read a feed most of whose lines are sentences, whatever it begins with.

    What `listen` records may be text of anybody: with a header as its first line all of a day would
    be read as a table, and with that of an exercise's truth be passed over.
    """
    most = 2 * len(_PLAIN.findall(head.data)) > len(_LINE.findall(head.data))
    return [Found("nmea", _read)] if most and head.once(_doubt) is None else []


def _doubt(head: Head) -> IngestError | None:
    """Say why nobody can tell what is the receiver's time of what stands before a sentence.

    A logger's clock shows local time where the other, in JSON or an epoch, is UTC. What comes late
    by as much happens: few lines of many are so.
    """
    n_doubtful, apart = 0, []
    for line in head.data.split(b"\n")[:_LOOKED_AT]:
        at = SENTENCE.search(line)
        before = line[: at.start()] if at else b""
        if not before or _TAGGED.search(before):  # a tag block's time is the receiver's
            continue
        found = [*_TIMES.finditer(before)]
        told = {one: moment for one in found if (moment := _moment(one[0].decode())) is not None}
        # The first is what is read.
        first = next(iter(told), None)
        if first is None:
            continue
        is_sure = _says_zone(first[0])
        if not is_sure and (zone := _zone_behind(before, first.end())):
            return IngestError(
                f"{head.name} says times in a zone before its AIS sentences: {escaped(zone)!r}",
                hint="write them in UTC, or with an offset: 2026-03-14T16:30:00+08:00",
            )
        in_json = _OBJECT.search(before) is not None
        if len(told) < 2 or (is_sure and not in_json):
            continue
        n_doubtful += 1
        apart_s = max(told.values()) - min(told.values())
        if apart_s > _ONE_MOMENT_S and (in_json or _are_zones(apart_s)):
            times = [escaped(pick(told, key=lambda t: told[t])[0].decode()) for pick in (min, max)]
            apart.append((times, in_json))
    if not apart or len(apart) <= _LATE * n_doubtful:
        return None
    (one, other), in_json = apart[0]
    hint = "write each behind the time at which it was received, in UTC"
    if in_json:
        hint = "leave out what the logger wrote before each object: sed 's/^[^{]*//' FILE"
    return IngestError(
        f"{head.name} says two times before an AIS sentence: {one!r} and {other!r}", hint=hint
    )


def _says_zone(time: bytes) -> bool:
    """Tell whether a time is an epoch or says its zone."""
    in_digits = time.partition(b".")[0].isdigit()
    return _ZONED.search(time) is not None or (in_digits and len(time) != len("20240131235959"))


def _zone_behind(before: bytes, end: int) -> str:
    """Return what says another zone than UTC behind a clock that ends there, or half a day."""
    found = _BEHIND_CLOCK.match(before, end)
    is_other = found is not None and (not found[1].isalpha() or says_other_zone(found[1]))
    return found[1].decode() if found and is_other else ""


def _are_zones(apart_s: float) -> bool:
    """Tell whether two times so far apart may be one moment on the clocks of two zones."""
    beside_s = (apart_s + _ONE_MOMENT_S) % _QUARTER_S
    return apart_s < _MOST_APART_S and beside_s <= 2 * _ONE_MOMENT_S


def _behind_one_time(head: Head) -> bool:
    """Tell whether each of the first JSON objects, one a line, says one time before its sentence:
    then it is a logger's line as any. Of two times nobody says which is the receiver's.
    """
    lines = head.data.split(b"\n")[:-1]
    found = [(line, at.start()) for line in lines if (at := SENTENCE.search(line))]
    return bool(found) and all(
        line.strip().endswith(b"}") and _is_one_moment(line[:start]) and _marks_stay(line)
        for line, start in found
    )


def _marks_stay(line: bytes) -> bool:
    """Tell whether a line of an exercise says so where the decoder looks, in a tag block: else its
    sentences would be taken for real ones.
    """
    return SIMULATED.encode() not in line or _MARKED.search(line) is not None


def _is_one_moment(before: bytes) -> bool:
    """Tell whether there are times in what stands before a sentence, all of one moment, and nothing
    that looks so but is called otherwise: the decoder would take a number of ten digits for one.
    """
    found = [*_TIMES.finditer(before)]
    moments = [(one, _moment(one[0].decode())) for one in found]
    known = [moment for _, moment in moments if moment is not None]
    if not known or max(known) - min(known) > _ONE_MOMENT_S:
        return False
    return all(_is_called_so(before, one) for one, moment in moments if moment is not None)


def _is_called_so(before: bytes, time: re.Match[bytes]) -> bool:
    """Tell whether what looks like a time is one, in UTC, by the key that it stands behind, or
    stands in a tag block.
    """
    keyed = _KEYED.search(before[max(time.start() - 99, 0) : time.start()])
    key = keyed[1].decode("utf-8", "replace") if keyed else ""
    in_digits = time[0].partition(b".")[0].isdigit()
    if in_digits and before.endswith(b"c:", 0, time.start()):
        return True
    if in_digits and not names_time(key):
        return False
    if in_digits and len(time[0]) != len("20240131235959"):
        return True
    return _ZONED.search(time[0]) is not None or names_utc(key)


def _moment(text: str) -> float | None:
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


def _read(feed: Feed) -> Iterator[Batch]:
    yield from NmeaReader(feed.lines, feed.source, feed.options, feed.report, feed.announce)


SENTENCES: Final[Format] = Sentences()
