"""What sources have in common: where they put what they receive, and when they come back."""

import queue
import random
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from pipelines.ingest.listen.status import Counts

POLL_MS: Final = 200
"""So long a source waits at a time, before it looks whether it is to end."""

# Bytes that wait to be recorded: little, since a kill takes them, but seconds of a busy feed.
_MAX_WAITING: Final = 4 << 20
_ITEM_BYTES: Final = 150


class Inbox:
    """What a source has received, waiting to be recorded; bounded, so a fast sender waits for us.

    A source ends when `halt` is set, and says in `state` what it is doing.
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
        """Return what came first, and when (epoch seconds); None if nothing has come by then."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items, timeout_s):
                return None
            received, data = self._items.popleft()
            self.waiting_bytes -= len(data) + _ITEM_BYTES
            self._changed.notify_all()
            return received, data

    def close(self) -> None:
        """Note that nobody looks into it any more."""
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
    connection that has held for `steady_s`, or for `giving_s` and gave something, ends the row: of
    a line that falls every few seconds little is lost then. One that gives nothing for `silent_s`
    is made anew, where that may help.
    """

    first_s: float = 0.5
    most_s: float = 60.0
    steady_s: float = 10.0
    giving_s: float = 2.0
    silent_s: float = 600.0

    def ends_row(self, held_s: float, *, gave: bool) -> bool:
        """Return whether a connection that held for so long was one.

        >>> Backoff().ends_row(3, gave=True), Backoff().ends_row(3, gave=False)
        (True, False)
        """
        return held_s >= (self.giving_s if gave else self.steady_s)

    def delay_s(self, failures: int) -> float:
        """Return seconds to wait after this many failures in a row.

        >>> 30 <= Backoff().delay_s(50) <= 60
        True
        """
        longest = min(self.first_s * 2.0 ** min(failures - 1, 32), self.most_s)
        return longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, hides nothing


class Source(Protocol):
    """A place that lines come from."""

    @property
    def name(self) -> str:
        """Return what a person calls it."""

    @property
    def station(self) -> str:
        """A name that fits a tag block and a file name."""

    def run(self, inbox: Inbox, backoff: Backoff) -> None:
        """Receive until `inbox.halt` is set or nothing more can come.

        Raises ListenError if trying again can't help.
        """
