"""Work that is killed at a chosen change of the file system, as nothing can be undone then."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

_CHANGES: Final = {f"os.{name}" for name in ("rename", "link", "symlink", "mkdir", "rmdir")} | {
    "os.remove",
    "os.truncate",
}


def kills(work: Callable[[], object]) -> Iterator[int]:
    """Do work in processes killed before their first change, their second, … until one ends well.

    Each yields the number of the change, for who looks at what is left. The work may use neither
    threads nor DuckDB: it goes on in a fork of this process.
    """
    for at in count(1):
        child = os.fork()
        if not child:
            _work_until(work, at)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != -signal.SIGKILL:
            assert code == 0
            assert at > 1
            return
        yield at


def _work_until(work: Callable[[], object], at: int) -> None:
    left = at

    def heard(event: str, given: tuple[Any, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(given[2], int) and given[2] & os.O_CREAT
        if event in _CHANGES or writes:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(heard)
    try:
        work()
    except BaseException:
        os._exit(1)
    os._exit(0)
