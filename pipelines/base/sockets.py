"""A listening socket whose connections are bounded from the moment that they are accepted.

The server counts what it serves, and a connection on which TLS hasn't begun isn't that yet: without
a bound of its own, whoever opens enough of them takes every file that the process may open, and
each one that then can't be accepted is a line in its log.
"""

import ipaddress
import os
import socket
from collections import Counter
from contextlib import suppress
from typing import Any, Final

from pipelines.base import peers

MAX_OPEN: Final = 256
"""Each of them is served: who is let in and can't be would be kept out by those who say nothing."""
CROWDED: Final = 64
"""From so many on, who has less than a share gets the place of who has most."""
MAX_OF_NETWORK: Final = CROWDED // 2
"""From one network, though nobody else be there."""
MAX_OF_ACCOUNT: Final = MAX_OPEN // 4
"""From one other account of this machine: a proxy may be one, and then brings all its clients."""
MAX_OF_OTHERS: Final = MAX_OPEN // 2
"""From all of them: the rest is for the account whose server it is."""


class Listener(socket.socket):
    """A socket that closes at once what is accepted beyond its bounds.

    Where there are many, whoever comes from a network that has less than its share gets the place
    of the oldest connection of the network that has most: so many networks as there are, each has
    as much, and none is kept out. Where no more can be open, a network that has none gets a place
    of one that has as much as any, so that not even as many networks as places keep another out.

    On loopback all come from one address: there other accounts of the machine are bounded, and
    whoever's account can't be told as one of them.

    `most_of_one`: connections from one network.
    """

    most_of_one = MAX_OPEN

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._open: list[tuple[socket.socket, str]] = []
        self._ended: list[socket.socket] = []

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection.

        Raises ConnectionAbortedError if there are too many: whoever waits for connections knows it
        as one that has gone.
        """
        made, address = super().accept()
        self._open = [one for one in self._open if one[0].fileno() >= 0]
        self._ended = [one for one in self._ended if one.fileno() >= 0]
        counts = Counter(where for _, where in self._open)
        user = _other_account(made, address)
        whose = user or network_of(str(address[0]))
        of_others = sum(n for one, n in counts.items() if one.startswith(_ACCOUNT))
        full = bool(user) and (counts[user] >= MAX_OF_ACCOUNT or of_others >= MAX_OF_OTHERS)
        # Nobody makes room for who isn't let in.
        if full or not self._has_room(whose, counts):
            made.close()
            raise ConnectionAbortedError("too many connections")
        self._open.append((made, whose))
        return made, address

    def _has_room(self, network: str, counts: Counter[str]) -> bool:
        """Tell whether one more may be open, once somebody made room for it who has most."""
        of_one = counts[network]
        # Of many that come at once none is gone before all were accepted, and each takes a file.
        if len(self._open) >= CROWDED and self.most_of_one < MAX_OPEN > len(self._ended):
            greedy, most = counts.most_common(1)[0]
            full = len(self._open) >= MAX_OPEN
            if of_one + 1 < most or (full and of_one < most):
                self._end_oldest(greedy)
        return len(self._open) < MAX_OPEN and of_one < self.most_of_one

    def _end_oldest(self, network: str) -> None:
        """End a connection; whoever serves it is told as if its client had gone."""
        oldest = next(one for one in self._open if one[1] == network)
        self._open.remove(oldest)
        self._ended.append(oldest[0])
        with suppress(OSError):  # it has ended meanwhile
            oldest[0].shutdown(socket.SHUT_RDWR)


_ACCOUNT: Final = "account "


def _other_account(made: socket.socket, address: Any) -> str:
    """Return whose a connection on loopback is; empty for our own, and from elsewhere."""
    with suppress(OSError, ValueError):
        if not peers.TABLES[4].exists():
            return ""  # not Linux: to look through all processes takes long, for each connection
        if peers.plain(str(address[0])).is_loopback:
            user = peers.account({"client": address, "server": made.getsockname()})
            return "" if user == os.getuid() else f"{_ACCOUNT}{user}"
    return ""


def network_of(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or 64 bits of IPv6 (RFC 6177)."""
    try:
        parsed = peers.plain(address.split("%", maxsplit=1)[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
