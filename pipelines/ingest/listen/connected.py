"""Sources that are one stream: a TCP server, a serial line, standard input."""

import fcntl
import math
import os
import select
import socket
import stat
import termios
import time
import tty
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from pipelines.ingest.listen.errors import ListenError
from pipelines.ingest.listen.inbox import POLL_MS, Backoff, Inbox
from pipelines.ingest.listen.names import bracketed, station_name

_READ: Final = 1 << 16
_CONNECT_S: Final = 10.0


@dataclass(frozen=True)
class TcpSource:
    """A server that sends to whoever connects."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """tcp://HOST:PORT."""
        return f"tcp://{bracketed(self.host)}:{self.port}"

    @property
    def station(self) -> str:
        """The host, as far as it fits."""
        return station_name(self.host)

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Connect, receive, connect again."""
        # A relay whose receiver died keeps its connections, and says nothing more.
        _stay_connected(self.name, self._connect, inbox, backoff, silent_s=backoff.silent_s)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), timeout=_CONNECT_S)
        # A peer that vanished without a word is noticed after a minute.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        return connection


@dataclass(frozen=True)
class SerialSource:
    """A receiver on a serial line: 8 data bits, no parity, 1 stop bit, no flow control."""

    path: str
    baud: int = 38_400

    @property
    def name(self) -> str:
        """serial:PATH?baud=BAUD."""
        return f"serial:{self.path}?baud={self.baud}"

    @property
    def station(self) -> str:
        """The device's name."""
        return station_name(os.path.basename(self.path))  # noqa: PTH119 - a device, not a file

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Open, receive, open again after the plug was pulled."""
        _stay_connected(self.name, self._open, inbox, backoff)

    def _open(self) -> AbstractContextManager[Any]:
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            raise ListenError(
                f"{self.path} may not be read",
                hint="on most systems: add yourself to the group dialout, and log in again",
            ) from error
        device = os.fdopen(fd, "rb", buffering=0)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tty.setraw(fd, termios.TCSANOW)
            mode = termios.tcgetattr(fd)
            mode[2] = mode[2] & ~termios.CSTOPB | termios.CLOCAL | termios.CREAD
            mode[4] = mode[5] = getattr(termios, f"B{self.baud}")
            termios.tcsetattr(fd, termios.TCSANOW, mode)
        except BlockingIOError as error:
            device.close()
            raise OSError("another program is reading it") from error
        except termios.error as error:
            device.close()
            raise ListenError(f"{self.path} isn't a serial line: {error.args[-1]}") from error
        return device


@dataclass(frozen=True)
class StdinSource:
    """Standard input, up to its end."""

    fd: int = 0
    name: str = "standard input"
    station: str = "stdin"

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Receive to the end."""
        try:
            mode = os.fstat(self.fd).st_mode
        except OSError as error:
            raise ListenError("standard input is closed", hint="pipe a feed into it") from error
        if stat.S_ISREG(mode):
            raise ListenError(
                "standard input is a file: the time at which it is read says nothing",
                hint="ingest it: selat ingest -",
            )
        inbox.say("reading standard input")
        inbox.counts.connections += 1
        _pump(self.fd, inbox)
        inbox.say("standard input has ended")


def _stay_connected(
    name: str,
    connect: Callable[[], AbstractContextManager[Any]],
    inbox: Inbox,
    backoff: Backoff,
    silent_s: float = math.inf,
) -> None:
    failures = 0
    while not inbox.halt.is_set():
        began_s, before = time.monotonic(), inbox.counts.received_bytes
        try:
            with connect() as connection:
                inbox.counts.connections += 1
                inbox.say(f"connected to {name}")
                ended = _pump(connection.fileno(), inbox, silent_s)
            silent = f"nothing came for {silent_s / 60:g} min"
            reason = "the other side closed it" if ended else silent
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
        if inbox.halt.is_set():
            return
        # A line that was cut off has ended; what comes next is another one.
        inbox.put(b"\n")
        gave = inbox.counts.received_bytes > before
        steady = backoff.ends_row(time.monotonic() - began_s, gave=gave)
        failures = 1 if steady else failures + 1
        delay_s = backoff.delay_s(failures)
        inbox.say(f"{name}: {reason}; next attempt in {delay_s:.1f} s")
        inbox.halt.wait(delay_s)


def _pump(fd: int, inbox: Inbox, silent_s: float = math.inf) -> bool:
    """Receive until the end, until told to halt, or until nothing has come for so long; whether it
    was the end.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    heard_s = time.monotonic()
    while not inbox.halt.is_set():
        if not poll.poll(POLL_MS):
            if time.monotonic() - heard_s >= silent_s:
                return False
            continue
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            continue
        if not data:
            return True
        inbox.counts.received_bytes += len(data)
        inbox.put(data)
        heard_s = time.monotonic()
    return False
