"""AIVDM and AIVDO sentences, bare or in a logger's lines, which may be JSON objects."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from pipelines.ingest.column_names import names_time, names_utc
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats.base import SENTENCE, Feed, Format, Found, Head
from pipelines.ingest.nmea import SIMULATED, NmeaReader
from pipelines.ingest.report import escaped
from pipelines.ingest.rows import Batch
from pipelines.ingest.told_times import ONE_MOMENT_S, TIMES, ZONED, moment, told_before

_KEYED: Final = re.compile(rb'"([^"\\]{1,64})"\s{0,9}:\s{0,9}\[?\s{0,9}"?$')
# A tag block in a JSON text, where each backslash is written twice.
_MARKED: Final = re.compile(
    rb"\\{1,2}(?:[^\\]{0,60},)?s:" + SIMULATED.encode() + rb"[^\\]{0,80}\\{1,2}!"
)
# A line of a sentence, and one of anything.
_PLAIN: Final = re.compile(rb"^(?:\\[^\\\r\n]{1,80}\\){0,4}![A-Z]{2}VD[MO],\d+,\d+,", re.MULTILINE)
_LINE: Final = re.compile(rb"^[^\r\n]", re.MULTILINE)
# A tag block that says a time, and stays before what else stands there.
_TAGGED: Final = re.compile(rb"\\(?:[^\\]{0,200},)?c:\d{10,13}[^\\]{0,200}\\")
# What `listen.recorder` calls its files.
_RECORDED: Final = re.compile(r"\d{8}T\d{6}Z-[A-Za-z0-9_-]{1,15}(?:_\d{3})?\.nmea(?:\.zst)?")
_LOOKED_AT: Final = 1_000
_LATE: Final = 0.1


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

    What `listen` records may be text of anybody: with a header as its first line all of it would
    be read as a table, and with that of an exercise's truth be passed over. So of a recording one
    line that is a sentence is enough: it is dated, or was as it was recorded.
    """
    n_plain, name = len(_PLAIN.findall(head.data)), PurePath(head.name).name
    if n_plain and _RECORDED.fullmatch(name):
        return [Found("nmea", _read)]
    most = 2 * n_plain > len(_LINE.findall(head.data))
    return [Found("nmea", _read)] if most and head.once(_doubt) is None else []


def _doubt(head: Head) -> IngestError | None:
    """Say why nobody can tell what is the receiver's time of what stands before a sentence.

    A logger's clock shows local time where the other, in JSON or an epoch, is UTC. What comes late
    by as much happens: few lines of many are so.
    """
    n_several, apart = 0, []
    for line in head.data.split(b"\n")[:_LOOKED_AT]:
        at = SENTENCE.search(line)
        before = line[: at.start()] if at else b""
        # A tag block's time is the receiver's.
        told = None if _TAGGED.search(before) else told_before(before)
        if told is None:
            continue
        if told.zone:
            return IngestError(
                f"{head.name} says times in a zone before its AIS sentences: "
                f"{escaped(told.zone)!r}",
                hint="write them in UTC, or with an offset: 2026-03-14T16:30:00+08:00",
            )
        n_several += 1
        if told.apart is not None:
            apart.append((told.apart, told.in_json))
    if not apart or len(apart) <= _LATE * n_several:
        return None
    (one, other), in_json = apart[0]
    one, other = escaped(one), escaped(other)
    hint = "write each behind the time at which it was received, in UTC"
    if in_json:
        hint = "leave out what the logger wrote before each object: sed 's/^[^{]*//' FILE"
    return IngestError(
        f"{head.name} says two times before an AIS sentence: {one!r} and {other!r}", hint=hint
    )


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
    found = [*TIMES.finditer(before)]
    moments = [(one, moment(one[0].decode())) for one in found]
    known = [at for _, at in moments if at is not None]
    if not known or max(known) - min(known) > ONE_MOMENT_S:
        return False
    return all(_is_called_so(before, one) for one, at in moments if at is not None)


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
    return ZONED.search(time[0]) is not None or names_utc(key)


def _read(feed: Feed) -> Iterator[Batch]:
    yield from NmeaReader(feed.lines, feed.source, feed.options, feed.report, feed.announce)


SENTENCES: Final[Format] = Sentences()
