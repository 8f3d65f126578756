"""What takes longer than anybody waits for a page: one at a time, told how far it is, bounded."""

import secrets
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rich.console import Console

from detectors.core.errors import SelatError
from pipelines.base.progress import Doing, Reporter

FAILED: Final = "Something went wrong; where the desk was started it is said what."
"""Of what failed without a word for a person."""
LIMIT_S: Final = 600.0
"""What isn't done by then is given up: a command does it, in its own time."""
KEPT: Final = 6
"""Of one session: the oldest goes first, so that nobody pushes out what another looks at."""
MAX_KEPT: Final = 48


class BusyError(SelatError):
    """Something else is being worked at."""


class _GivenUpError(Exception):
    """It was stopped, or took too long."""


@dataclass
class Work:
    """One piece of work."""

    owner: str
    """The session that asked for it: nobody else is shown what comes of it."""
    kind: str
    about: Any
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    state: str = "running"
    """running | done | failed | stopped"""
    doing: Doing = field(default_factory=lambda: Doing(""))
    said: str = ""
    hint: str = ""
    """Why it failed, as the command would say it."""
    result: Any = None
    wanted: bool = True
    begun: float = field(default_factory=time.monotonic)

    @property
    def running(self) -> bool:
        """Tell whether it goes on."""
        return self.state == "running"

    def tell(self, doing: Doing) -> None:
        """Note how far it is; ends the work where nobody waits for it any more."""
        self.doing = doing
        if not self.wanted or time.monotonic() - self.begun > LIMIT_S:
            raise _GivenUpError


PARTS: Final = threading.Lock()
"""What the desks of clearances share: however many there are, one works at a time, beside the desk
of who sees everything."""


class Works:
    """The work of a desk; one piece at a time, so that pages stay quick.

    `shared`: held while something is worked at, by whoever else shares it too.
    """

    def __init__(self, shared: "threading.Lock | None" = None) -> None:
        self._lock, self._turn = threading.Lock(), shared or threading.Lock()
        self._works: OrderedDict[str, Work] = OrderedDict()

    def start(self, owner: str, kind: str, about: Any, make: Callable[[Reporter], Any]) -> Work:
        """Begin something; raises BusyError while something else is being worked at."""
        work = Work(owner, kind, about)
        with self._lock:
            if not self._turn.acquire(blocking=False):
                raise BusyError(
                    "the desk is working at something else", hint="wait for it, or stop it there"
                )
            try:
                threading.Thread(target=_run, args=(work, make, self._turn), daemon=True).start()
            except BaseException:  # the machine has no more; later it may
                self._turn.release()
                raise
            self._works[work.key] = work
            for key in [key for key, one in self._works.items() if one.owner == owner][:-KEPT]:
                del self._works[key]
            while len(self._works) > MAX_KEPT:
                self._works.popitem(last=False)
        return work

    def find(self, owner: str, key: str) -> Work | None:
        """Return a piece of work of a session as it stands; None where it has none such."""
        with self._lock:
            work = self._works.get(key)
        # A copy: a page that finds it over finds what came of it, too.
        return replace(work) if work is not None and work.owner == owner else None

    def stop(self, key: str) -> None:
        """Have a piece of work end, as soon as it tells how far it is."""
        if (work := self._works.get(key)) is not None:
            work.wanted = False

    def of(self, owner: str, *kinds: str) -> list[Work]:
        """Return what a session asked for of some kinds, the newest first."""
        with self._lock:
            every = list(self._works.values())
        return [replace(one) for one in reversed(every) if one.owner == owner and one.kind in kinds]


def _run(work: Work, make: Callable[[Reporter], Any], turn: threading.Lock) -> None:
    state = "failed"
    try:
        state = _made(work, make)
    finally:
        turn.release()
        work.said = work.said or (FAILED if state == "failed" else "")
        work.state = state  # whoever sees that it is over may begin something else


def _made(work: Work, make: Callable[[Reporter], Any]) -> str:
    """Do it; return how it ended. What else is raised is printed where the desk was started."""
    try:
        work.result = make(Reporter(Console(quiet=True), None, work.tell))
    except _GivenUpError:
        return "stopped"
    except (SelatError, OSError) as error:
        if isinstance(error, OSError):  # a disk that is full, or read only
            sys.stderr.write(f"error: the system: {error}\n")
        work.said, work.hint = words_of(error)
        return "failed"
    return "done"


def words_of(error: Exception) -> tuple[str, str]:
    """Return what went wrong, with a file too, and what can be done."""
    if isinstance(error, SelatError):
        return error.message, error.hint
    return str(getattr(error, "strerror", "") or "it can't be written"), ""
