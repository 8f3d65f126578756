"""An end to what waits for a pipe, or reads what has no end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nobody_waits() -> Iterator[None]:
    """Raise TimeoutError in a with block that lasts too long."""

    def ended(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(10)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
