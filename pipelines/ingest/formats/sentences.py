"""AIVDM and AIVDO sentences, bare or in a logger's lines, which may be JSON objects."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pipelines.ingest.column_names import names_time, names_utc
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Feed, Format, Found, Head
from pipelines.ingest.nmea import SIMULATED, NmeaReader
from pipelines.ingest.report import escaped
from pipelines.ingest.rows import Batch

# ISO 8601, digits of date and clock, or an epoch in s, ms, µs or ns.
_TIMES: Final = re.compile(
    rb"(?<![\w.-])(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    rb"|\d{10}(?:\.\d{1,9})?|\d{13}|\d{14}|\d{16}|\d{19})(?![\w.])"
)
_KEYED: Final = re.compile(rb'"([^"\\]{1,64})"\s{0,9}:\s{0,9}\[?\s{0,9}"?$')
_ZONED: Final = re.compile(rb"(?:Z|[+-]\d\d:?\d\d)$")
# A tag block in a JSON text, where each backslash is written twice.
_MARKED: Final = re.compile(
    rb"\\{1,2}(?:[^\\]{0,60},)?s:" + SIMULATED.encode() + rb"[^\\]{0,80}\\{1,2}!"
)
# A JSON object that a logger wrote something before.
_OBJECT: Final = re.compile(rb'\{\s{0,9}"[^"\\]{1,64}"\s{0,9}:')
_ONE_MOMENT_S: Final = 10.0
"""A line that says a time twice, once rounded or once when it was written down, says one."""


class Sentences:
    """A feed with an AIS sentence in its first bytes."""

    title = "AIVDM sentences (!AIVDM,1,1,…)"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        if not SENTENCE.search(head.data):
            return []
        is_sure = _behind_one_time(head) if head.is_json else not _two_times(head)
        return [Found("nmea", _read)] if is_sure else []

    def why_not(self, head: Head) -> IngestError | None:
        """See `base.Format`."""
        if head.is_json or not SENTENCE.search(head.data) or not (two := _two_times(head)):
            return None
        first, second = map(escaped, two)
        return IngestError(
            f"{head.name} says two times before an AIS sentence, a logger's and one inside JSON: "
            f"{first!r} and {second!r}",
            hint="leave out what the logger wrote before each object: sed 's/^[^{]*//' FILE",
        )


def _two_times(head: Head) -> tuple[str, ...]:
    """Return two times of different moments that stand before one sentence, the one written by a
    logger before a JSON object and the other inside that; none where no line has such.

    A logger's clock shows local time where that of the receiver is UTC.
    """
    for line in head.data.split(b"\n")[:-1]:
        at = SENTENCE.search(line)
        if at is None or not _OBJECT.search(line[: at.start()]):
            continue
        told = [time[0].decode() for time in _TIMES.finditer(line[: at.start()])]
        known = {moment: text for text in told if (moment := _moment(text)) is not None}
        if known and max(known) - min(known) > _ONE_MOMENT_S:
            return tuple(sorted({known[min(known)], known[max(known)]}, key=told.index))
    return ()


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
            time = datetime.fromisoformat(text.replace("/", "-").replace(",", "."))
        elif len(digits) == len("20240131235959"):
            time = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - UTC, as below
        else:
            return float(text) / 10.0 ** (len(digits) - 10)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return None


def _read(feed: Feed) -> Iterator[Batch]:
    yield from NmeaReader(feed.lines, feed.source, feed.options, feed.report, feed.announce)


SENTENCES: Final[Format] = Sentences()
