"""AIVDM and AIVDO sentences to columns: lines in, batches out.

**Times.** A report's time is, in this order: the tag block's `c`; an epoch behind the sentence;
an epoch or ISO 8601 time before it (UTC if it names no zone); the `$PGHP` line before it that
names its checksum. A report of several sentences has the time of its first part.

A sentence with none of them takes the time of the nearest line before it that has one, provided
that the next line with one follows within `neighbour_gap_s` of it: the logger wrote the sentence
between those two moments, so the time is known to that precision. Such reports are counted
(`Report.time_from_neighbours`). Times of `$PGHP` lines aren't used for neighbours, since satellite
data in them are hours late. On the Australian log with 851 stamped lines among 34,029, the times
found so agree with the UTC second inside the reports within 4 s for 90 % of them.

All else is rejected as "no time".

**Exercises.** A feed whose sentences have a tag-block source that begins with `SELATSIM` is
simulated. A feed with such and other sentences is refused.

This module is the only one that knows how sentences are decoded; a faster decoder replaces
`NmeaReader`, `payload` and `multipart`.
"""

import re
from array import array
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from pipelines.ingest import payload as ais
from pipelines.ingest.errors import IngestError
from pipelines.ingest.lines import Lines
from pipelines.ingest.multipart import MAX_PARTS, Assembler, Part
from pipelines.ingest.options import EARLIEST, IngestOptions
from pipelines.ingest.report import Report
from pipelines.ingest.rows import Batch, angle_deg, check_positions, check_statics, speed_kn
from pipelines.ingest.sentence import (
    NO_TAG,
    SENTENCE,
    START,
    Tag,
    Wrapper,
    checksum,
    is_armoured,
    read_prefix,
    read_suffix,
    read_wrapper,
)

SIMULATED: Final = b"SELATSIM"
_MAX_HELD: Final = 50_000
# Where several streams are merged, other lines get between a `$PGHP` line and its sentence; the
# eight bits of the checksum that it names don't bear a long search.
_WRAPPER_LINES: Final = 10
_EARLIEST_US: Final = int(EARLIEST.timestamp() * 1e6)
_OTHER: Final = re.compile(rb"[$!]([A-Z][A-Z0-9]{2,7})[,*]")
_POSITION_COLUMNS: Final = (*ais.Position._fields, "time", "source_offset")


class NmeaReader:
    """Reads the sentences of one member.

    Parameters
    ----------
    lines
        The feed.
    source
        What goes into the column `source`.
    options
        How to read.
    report
        Filled while reading.
    """

    def __init__(self, lines: Lines, source: str, options: IngestOptions, report: Report) -> None:
        self._lines, self._source = lines, source
        self._options, self._report = options, report
        self._parts = Assembler(report)
        self._positions = array("q")
        self._position_texts: list[bytes] = []
        self._statics: list[tuple[object, ...]] = []
        self._static_texts: list[bytes] = []
        self._wrappers: list[Wrapper] = []
        self._tag: Tag = NO_TAG
        self._stamp: int | None = None
        self._held: list[tuple[ais.Message, int, bytes]] = []
        self._gap_us = int(options.neighbour_gap_s * 1e6)
        self._assumed_us = (
            None if options.assume_start is None else int(options.assume_start.timestamp() * 1e6)
        )
        self.timed = 0
        """Reports with a time of their own that can be one."""
        self._simulated = self._real = 0

    def __iter__(self) -> Iterator[Batch]:
        """Batches of at most about `batch_rows` rows.

        Raises
        ------
        IngestError
            If simulated and real sentences are mixed, or a time is to be assumed for a feed that
            has times.
        """
        for first, lines in self._lines:
            for number, line in enumerate(lines, first):
                self._line(number, line)
                if len(self._position_texts) + len(self._statics) >= self._options.batch_rows:
                    yield self._batch()
        self._parts.close()
        self._release(None)
        if self._report.time_assumed and self.timed:
            raise IngestError(
                "a time is to be assumed for a feed that has times of its own",
                hint="leave out --assume-time: it is for feeds without any times",
            )
        if len(self._position_texts) + len(self._statics):
            yield self._batch()

    # Lines and sentences

    def _line(self, number: int, line: bytes) -> None:
        starts = [match.start() for match in START.finditer(line)]
        if not starts:
            self._other_line(number, line)
            return
        tag = read_prefix(line[: starts[0]]) if starts[0] else NO_TAG
        if tag == NO_TAG:
            tag = self._tag
        self._tag = NO_TAG
        whole = len(starts) == 1
        for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
            self._sentence(number, line[start:end], tag, whole=whole)
            tag, whole = NO_TAG, False

    def _sentence(self, number: int, text: bytes, tag: Tag, *, whole: bool) -> None:
        self._report.rows_read += 1
        match = SENTENCE.match(text)
        if match is None:
            self._report.reject("malformed", number, text)
            return
        talker, total, part, sequence, channel, payload, fill, said = match.groups()
        sum_ = int(said, 16)
        # From behind "!" to before "*".
        if checksum(text[1 : match.end() - 3]) != sum_:
            self._report.reject("checksum", number, text)
            return
        suffix_time, station = read_suffix(text[match.end() :])
        time_us = tag.time_us if tag.time_us is not None else suffix_time
        stamp = time_us
        if time_us is None:
            time_us = self._wrapped_time(number, sum_)
        station = tag.station or station
        self._tell_exercise(station, part, known=whole and not tag.damaged)
        if stamp is not None and stamp >= _EARLIEST_US:
            self._release(stamp)
        if not is_armoured(payload):
            self._report.reject("payload", number, text)
        elif int(total) == int(part) == 1:
            self._message(ais.decode(payload, int(fill)), time_us, number, text)
        elif not 1 <= int(part) <= int(total) <= MAX_PARTS:
            self._report.reject("malformed", number, text)
        else:
            key = (talker, channel, sequence, total, _group(tag.group) or station)
            piece = Part(
                int(part), payload, int(fill), time_us, number, text, sum_, tuple(self._wrappers)
            )
            joined = self._parts.add(key, piece, int(total))
            if joined is not None:
                message = ais.decode(joined.payload, joined.fill_bits)
                self._message(message, joined.time_us, joined.line, joined.text)

    def _wrapped_time(self, number: int, sum_: int) -> int | None:
        """The time of the `$PGHP` line for a sentence with that checksum; used once."""
        if not self._wrappers:
            return None
        self._wrappers = [w for w in self._wrappers if number - w.line <= _WRAPPER_LINES]
        for wrapper in self._wrappers:
            if wrapper.checksum in {None, sum_}:
                self._wrappers.remove(wrapper)
                return wrapper.time_us
        return None

    def _other_line(self, number: int, line: bytes) -> None:
        text = line.strip(b"\0 \t\r\n")
        if not text:
            self._report.other_line("blank" if not line.strip() else "NUL bytes")
            return
        if text.startswith(b"\\"):
            tag = read_prefix(text[: text.rfind(b"\\") + 1])
            if tag.time_us is not None and tag.time_us >= _EARLIEST_US:
                self._release(tag.time_us)
            if text.endswith(b"\\"):
                self._tag = tag
                self._report.other_line("tag block")
                return
        if b"$PGHP," in text:
            wrapper = read_wrapper(text)
            self._report.other_line("$PGHP" if wrapper else "$PGHP, damaged")
            if wrapper:
                self._wrappers.append(wrapper._replace(line=number))
            return
        other = _OTHER.search(text)
        if b"VDM," in text or b"VDO," in text:
            self._report.rows_read += 1
            self._report.reject("malformed", number, text)
        elif other is not None:
            self._report.other_line(other[0][:-1].decode("ascii"))
        elif text.startswith((b"#", b"//", b";")):
            self._report.other_line("comment")
        else:
            self._report.rows_read += 1
            long = len(line) >= 1 << 16
            self._report.reject("overlong line" if long else "not a sentence", number, text)

    def _tell_exercise(self, station: bytes, part: bytes, *, known: bool) -> None:
        """Count whether a sentence is simulated; damage may have taken its tag block away."""
        if station.startswith(SIMULATED):
            self._simulated += 1
            self._report.simulated = True
        elif known and part == b"1":
            self._real += 1
        if self._simulated and self._real:
            raise IngestError(
                "simulated and real sentences are mixed in one feed",
                hint=f"tag-block sources beginning with {SIMULATED.decode()} are an exercise's; "
                "keep them in files of their own",
            )

    # Messages

    def _message(self, message: ais.Message, time_us: int | None, number: int, text: bytes) -> None:
        if message.fault:
            self._report.reject(message.fault, number, text)
            return
        self._report.messages += 1
        if message.position is None and message.static is None:
            self._report.other_message(f"type {message.msg_type}")
            return
        if time_us is None and self._gap_us and self._stamp is not None:
            self._held.append((message, number, text))
            if len(self._held) > _MAX_HELD:
                self._release(None)
        elif time_us is None:
            self._untimed(message, number, text)
        else:
            self.timed += time_us >= _EARLIEST_US
            self._keep(message, time_us, number, text)

    def _release(self, stamp: int | None) -> None:
        """Give the sentences since the last stamp its time, if the new one is near enough."""
        if self._held:
            held, self._held = self._held, []
            before = self._stamp
            near = stamp is not None and before is not None and abs(stamp - before) <= self._gap_us
            for message, number, text in held:
                if near and before is not None:
                    self._report.time_from_neighbours += 1
                    self._keep(message, before, number, text)
                else:
                    self._untimed(message, number, text)
        self._stamp = stamp

    def _untimed(self, message: ais.Message, number: int, text: bytes) -> None:
        if self._assumed_us is None:
            self._report.reject("no time", number, text)
        else:
            self._report.time_assumed += 1
            self._keep(message, self._assumed_us, number, text)

    def _keep(self, message: ais.Message, time_us: int, number: int, text: bytes) -> None:
        if message.position is not None:
            self._positions.extend((*message.position, time_us, number))
            self._position_texts.append(text)
        if message.static is not None:
            also = message.position is not None
            self._statics.append((*message.static, time_us, number, also))
            self._static_texts.append(text)

    # Columns

    def _batch(self) -> Batch:
        positions, position_texts = self._positions, self._position_texts
        statics, static_texts = self._statics, self._static_texts
        self._positions, self._position_texts = array("q"), []
        self._statics, self._static_texts = [], []
        frame = scaled_positions(positions, self._source)
        said = scaled_statics(statics, self._source)
        return Batch(
            check_positions(frame, self._options, self._report, position_texts.__getitem__),
            check_statics(said, self._options, self._report, static_texts.__getitem__),
        )


def scaled_positions(values: "array[int]", source: str) -> pd.DataFrame:
    """Position reports in the units of `frames.POSITIONS`, `time` as epoch microseconds.

    Message 27 has latitude and longitude in 1/10 minute, speed in knots (63: not available) and
    course in degrees (511: not available); the others 1/10000 minute, 0.1 kn, 0.1 degree
    (ITU-R M.1371-5, 3.25 and 3.1).
    """
    table = np.frombuffer(values, "int64").reshape(-1, len(_POSITION_COLUMNS))
    column = dict(zip(_POSITION_COLUMNS, table.T, strict=True))
    is_long = column["msg_type"] == 27
    per_degree = np.where(is_long, 600.0, 600_000.0)
    tenth = np.where(is_long, 1.0, 10.0)
    sog_kn = np.where(is_long & (column["sog"] == 63), np.nan, column["sog"] / tenth)
    is_b = (column["msg_type"] == 18) | (column["msg_type"] == 19)
    return pd.DataFrame(
        {
            "mmsi": column["mmsi"],
            "time": column["time"],
            "lat": column["lat"] / per_degree,
            "lon": column["lon"] / per_degree,
            "sog_kn": speed_kn(sog_kn),
            "cog_deg": angle_deg(column["cog"] / tenth),
            "heading_deg": angle_deg(column["heading"].astype("float64")),
            "nav_status": column["nav_status"],
            "msg_type": column["msg_type"],
            # Message 27 is sent by class A and class B "SO" alike (ITU-R M.1371-5, 3.25).
            "ais_class": np.where(is_b, "B", np.where(is_long, "", "A")),
            "source": source,
            "source_offset": column["source_offset"],
        }
    )


def scaled_statics(values: list[tuple[object, ...]], source: str) -> pd.DataFrame:
    """Static reports in the units of `frames.STATICS`, `time` as epoch microseconds."""
    names = [*ais.Static._fields, "time", "source_offset", "also_static"]
    columns = list(zip(*values, strict=True)) or [()] * len(names)
    frame = pd.DataFrame(dict(zip(names, map(list, columns), strict=True)))
    numbers = ["mmsi", "imo", "ship_type", "length", "beam", "draught", "time", "source_offset"]
    frame = frame.astype(dict.fromkeys(numbers, "int64"))
    frame["source"] = pd.Series(source, index=frame.index, dtype="str")
    frame["length_m"] = frame["length"].where(frame["length"] > 0).astype("float64")
    frame["beam_m"] = frame["beam"].where(frame["beam"] > 0).astype("float64")
    frame["draught_m"] = frame["draught"].where(frame["draught"] > 0) / 10.0
    return frame


def _group(text: bytes) -> bytes:
    """The group that `g:part-of-group` names, empty if it names none."""
    part, _, rest = text.partition(b"-")
    return b"g" + rest if part and rest else b""
