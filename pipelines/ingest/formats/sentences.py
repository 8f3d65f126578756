"""AIVDM and AIVDO sentences, bare or in a logger's lines, which may be JSON objects."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from pipelines.ingest.column_names import is_no_utc
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Feed, Format, Found, Head
from pipelines.ingest.nmea import SIMULATED, NmeaReader
from pipelines.ingest.rows import Batch

# ISO 8601, digits of date and clock, or an epoch in s, ms, µs or ns.
_TIMES: Final = re.compile(
    rb"(?<![\w.-])(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    rb"|\d{10}(?:\.\d{1,9})?|\d{13}|\d{14}|\d{16}|\d{19})(?![\w.])"
)
# A tag block in a JSON text, where each backslash is written twice.
_MARKED: Final = re.compile(
    rb"\\{1,2}(?:[^\\]{0,60},)?s:" + SIMULATED.encode() + rb"[^\\]{0,80}\\{1,2}!"
)
_KEY: Final = re.compile(rb'"([^"\\]{1,60})"\s{0,8}:\s{0,8}"?$')
_KEY_REACH: Final = 80
_ZONED: Final = re.compile(r":\d\d.*(?:Z|[+-]\d\d:?\d\d)$")
_ONE_MOMENT_S: Final = 10.0
"""A line that says a time twice, once rounded or once when it was written down, says one."""


class Sentences:
    """A feed with an AIS sentence in its first bytes."""

    title = "AIVDM sentences (!AIVDM,1,1,…)"

    def find(self, head: Head) -> Sequence[Found]:
        """See `base.Format`."""
        if SENTENCE.search(head.data) and (not head.is_json or _behind_one_time(head)):
            return [Found("nmea", _read)]
        return []

    def why_not(self, head: Head) -> IngestError | None:
        """Return None: nothing is nearly a sentence."""
        return None


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
    """Tell whether there are times in what stands before a sentence, all of one moment, and none of
    them another clock's by its key, or a number that looks like one.
    """
    times = [(at.start(), at[0].decode()) for at in _TIMES.finditer(before)]
    moments = [(start, text, _moment(text)) for start, text in times]
    known = [moment for *_, moment in moments if moment is not None]
    for start, text, moment in moments:
        key = _KEY.search(before, max(start - _KEY_REACH, 0), start)
        zoned = _ZONED.search(text) is not None
        if moment is not None and key and not zoned and is_no_utc(key[1].decode(errors="replace")):
            return False
    return bool(known) and max(known) - min(known) <= _ONE_MOMENT_S


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
