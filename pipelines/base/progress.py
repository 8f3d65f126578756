"""Progress for a person at a terminal: bars on stderr, plain lines where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from pipelines.base.visible import clean


class Reporter:
    """Says what is going on; on a terminal with bars, else in a line a step."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self.console = console
        self._progress = progress

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
        if self._progress is None:
            yield Bar(None, None)
            return
        task = self._progress.add_task(text, total=total)
        try:
            yield Bar(self._progress, task)
        finally:
            self._progress.remove_task(task)


class Bar:
    """One bar."""

    def __init__(self, progress: Progress | None, task: object) -> None:
        self._progress, self._task = progress, task

    def to(self, done: float, total: float | None = None) -> None:
        """Move the bar to `done` (of `total`)."""
        if self._progress is not None:
            self._progress.update(self._task, completed=done, total=total)  # type: ignore[arg-type]

    def say(self, text: str) -> None:
        """Change what the bar says."""
        if self._progress is not None:
            self._progress.update(self._task, description=text)  # type: ignore[arg-type]


@contextmanager
def reporter(*, quiet: bool = False) -> Iterator[Reporter]:
    """Give a reporter on stderr."""
    console = Console(stderr=True, quiet=quiet)
    if quiet or not console.is_terminal:
        yield Reporter(console, None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Reporter(console, progress)
