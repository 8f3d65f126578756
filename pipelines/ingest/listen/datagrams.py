"""Datagrams (UDP), each of whole lines, with bounds on what anybody may send."""

import ipaddress
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from pipelines.ingest.listen.errors import ListenError
from pipelines.ingest.listen.inbox import POLL_MS, Backoff, Inbox
from pipelines.ingest.listen.names import bracketed

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

_MAX_SENDERS: Final = 10_000
# Datagrams that are handed over together.
_MAX_GATHERED: Final = 256
# Linux: count of datagrams dropped for want of room (socket(7)); no name in Python's socket module.
_SO_RXQ_OVFL: Final = 40
# IEC 61162-450 puts this before the tag block of a sentence in a datagram.
_LWE_HEADER: Final = b"UdPbC\0"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass
class Budget:
    """What may be sent: a rate in the long run, and what was saved up of it (a token bucket)."""

    bytes_per_s: float
    left: float = field(init=False)
    since_s: float | None = None

    def __post_init__(self) -> None:
        self.left = self.bytes_per_s * BURST_S

    def take(self, size: int, now_s: float) -> bool:
        """Return whether `size` bytes may come now; they are taken off then.

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
        return f"udp://{bracketed(self.host)}:{self.port}"

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
                inbox.say(f"listening on udp://{bracketed(bound[0])}:{bound[1]}")
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
            if not poll.poll(POLL_MS):
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
