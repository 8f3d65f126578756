"""A recording from its start to its end."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from detectors.core.errors import ConfigError
from pipelines.base.text import counted
from pipelines.ingest.listen.errors import ListenError
from pipelines.ingest.listen.framing import LineBuffer
from pipelines.ingest.listen.inbox import Backoff, Inbox, Source
from pipelines.ingest.listen.recorder import Recorder, recover
from pipelines.ingest.listen.sources import parse
from pipelines.ingest.listen.stamp import Stamper, more_follows
from pipelines.ingest.listen.status import Counts, Meter, Status, Summary, Vessels, shown

ROTATE_S: Final = 900.0
ROTATE_BYTES: Final = 64 << 20
_SAVE_S: Final = 0.5
_STATUS_S: Final = 1.0
_LOOK_S: Final = 0.1
_GRACE_S: Final = 1.0
_MAX_OVERDUE_S: Final = 5.0
_LEFT_OUT_S: Final = 900.0

Notice = Callable[[str], None]


def listen(
    source: str,
    folder: Path,
    *,
    rotate_s: float = ROTATE_S,
    rotate_bytes: int = ROTATE_BYTES,
    station: str | None = None,
    on_status: Callable[[Status], None] | None = None,
    on_notice: Notice | None = None,
    stop: threading.Event | None = None,
    backoff: Backoff | None = None,
) -> Summary:
    """Record a live feed until told to stop, or until standard input ends.

    Parameters
    ----------
    source
        ``tcp://HOST:PORT``; ``udp://:PORT`` on the loopback address, ``udp://0.0.0.0:PORT`` on all,
        either with ``?from=ADDRESS,NETWORK/BITS`` from listed senders only;
        ``serial:/dev/NAME?baud=38400``; ``-`` for standard input.
    folder
        Where files go, and where left-overs of killed recorders are finished first.
    rotate_s, rotate_bytes
        A file ends at the multiples of `rotate_s` since the epoch, or at `rotate_bytes`
        compressed, but not between the parts of a message where that can be helped.
    station
        Who receives, for the tag blocks and file names: 1 to 15 letters, digits, - and _; else
        named after the source. One that begins with SELATSIM records an exercise.
    on_status, on_notice
        Called from this thread: once a second; when something happens (connected, cut off,
        a file finished or recovered, something not recorded).

    Raises
    ------
    ConfigError
        If the source, the station or a limit is wrong.
    ListenError
        If the source can't be used at all, or a file can't be written (a full disk). What was
        recorded stays readable.
    """
    if not rotate_s >= 1 or rotate_bytes < 1:  # not a number is no length either
        raise ConfigError("a file has to last at least a second and hold at least a byte")
    origin = parse(source)
    recording = _Recording(
        origin, folder, rotate_s, rotate_bytes, station or origin.station, on_status, on_notice
    )
    return recording.run(stop or threading.Event(), backoff or Backoff())


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Return an event that SIGINT, SIGTERM and SIGHUP set, in the main thread's with block.

    A SIGHUP that is ignored (nohup) stays so.
    """
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    kinds = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        kinds.append(signal.SIGHUP)
    before = {kind: signal.signal(kind, ask) for kind in kinds}
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


class _Recording:
    """The parts of a recording, and the loop that drives them."""

    def __init__(
        self,
        source: Source,
        folder: Path,
        rotate_s: float,
        rotate_bytes: int,
        station: str,
        on_status: Callable[[Status], None] | None,
        on_notice: Notice | None,
    ) -> None:
        self._source, self._station = source, station
        self._counts = Counts()
        self._stamper = Stamper(station, self._counts)
        self._recorder = Recorder(folder, station, rotate_s=rotate_s, rotate_bytes=rotate_bytes)
        self._unfinished: list[ListenError] = []
        self._recovered = recover(folder, lambda _, error: self._unfinished.append(error))
        self._lines = LineBuffer(self._counts)
        self._inbox = Inbox(self._counts)
        self._vessels = Vessels()
        self._on_status = on_status or (lambda _: None)
        self._on_notice = on_notice or (lambda _: None)
        self._last_line, self._last_s = b"", 0.0
        self._told = 0
        self._left_out, self._left_out_s = "", -math.inf
        self._due_s: float | None = None
        self._failure: BaseException | None = None

    def run(self, stop: threading.Event, backoff: Backoff) -> Summary:
        began_s = time.monotonic()
        for recovered in self._recovered:
            lost = recovered.lost_bytes
            cut = f"; {lost:,} bytes at its end were cut" if lost else ""
            path = recovered.path
            self._on_notice(f"finished {path}, which a killed recorder had left{cut}")
        for error in self._unfinished:
            self._on_notice(f"{error.message}; {error.hint}")
        reader = threading.Thread(target=self._receive, args=(backoff,), daemon=True)
        reader.start()
        try:
            try:
                self._work(reader, stop, began_s)
            finally:
                # Also on Ctrl-C without a handler: what came in is finished properly.
                self._inbox.close()
                self._recorder.close()
        finally:
            self._tell()
            self._tell_left_out()
            reader.join(_GRACE_S)
        if self._failure is not None:
            raise self._failure
        return Summary(
            self._source.name,
            self._station,
            time.monotonic() - began_s,
            len(self._vessels),
            copy(self._counts),
            tuple(file.path for file in self._recorder.finished),
            tuple(file.path for file in self._recovered),
        )

    def _receive(self, backoff: Backoff) -> None:
        try:
            self._source.run(self._inbox, backoff)
        except BaseException as error:
            # Raised again by the thread that waits for this one.
            self._failure = error

    def _work(self, reader: threading.Thread, stop: threading.Event, began_s: float) -> None:
        meter = Meter(began_s)
        save_s, status_s = began_s + _SAVE_S, began_s + _STATUS_S
        give_up_s = float("inf")
        while True:
            # Asked before the look into the inbox: a reader that has ended puts nothing more.
            ended = not reader.is_alive()
            if stop.is_set() and not self._inbox.halt.is_set():
                self._inbox.halt.set()
                give_up_s = time.monotonic() + _GRACE_S
            item = self._inbox.get(0 if ended else _LOOK_S)
            if item is not None:
                received, data = item
                self._record(data, received)
            elif ended or time.monotonic() >= give_up_s:
                break
            now_s = time.monotonic()
            if now_s >= save_s:
                self._recorder.save()
                self._rotate(now_s)
                save_s = now_s + _SAVE_S
            if now_s >= status_s:
                self._tell()
                if now_s - self._left_out_s >= _LEFT_OUT_S and self._tell_left_out():
                    self._left_out_s = now_s
                self._on_status(self._status(now_s, began_s, meter))
                status_s = max(status_s + _STATUS_S, now_s)
        self._record(b"\n", time.time())

    def _record(self, data: bytes, received: float) -> None:
        lines = self._stamper.stamp(self._lines.lines(data), received)
        if not lines:
            return
        self._recorder.write(lines)
        for line in lines:
            self._vessels.see(line)
        self._last_line, self._last_s = lines[-1], received

    def _rotate(self, now_s: float) -> None:
        if not self._recorder.is_due():
            return
        # The next look comes in half a second; a message of several parts is over by then.
        self._due_s = self._due_s or now_s
        if not more_follows(self._last_line) or now_s - self._due_s > _MAX_OVERDUE_S:
            self._recorder.finish()
            self._due_s = None

    def _tell(self) -> None:
        while not self._inbox.notices.empty():
            self._on_notice(self._inbox.notices.get())
        for file in self._recorder.finished[self._told :]:
            self._on_notice(f"finished {file.path} with {counted(file.lines, 'line')}")
        self._told = len(self._recorder.finished)

    def _tell_left_out(self) -> bool:
        """Say what hasn't been recorded, if that is more than was said; whether it was."""
        left_out, before = self._counts.left_out(), self._left_out
        if left_out == before:
            return False
        self._left_out = left_out
        self._on_notice(f"not recorded so far: {left_out}")
        return True

    def _status(self, now_s: float, began_s: float, meter: Meter) -> Status:
        return Status(
            state=self._inbox.state,
            elapsed_s=now_s - began_s,
            rate_per_s=meter.rate_per_s(now_s, self._counts.lines),
            vessels=len(self._vessels),
            last_line=shown(self._last_line),
            last_time=datetime.fromtimestamp(self._last_s, UTC) if self._last_s else None,
            file=self._recorder.path,
            file_bytes=self._recorder.size,
            backlog_bytes=self._inbox.waiting_bytes,
            counts=copy(self._counts),
        )
