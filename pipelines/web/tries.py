"""How often a password may be tried: every wrong one makes the next wait, twice as long each time.

By the name from one address, so that nobody can keep an officer out from elsewhere; by the address,
whatever names it tries; and by the name from wherever, more slowly, so that many addresses don't
help either (NIST SP 800-63B-4, section 3.2.2; OWASP, Authentication Cheat Sheet). A name that isn't
there waits as one that is. What is remembered is bounded: the longest unused goes first.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Final

MAX_KEPT: Final = 4096
FORGET_S: Final = 24 * 3600.0
MAX_WAIT_S: Final = 15 * 60.0
MAX_ANYWHERE_S: Final = 60.0

FREE: Final = 5
"""Wrong passwords of a name from an address before it has to wait."""
FREE_OF_ADDRESS: Final = 20
FREE_ANYWHERE: Final = 50


@dataclass
class _Count:
    wrong: int = 0
    last: float = 0.0


class Tries:
    """Wrong passwords of late.

    Parameters
    ----------
    clock
        Seconds, from whenever.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._counts: OrderedDict[Hashable, _Count] = OrderedDict()

    def wait_s(self, name: str, address: str) -> float:
        """Return how long it is until a password may be tried; 0 where it may be now."""
        with self._lock:
            now = self._clock()
            return max(self._left(key, free, most, now) for key, free, most in _of(name, address))

    def wrong(self, name: str, address: str) -> None:
        """Note a wrong password."""
        with self._lock:
            for key, _, _ in _of(name, address):
                count = self._counts.setdefault(key, _Count())
                count.wrong, count.last = count.wrong + 1, self._clock()
                self._counts.move_to_end(key)
            while len(self._counts) > MAX_KEPT:
                self._counts.popitem(last=False)

    def right(self, name: str, address: str) -> None:
        """Take back a wrong one that was right, and forget those of the name from the address."""
        with self._lock:
            (own, _, _), *others = _of(name, address)
            self._counts.pop(own, None)
            for key, _, _ in others:
                if (count := self._counts.get(key)) is not None:
                    count.wrong = max(0, count.wrong - 1)

    def __len__(self) -> int:
        """How much is remembered."""
        return len(self._counts)

    def _left(self, key: Hashable, free: int, most_s: float, now: float) -> float:
        count = self._counts.get(key)
        if count is None or now - count.last > FORGET_S:
            return 0.0
        over = count.wrong - free
        if over < 0:
            return 0.0
        wait_s: float = min(most_s, 2.0 ** min(over, 20))
        return max(0.0, count.last + wait_s - now)


def _of(name: str, address: str) -> tuple[tuple[Hashable, int, float], ...]:
    """Return what is counted for a try: key, how many are free, how long the wait gets."""
    where = _network(address)
    return (
        ((name, where), FREE, MAX_WAIT_S),
        (("", where), FREE_OF_ADDRESS, MAX_WAIT_S),
        ((name, ""), FREE_ANYWHERE, MAX_ANYWHERE_S),
    )


def _network(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or 64 bits of IPv6 (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
