"""AIVDM and AIVDO sentences to batches: dates and checks the columns that `aivdm` decodes.

**Times.** A report's time is, in this order: the tag block's `c`, its own or that of its group; the
`$PGHP` line near it, before or behind, that names its checksum; an epoch behind the sentence; an
epoch or ISO 8601 time before it (UTC if it names no zone). A report of several sentences has the
time of its first part. (A logger's epoch behind the sentence goes after `$PGHP`, see
`aivdm.TIME_FROM`.)

Where those epochs are a minute or more later than the `$PGHP` lines near them, they say when the
lines were delivered. A sentence that no such line names then has the time of those around it if
they are within 10 s of one another; else it is rejected ("delivery time"). Receivers on another
zone's time are put right (see `fast_clocks`). What the receivers' clocks are otherwise seen to be
wrong by is said in `Report.clocks`, see `clocks`.

A sentence with none of them takes the time of the nearest line before it that has one, provided
that the next line with one follows within `neighbour_gap_s` of it: the logger wrote the sentence
between those two moments, so the time is known to that precision. Such a line may be one of a
ship's own receiver that says what time it is (`aivdm.own_clock`: RMC, ZDA). Such reports are
counted (`Report.time_from_neighbours`). Times of `$PGHP` lines aren't used for neighbours, since
satellite data in them are hours late. On the Australian log with 851 stamped lines and 767 of a
receiver among 34,029, the times found so agree with the UTC second inside the reports within 4 s
for 97 % of them (by the stamped lines alone for 95 %).

All else is rejected as "no time".

**Exercises.** A feed whose sentences have a tag-block source that begins with `SELATSIM` is
simulated. A feed with such and other sentences is refused, unless those others are few and look
like damage.

**Places.** `source_offset` is the byte, from the beginning of the decompressed feed, at which the
report's first sentence begins, tag block included; `aivdm.reread` shows what stands there. In an
archive of several files it counts on through all of them.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.ingest.aivdm import (
    FIT,
    FUTURE,
    NO_TIME,
    UNFIT,
    Columns,
    Decoder,
    native_positions,
    statics_frame,
    unfit_positions,
    unfit_statics,
)
from pipelines.ingest.aivdm.memory import (
    LATEST_US,
    MAX_TEXT,
    POSITION,
    STATIC,
    Rows,
    copied,
    joined,
)
from pipelines.ingest.clocks import Clocks
from pipelines.ingest.dating import Dated, Dating
from pipelines.ingest.errors import IngestError
from pipelines.ingest.fast_clocks import FastClocks
from pipelines.ingest.lines import HEAD, Lines
from pipelines.ingest.options import IngestOptions
from pipelines.ingest.report import MAX_SAMPLES, Report
from pipelines.ingest.rows import Batch

SIMULATED: Final = "SELATSIM"

_EXTENDED: Final = 19
# Messages that become rows. Message 9 is a search and rescue aircraft's: detectors would take it
# for a vessel that falls silent when it lands, so it is counted with the other messages.
_KEPT: Final = frozenset({1, 2, 3, 5, 18, 19, 24, 27})
# Rows that the decoder makes room for.
_FEW: Final = 1 << 12
_MANY: Final = 1 << 17
_NAMES: Final = {"tags": "tag block"}
# Of so many sentences of an exercise one may have lost its tag block to damage, and be taken for a
# real one: a line end in the place of the backslash does that.
_MARRED_OF: Final = 1_000
_DAMAGE: Final = ("checksum", "malformed", "not a sentence")
# Bytes remembered to show what stood at an offset: the first part of a message may lie some lines
# before the last.
_REMEMBERED: Final = 4 << 20


class NmeaReader:
    """Reads the sentences of one member.

    What it is given is said of `formats.base.Feed`.
    """

    def __init__(
        self,
        lines: Lines,
        source: str,
        options: IngestOptions,
        report: Report,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        self._lines, self._source = lines, source
        self._options, self._report = options, report
        # An archive may hold thousands of small files.
        self._decoder = Decoder(announce, _FEW if len(lines.head) < HEAD else _MANY)
        self._first = lines.next - 1
        self._recent = _Recent()
        self._dating = Dating(round(options.neighbour_gap_s * 1e6), self._recent.text)
        assumed, latest = options.assume_start, options.not_after
        self._assumed_us = None if assumed is None else round(assumed.timestamp() * 1e6)
        self._latest_us = LATEST_US if latest is None else round(latest.timestamp() * 1e6)
        self._positions, self._statics = _Queue(POSITION), _Queue(STATIC)
        self._timed = 0
        self._fast, self._clocks = FastClocks(), Clocks()

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches of at most `batch_rows` rows.

        Raises IngestError if simulated and real sentences are mixed, or a time is to be assumed for
        a feed that has times.
        """
        for piece in self._lines.pieces():
            self._recent.add(piece)
            for columns in self._decoder.stream(piece):
                self._take(columns)
                yield from self._batches(self._options.batch_rows)
            self._tell_exercise()
        if self._lines.damaged:
            self._lines.rest = self._decoder.cut()
            self._lines.rest_at = self._lines.next - 1 - len(self._lines.rest)
        for columns in self._decoder.stream_end():
            self._take(columns)
        self._settle(self._fast.end())
        self._keep(self._dating.end())
        self._tell_exercise()
        self._count()
        yield from self._batches(1)

    # -- rows -------------------------------------------------------------------------------------

    def _take(self, columns: Columns) -> None:
        self._settle(self._fast.put_right(columns))

    def _settle(self, settled: list[Columns]) -> None:
        for columns in settled:
            self._clocks.positions(columns.positions)
            self._clocks.bases(columns.bases)
            for dated in self._dating.date(columns):
                self._keep(dated)

    def _keep(self, dated: Dated) -> None:
        """Sort out the rows that can be right, and count the others."""
        for rows, found, keep in zip(
            dated.rows, dated.found, (self._keep_positions, self._keep_statics), strict=True
        ):
            if len(rows):
                keep(rows, found, dated.texts)

    def _keep_positions(
        self, rows: Rows, found: NDArray[np.bool_], texts: dict[int, bytes]
    ) -> None:
        self._assume(rows, found, np.ones(len(rows), bool))
        problem = unfit_positions(rows, self._latest_us)
        self._reject(rows, problem, texts)
        good = problem == FIT
        inside = self._options.area.contains(rows["lat"] / 600_000.0, rows["lon"] / 600_000.0)
        self._report.outside_area += int(np.count_nonzero(good & ~inside))
        self._positions.add(rows, good & inside)

    def _keep_statics(self, rows: Rows, found: NDArray[np.bool_], texts: dict[int, bytes]) -> None:
        # A message 19 is counted as a position already.
        own = rows["msg_type"] != _EXTENDED
        self._assume(rows, found, own)
        problem = unfit_statics(rows, self._latest_us)
        self._reject(rows, np.where(own, problem, FIT), texts)
        good = problem == FIT
        self._report.also_static += int(np.count_nonzero(good & ~own))
        self._statics.add(rows, good)

    def _assume(self, rows: Rows, found: NDArray[np.bool_], own: NDArray[np.bool_]) -> None:
        """Count where the times come from, and give the one that the user knows."""
        untimed = rows["time"] == NO_TIME
        self._report.time_from_neighbours += int(np.count_nonzero(own & found))
        self._timed += int(np.count_nonzero(own & ~found & (rows["time"] > 0)))
        if self._assumed_us is not None:
            rows["time"][untimed] = self._assumed_us
            self._report.time_assumed += int(np.count_nonzero(own & untimed))

    def _reject(self, rows: Rows, problem: NDArray[np.uint8], texts: dict[int, bytes]) -> None:
        """Count rows by what is wrong with them, with the texts of the first few."""
        early = problem == FUTURE
        if early.any():
            self._report.wait(rows["mmsi"][early], rows["time"][early])
        counts = np.bincount(problem, minlength=len(UNFIT))
        for code in np.flatnonzero(counts[1:]) + 1:
            wanted = MAX_SAMPLES - self._report.rejected.get(UNFIT[code], 0)
            offsets = rows["offset"][np.flatnonzero(problem == code)[: max(wanted, 0)]].tolist()
            shown = [(self._first + at, texts.get(at) or self._recent.text(at)) for at in offsets]
            self._report.reject_many(UNFIT[code], shown, int(counts[code]))

    def _batches(self, least: int) -> Iterator[Batch]:
        """Yield batches of what is kept, as long as there are at least so many rows."""
        most, stations = self._options.batch_rows, self._decoder.stations
        while len(self._positions) + len(self._statics) >= least:
            positions = self._positions.pop(most)
            statics = self._statics.pop(most - len(positions))
            yield Batch(
                native_positions(positions, self._source, stations, self._first),
                statics_frame(statics, self._source, self._first),
            )

    # -- the feed as a whole ----------------------------------------------------------------------

    def _tell_exercise(self) -> None:
        """Tell by the stations' names whether the feed is simulated.

        A sentence without a station is real, unless damage may have taken its tag block away: there
        must be as much damage in the feed, and hardly any such sentences.
        """
        decoder, report, counts = self._decoder, self._report, self._decoder.counts
        names = decoder.stations
        simulated = sum(name.startswith(SIMULATED) for name in names)
        report.simulated |= simulated > 0
        if not report.simulated:
            return
        real = sum(not _may_be_simulated(name) for name in names)
        real += counts["unnamed"] + counts["stations_lost"]
        damaged = sum(decoder.rejects.get(reason, 0) for reason in _DAMAGE)
        damaged += counts["damaged_tags"] + counts["unchecked_tags"]
        if real > min(damaged, 1 + counts["sentences"] // _MARRED_OF):
            raise IngestError(
                "simulated and real sentences are mixed in one feed",
                hint=f"tag-block sources beginning with {SIMULATED} are an exercise's; keep them "
                "in files of their own",
            )

    def _count(self) -> None:
        """Account for what became no row."""
        report, decoder, counts = self._report, self._decoder, self._decoder.counts
        report.timed += self._timed
        if report.time_assumed and report.timed:
            raise IngestError(
                "a time is to be assumed for a feed that has times of its own",
                hint="leave out --assume-time: it is for feeds without any times",
            )
        report.rows_read += counts["pieces"] - counts["other_lines"]
        report.messages += counts["messages"]
        report.joined_parts += counts["joined_parts"]
        report.duplicate_parts += counts["duplicate_parts"]
        report.time_of_delivery += counts["delivered"] + counts["delivered_around"]
        report.delivery_lag_s += counts["delivered_lag_us"] / 1e6
        report.time_put_right += counts["delivered"]
        report.clocks += self._fast.found(decoder.stations)
        report.clocks += self._clocks.found(decoder.stations)
        for msg_type, number in decoder.messages.items():
            if msg_type not in _KEPT:
                report.other_message(f"type {msg_type}", number)
        for kind, number in decoder.other_lines.items():
            report.other_line(_NAMES.get(kind, kind), number)
        samples = decoder.samples
        for reason, number in decoder.rejects.items():
            shown = [(self._first + s.start, s.text) for s in samples if s.reason == reason]
            report.reject_many(reason, shown, number)


def _may_be_simulated(name: str) -> bool:
    """Return whether a station is an exercise's, or may be but for one damaged byte."""
    mark = name[: len(SIMULATED)]
    if len(mark) < len(SIMULATED):  # a backslash in the place of the next byte cuts it
        return SIMULATED.startswith(mark)
    return sum(a != b for a, b in zip(mark, SIMULATED, strict=True)) <= 1


class _Queue:
    """Rows that wait for a batch to be full."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._parts: deque[Rows] = deque()
        self._dtype = dtype
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Rows, good: NDArray[np.bool_]) -> None:
        """Keep a copy of the good rows."""
        kept = copied(rows, None if good.all() else good)
        if len(kept):
            self._parts.append(kept)
            self._count += len(kept)

    def pop(self, most: int) -> Rows:
        """Take out the first rows."""
        taken: list[Rows] = []
        left = most
        while left and self._parts:
            part = self._parts.popleft()
            if len(part) > left:
                self._parts.appendleft(part[left:])
                part = part[:left]
            taken.append(part)
            left -= len(part)
        self._count -= most - left
        return joined(taken, self._dtype)


class _Recent:
    """The bytes decoded last."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._next = 0

    def add(self, piece: bytes) -> None:
        """Note the next bytes of the feed."""
        self._pieces.append((self._next, piece))
        self._next += len(piece)
        while self._next - self._pieces[0][0] - len(self._pieces[0][1]) > _REMEMBERED:
            self._pieces.popleft()

    def text(self, offset: int) -> bytes:
        """Return the beginning of the line at an offset, empty if it is forgotten."""
        text = b""
        for start, piece in self._pieces:
            place = offset + len(text) - start
            if 0 <= place < len(piece):
                text += piece[place : place + MAX_TEXT - len(text)]
        return next((line for line in text.splitlines() if line.strip()), b"")
