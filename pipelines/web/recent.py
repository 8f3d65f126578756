"""What pages keep open: the newest of what was asked for, made once each."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, Final, TypeVar

T = TypeVar("T")

KEPT: Final = 6
"""Nights, and maps, that stay open: a watch goes to and fro between a few."""


class Recent:
    """What was asked for last, made once each, also where several ask at a time."""

    def __init__(self, size: int = KEPT) -> None:
        self._size, self._lock = size, RLock()
        self._made: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, else make it."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
                while len(self._made) > self._size:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            made: T = self._made[key]
            return made
