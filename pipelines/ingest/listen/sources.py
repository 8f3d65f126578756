"""Where a live feed comes from: a TCP server, UDP datagrams, a serial line, standard input.

A source runs in a thread of its own and puts what it receives, with the moment of reception, into
an `Inbox`. The connected ones (TCP, serial) come back after every interruption, waiting longer each
time (`Backoff`).
"""

import fcntl
import ipaddress
import os
import queue
import random
import re
import select
import socket
import stat
import sys
import termios
import threading
import time
import tty
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

from detectors.core.errors import ConfigError
from pipelines.ingest.listen.errors import ListenError
from pipelines.ingest.listen.status import Counts

MAX_DATAGRAM: Final = 16_384
"""Bytes of the largest datagram that is taken. One holds one sentence or a few, in practice at most
what fits an Ethernet frame (1,472); web gateways send JSON of some thousand."""

SENDER_KB_S: Final = 1000.0
"""What one sender of datagrams may send in the long run: some 13,000 sentences a second, several
times the whole world's reports (300 million a day)."""

ALL_SENDERS: Final = 4.0
"""So many times as much may all senders together, whose addresses may be made up."""

BURST_S: Final = 5.0
"""So long a sender may send what it saved up."""

_READ: Final = 1 << 16
_POLL_MS: Final = 200
_CONNECT_S: Final = 10.0
# Bytes that wait to be recorded: little, since a kill takes them, but seconds of a busy feed.
_MAX_WAITING: Final = 4 << 20
_ITEM_BYTES: Final = 150
_MAX_SENDERS: Final = 10_000
# Datagrams that are handed over together.
_MAX_GATHERED: Final = 256
# Linux: count of datagrams dropped for want of room (socket(7)); no name in Python's socket module.
_SO_RXQ_OVFL: Final = 40
# IEC 61162-450 puts this before the tag block of a sentence in a datagram.
_LWE_HEADER: Final = b"UdPbC\0"
_USAGE: Final = "tcp://HOST:PORT, udp://:PORT, serial:/dev/NAME?baud=38400, or - for standard input"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Inbox:
    """What a source has received, waiting to be recorded; bounded, so a fast sender waits for us.

    Attributes
    ----------
    halt
        Set when the source should end.
    state
        What the source is doing, in words.
    waiting_bytes
        What is in it.
    """

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.halt = threading.Event()
        self.state = "starting"
        self._closed = False
        self._items: deque[tuple[float, bytes]] = deque()
        self._changed = threading.Condition()
        self.waiting_bytes = 0
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()

    def put(self, data: bytes) -> None:
        """Hand over what has just been received, waiting for room."""
        item = (time.time(), data)
        with self._changed:
            self._changed.wait_for(lambda: self.waiting_bytes < _MAX_WAITING or self._closed)
            self._items.append(item)
            self.waiting_bytes += len(data) + _ITEM_BYTES
            self._changed.notify_all()

    def get(self, timeout_s: float) -> tuple[float, bytes] | None:
        """What came first, and when (epoch seconds); None if nothing has come by then."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items, timeout_s):
                return None
            received, data = self._items.popleft()
            self.waiting_bytes -= len(data) + _ITEM_BYTES
            self._changed.notify_all()
            return received, data

    def close(self) -> None:
        """Nobody looks into it any more."""
        self.halt.set()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def say(self, state: str) -> None:
        """Tell the user that something has changed."""
        self.state = state
        self.notices.put(state)


@dataclass(frozen=True)
class Backoff:
    """How long to wait before the next attempt.

    After n failures in a row `first_s` doubled n - 1 times, at most `most_s`; of that a random part
    between a half and the whole, so that listeners cut off together don't come back together. A
    connection that has held for `steady_s` ends the row.
    """

    first_s: float = 0.5
    most_s: float = 60.0
    steady_s: float = 10.0

    def delay_s(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row.

        >>> 30 <= Backoff().delay_s(50) <= 60
        True
        """
        longest = min(self.first_s * 2.0 ** min(failures - 1, 32), self.most_s)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing


@dataclass
class Budget:
    """What may be sent: a rate in the long run, and what was saved up of it (a token bucket)."""

    bytes_per_s: float
    left: float = field(init=False)
    since_s: float | None = None

    def __post_init__(self) -> None:
        self.left = self.bytes_per_s * BURST_S

    def take(self, size: int, now_s: float) -> bool:
        """Whether `size` bytes may come now; they are taken off then.

        >>> budget = Budget(100.0)
        >>> budget.take(500, 0.0), budget.take(1, 0.0), budget.take(100, 1.0), budget.take(1, 1.0)
        (True, False, True, False)
        """
        passed_s = 0.0 if self.since_s is None else now_s - self.since_s
        self.since_s = now_s
        self.left = min(self.left + passed_s * self.bytes_per_s, self.bytes_per_s * BURST_S)
        if size > self.left:
            return False
        self.left -= size
        return True


class Source(Protocol):
    """A place that lines come from."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def station(self) -> str:
        """A name that fits a tag block and a file name."""

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Receive until `inbox.halt` is set or nothing more can come.

        Raises
        ------
        ListenError
            If trying again can't help.
        """


@dataclass(frozen=True)
class TcpSource:
    """A server that sends to whoever connects."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """tcp://HOST:PORT."""
        return f"tcp://{_bracketed(self.host)}:{self.port}"

    @property
    def station(self) -> str:
        """The host, as far as it fits."""
        return _station(self.host)

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Connect, receive, connect again."""
        _stay_connected(self.name, self._connect, inbox, backoff)

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
        return _station(os.path.basename(self.path))  # noqa: PTH119 - a device, not a file

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


@dataclass(frozen=True)
class UdpSource:
    """Datagrams, each of whole lines; from anybody, or from listed networks only.

    It listens on the loopback address unless another one is given, since whoever reaches the port
    can write into the record. What one sender, and all together, may send is bounded, so that none
    fills the disk or drowns the others; what is more is counted and dropped.
    """

    host: str
    port: int
    senders: tuple[Network, ...] = ()
    kb_per_s: float = SENDER_KB_S
    _allowed: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """udp://HOST:PORT."""
        return f"udp://{_bracketed(self.host)}:{self.port}"

    @property
    def station(self) -> str:
        """The port."""
        return f"udp-{self.port}"

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Bind and receive."""
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_DGRAM
            )[0]
            with socket.socket(family, kind, protocol) as receiver:
                receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
                if sys.platform == "linux":
                    receiver.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
                receiver.bind(address)
                bound = receiver.getsockname()
                inbox.say(f"listening on udp://{_bracketed(bound[0])}:{bound[1]}")
                inbox.counts.connections += 1
                self._receive(receiver, inbox)
        except OSError as error:
            raise ListenError(
                f"{self.name} can't be listened on: {error.strerror}",
                hint="another program may have the port, or the address isn't this machine's",
            ) from error

    def _receive(self, receiver: socket.socket, inbox: Inbox) -> None:
        everybody = Budget(self.kb_per_s * 1000 * ALL_SENDERS)
        budgets: dict[str, Budget] = {}
        poll = select.poll()
        poll.register(receiver, select.POLLIN)
        while not inbox.halt.is_set():
            if not poll.poll(_POLL_MS):
                continue
            datagrams, size, now_s = [], 0, time.monotonic()
            for _ in range(_MAX_GATHERED):
                try:
                    data, extra, flags, sender = receiver.recvmsg(
                        MAX_DATAGRAM, 64, socket.MSG_DONTWAIT
                    )
                except BlockingIOError:
                    break
                size += len(data)
                for level, kind, value in extra:
                    if (level, kind) == (socket.SOL_SOCKET, _SO_RXQ_OVFL):
                        inbox.counts.dropped_datagrams = int.from_bytes(value[:4], sys.byteorder)
                if not self._is_allowed(sender[0]):
                    inbox.counts.refused_datagrams += 1
                elif flags & socket.MSG_TRUNC:
                    inbox.counts.long_datagrams += 1
                elif not (
                    self._budget(budgets, sender[0]).take(len(data), now_s)
                    and everybody.take(len(data), now_s)
                ):
                    inbox.counts.excess_datagrams += 1
                else:
                    datagrams.append(data.removeprefix(_LWE_HEADER))
            inbox.counts.received_bytes += size
            if datagrams:
                # The end of a datagram ends a line.
                inbox.put(b"\n".join(datagrams) + b"\n")

    def _budget(self, budgets: dict[str, Budget], sender: str) -> Budget:
        if sender not in budgets:
            if len(budgets) >= _MAX_SENDERS:
                budgets.clear()
            budgets[sender] = Budget(self.kb_per_s * 1000)
        return budgets[sender]

    def _is_allowed(self, sender: str) -> bool:
        if not self.senders:
            return True
        if sender not in self._allowed:
            if len(self._allowed) >= _MAX_SENDERS:
                self._allowed.clear()
            address = ipaddress.ip_address(sender.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None) or address
            self._allowed[sender] = any(mapped in network for network in self.senders)
        return self._allowed[sender]


def parse(text: str) -> Source:
    """The source that a user names.

    >>> parse("udp://:10110").name, parse("serial:/dev/ttyUSB0").name
    ('udp://127.0.0.1:10110', 'serial:/dev/ttyUSB0?baud=38400')

    Raises
    ------
    ConfigError
        If it names none, or names one in a wrong way.
    """
    if text == "-":
        return StdinSource()
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port
        options = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError as error:
        raise ConfigError(f"{text}: {error}", hint=_USAGE) from error
    if url.scheme == "serial":
        _refuse_others(text, options, {"baud"}, url, path=True)
        return SerialSource(url.path, _baud(text, options.get("baud", "38400")))
    if url.scheme not in {"tcp", "udp"}:
        raise ConfigError(f"{text} isn't a source to listen to", hint=_USAGE)
    if port is None:
        raise ConfigError(f"{text} names no port", hint=_USAGE)
    if url.scheme == "tcp":
        _refuse_others(text, options, set(), url)
        if not host or not port:
            raise ConfigError(f"{text} names no host", hint=_USAGE)
        return TcpSource(host, port)
    _refuse_others(text, options, {"from", "max_kb_s"}, url)
    host = host or "127.0.0.1"
    if _is_multicast(host):
        raise ConfigError(
            f"{text}: multicast groups aren't joined",
            hint="have the sender, or a relay such as socat, send to this machine's address",
        )
    return UdpSource(host, port, _networks(text, options.get("from", "")), _rate(text, options))


def _refuse_others(
    text: str, options: dict[str, str], known: set[str], url: SplitResult, *, path: bool = False
) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise ConfigError(f"{text}: unknown option {unknown[0]!r}", hint=_USAGE)
    if url.username is not None or url.fragment or (bool(url.netloc) if path else url.path):
        raise ConfigError(f"{text} isn't a source to listen to", hint=_USAGE)
    if path and not url.path.startswith("/"):
        raise ConfigError(f"{text} names no device", hint=_USAGE)


def _baud(text: str, value: str) -> int:
    if not re.fullmatch(r"[1-9]\d{1,6}", value) or not hasattr(termios, f"B{value}"):
        raise ConfigError(
            f"{text}: {value!r} isn't a baud rate that this system knows",
            hint="AIS receivers use 38400 (IEC 61162-2)",
        )
    return int(value)


def _networks(text: str, value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if value)
    except ValueError as error:
        raise ConfigError(f"{text}: {error}", hint="?from=ADDRESS or NETWORK/BITS, …") from error


def _rate(text: str, options: dict[str, str]) -> float:
    value = options.get("max_kb_s", str(SENDER_KB_S))
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) or float(value) <= 0:
        raise ConfigError(f"{text}: {value!r} is no rate", hint="?max_kb_s=1000, from one sender")
    return float(value)


def _is_multicast(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_multicast
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _station(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "-", text)[:15] or "unnamed"


def _stay_connected(
    name: str, connect: Callable[[], AbstractContextManager[Any]], inbox: Inbox, backoff: Backoff
) -> None:
    failures = 0
    while not inbox.halt.is_set():
        began_s = time.monotonic()
        try:
            with connect() as connection:
                inbox.counts.connections += 1
                inbox.say(f"connected to {name}")
                _pump(connection.fileno(), inbox)
            reason = "the other side closed it"
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
        if inbox.halt.is_set():
            return
        # A line that was cut off has ended; what comes next is another one.
        inbox.put(b"\n")
        failures = 1 if time.monotonic() - began_s >= backoff.steady_s else failures + 1
        delay_s = backoff.delay_s(failures)
        inbox.say(f"{name}: {reason}; next attempt in {delay_s:.1f} s")
        inbox.halt.wait(delay_s)


def _pump(fd: int, inbox: Inbox) -> None:
    """Receive until the end, or until told to halt."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while not inbox.halt.is_set():
        if not poll.poll(_POLL_MS):
            continue
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            continue
        if not data:
            return
        inbox.counts.received_bytes += len(data)
        inbox.put(data)
