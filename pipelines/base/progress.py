"""Progress for a person at a terminal, and in a file for those who aren't: the desk."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from pipelines.base.files import read_plain, write_text
from pipelines.base.visible import clean

NOTE_EVERY_S: Final = 1.0
_MAX_NOTE: Final = 4_000


@dataclass(frozen=True)
class Doing:
    """What is going on.

    `done` and `total`: how far it is, in a unit of the step's own; 0 where that isn't known.
    """

    stage: str
    detail: str = ""
    done: float = 0.0
    total: float = 0.0

    @property
    def share(self) -> float | None:
        """Return how much of the step is done, 0 to 1; None where that isn't known."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else None


Tell = Callable[[Doing], None]


class Reporter:
    """Says what is going on; on a terminal with bars, else in a line a step.

    `tell`: told of everything that a bar shows, also where none is drawn. What it raises ends the
    work.
    """

    def __init__(
        self, console: Console, progress: Progress | None, tell: Tell = lambda _: None
    ) -> None:
        self.console = console
        self._progress, self._tell = progress, tell

    def step(self, text: str) -> None:
        """One line that stays on the screen."""
        self.console.print(clean(text), highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Draw nothing for the length of a with block, so that a person can be asked something."""
        if self._progress is not None:
            self._progress.stop()
        try:
            yield
        finally:
            if self._progress is not None:
                self._progress.start()

    @contextmanager
    def bar(self, text: str, total: float | None) -> Iterator["Bar"]:
        """Show a bar for the length of a with block; with no terminal nothing is drawn."""
        doing = Doing(text, total=total or 0.0)
        self._tell(doing)
        if self._progress is None:
            yield Bar(None, None, doing, self._tell)
            return
        task = self._progress.add_task(text, total=total)
        try:
            yield Bar(self._progress, task, doing, self._tell)
        finally:
            self._progress.remove_task(task)


class Bar:
    """One bar."""

    def __init__(self, progress: Progress | None, task: object, doing: Doing, tell: Tell) -> None:
        self._progress, self._task = progress, task
        self._doing, self._tell = doing, tell

    def to(self, done: float, total: float | None = None) -> None:
        """Move the bar to `done` (of `total`)."""
        whole = self._doing.total if total is None else total
        self._now(Doing(self._doing.stage, self._doing.detail, done, whole))
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total)  # type: ignore[arg-type]

    def say(self, text: str) -> None:
        """Change what the bar says."""
        self._now(Doing(self._doing.stage, text, self._doing.done, self._doing.total))
        if self._progress is not None:
            self._progress.update(self._task, description=text)  # type: ignore[arg-type]

    def _now(self, doing: Doing) -> None:
        self._doing = doing
        self._tell(doing)


@contextmanager
def reporter(*, quiet: bool = False, noted: Path | None = None) -> Iterator[Reporter]:
    """Give a reporter on stderr.

    `noted`: the file in which others find what is going on (`noted_in`); gone when the block ends.
    """
    console = Console(stderr=True, quiet=quiet)
    with _noting(noted) as tell:
        if quiet or not console.is_terminal:
            yield Reporter(console, None, tell)
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            yield Reporter(console, progress, tell)


@contextmanager
def _noting(path: Path | None) -> Iterator[Tell]:
    if path is None:
        yield lambda _: None
        return
    last: tuple[str, float] = ("", 0.0)

    def tell(doing: Doing) -> None:
        nonlocal last
        now = time.monotonic()
        if last[0] == doing.stage and now - last[1] < NOTE_EVERY_S:
            return
        last = (doing.stage, now)
        # No run fails because nobody can be told how far it is.
        with suppress(OSError):
            write_text(path, json.dumps(asdict(doing)) + "\n")

    try:
        yield tell
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def noted_in(path: Path) -> Doing | None:
    """Return what a process noted in a file; None where there is none, or it can't be read."""
    try:
        held = json.loads(read_plain(path, _MAX_NOTE))
        stage, detail = (clean(str(held[name])) for name in ("stage", "detail"))
        done, total = (float(held[name]) for name in ("done", "total"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Doing(stage, detail, done, total) if math.isfinite(done + total) else None
