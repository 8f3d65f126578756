"""A listening socket whose connections are bounded from the moment that they are accepted.

The server counts what it serves, and a connection on which TLS hasn't begun isn't that yet: without
a bound of its own, whoever opens enough of them takes every file that the process may open, and
each one that then can't be accepted is a line in its log.
"""

import socket
from collections import Counter
from contextlib import suppress
from typing import Any, Final

from pipelines.web.tries import network_of

MAX_OPEN: Final = 256
"""Each of them is served: who is let in and can't be would be kept out by those who say nothing."""
CROWDED: Final = 64
"""From so many on, who has less than a share gets the place of who has most."""
MAX_OF_NETWORK: Final = CROWDED // 2
"""From one network, though nobody else be there."""


class Listener(socket.socket):
    """A socket that closes at once what is accepted beyond its bounds.

    Where there are many, whoever comes from a network that has less than its share gets the place
    of the oldest connection of the network that has most: so many networks as there are, each has
    as much, and none is kept out. Where no more can be open, a network that has none gets a place
    of one that has as much as any, so that not even as many networks as places keep another out.

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
        network = network_of(str(address[0]))
        self._open = [one for one in self._open if one[0].fileno() >= 0]
        self._ended = [one for one in self._ended if one.fileno() >= 0]
        counts = Counter(where for _, where in self._open)
        of_one = counts[network]
        # Of many that come at once none is gone before all were accepted, and each takes a file.
        if len(self._open) >= CROWDED and self.most_of_one < MAX_OPEN > len(self._ended):
            greedy, most = counts.most_common(1)[0]
            full = len(self._open) >= MAX_OPEN
            if of_one + 1 < most or (full and of_one < most):
                self._end_oldest(greedy)
        if len(self._open) >= MAX_OPEN or of_one >= self.most_of_one:
            made.close()
            raise ConnectionAbortedError("too many connections")
        self._open.append((made, network))
        return made, address

    def _end_oldest(self, network: str) -> None:
        """End a connection; whoever serves it is told as if its client had gone."""
        oldest = next(one for one in self._open if one[1] == network)
        self._open.remove(oldest)
        self._ended.append(oldest[0])
        with suppress(OSError):  # it has ended meanwhile
            oldest[0].shutdown(socket.SHUT_RDWR)
