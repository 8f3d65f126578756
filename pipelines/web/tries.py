"""How often a password may be tried: every wrong one makes the next wait, twice as long each time.

By the name from one address; by the address, whatever names it tries; and by the name from
wherever, more slowly, so that many addresses don't help either (NIST SP 800-63B-4, section 3.2.2).
A browser that a name signed in with before is counted by itself, so that nobody can keep an officer
out by trying (OWASP, Slow Down Online Guessing Attacks with Device Cookies). A name that isn't
there waits as one that is. What is remembered is bounded: the longest unused goes first, except for
names: each is counted in one of a fixed number of places that nobody outside can tell, so that
guessing at others doesn't push out what was counted of one.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from pipelines.base.sockets import network_of

MAX_KEPT: Final = 4096
MAX_BROWSERS: Final = 8
"""Of one name: who may sign in pushes out nobody else's."""
FORGET_S: Final = 24 * 3600.0
MAX_WAIT_S: Final = 15 * 60.0
MAX_ANYWHERE_S: Final = 60.0

FREE: Final = 5
"""Wrong passwords of a name from an address before it has to wait."""
FREE_OF_ADDRESS: Final = 20
FREE_ANYWHERE: Final = 50


@dataclass(frozen=True)
class _Name:
    """Where a name is counted, wherever it is tried from."""

    place: int


@dataclass
class _Count:
    wrong: int = 0
    last: float = 0.0


class Tries:
    """Wrong passwords of late.

    `clock`: seconds, from whenever.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()
        self._names: dict[Hashable, _Count] = {}
        self._secret = secrets.token_bytes(32)
        self._browsers: OrderedDict[str, str] = OrderedDict()

    def wait_s(self, name: str, address: str, browser: str = "") -> float:
        """Return how long it is until a password may be tried; 0 where it may be now.

        `browser`: what a browser brings that the name once signed in with (`right`): others can't
        keep it out, whatever they try.
        """
        with self._lock:
            now, counted = self._clock(), self._counted(name, address, browser)
            return max(self._left(key, free, most, now) for key, free, most in counted)

    def wrong(self, name: str, address: str, browser: str = "") -> None:
        """Note a wrong password."""
        with self._lock:
            for key, _, _ in self._counted(name, address, browser):
                if isinstance(key, _Name):
                    count = self._names.setdefault(key, _Count())
                else:
                    count = self._counts.setdefault(key, _Count())
                    self._counts.move_to_end(key)
                count.wrong, count.last = count.wrong + 1, self._clock()
            while len(self._counts) > MAX_KEPT:
                self._counts.popitem(last=False)

    def right(self, name: str, address: str, browser: str = "") -> str:
        """Take back a wrong one that was right, and forget those of the name from there.

        Returns what the browser is to bring another time.
        """
        with self._lock:
            (own, _, _), *others = self._counted(name, address, browser)
            self._counts.pop(own, None)
            for key, _, _ in others:
                if (count := self._found(key)) is not None:
                    count.wrong = max(0, count.wrong - 1)
            made = secrets.token_urlsafe(32)
            self._browsers.pop(_digest(browser), None)
            self._browsers[_digest(made)] = name
            same = [digest for digest, of in self._browsers.items() if of == name]
            for digest in same[:-MAX_BROWSERS]:
                del self._browsers[digest]
            return made

    def _counted(
        self, name: str, address: str, browser: str
    ) -> tuple[tuple[Hashable, int, float], ...]:
        digest = _digest(browser)
        if self._browsers.get(digest) == name:
            return self._of(name, digest, known=True)
        return self._of(name, network_of(address), known=False)

    def _of(self, name: str, where: str, *, known: bool) -> tuple[tuple[Hashable, int, float], ...]:
        """Return what is counted for a try: key, how many are free, how long the wait gets."""
        own = (("both", name, where), FREE, MAX_WAIT_S)
        if known:
            return (own,)
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), key=self._secret).digest()
        return (
            own,
            (("address", where), FREE_OF_ADDRESS, MAX_WAIT_S),
            (_Name(int.from_bytes(digest) % MAX_KEPT), FREE_ANYWHERE, MAX_ANYWHERE_S),
        )

    def __len__(self) -> int:
        return len(self._counts) + len(self._names)

    def _found(self, key: Hashable) -> _Count | None:
        return self._names.get(key) if isinstance(key, _Name) else self._counts.get(key)

    def _left(self, key: Hashable, free: int, most_s: float, now: float) -> float:
        count = self._found(key)
        if count is None or now - count.last > FORGET_S:
            return 0.0
        over = count.wrong - free
        if over < 0:
            return 0.0
        wait_s: float = min(most_s, 2.0 ** min(over, 20))
        return max(0.0, count.last + wait_s - now)


def _digest(browser: str) -> str:
    """Return what is kept of a browser's word: a table is searched by it, so none can be timed."""
    return hashlib.sha256(browser.encode("utf-8", "surrogatepass")).hexdigest()
