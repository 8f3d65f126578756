"""Looks between nights, one after the other, until told to stop: `selat watch`, and `selat serve`.

What goes wrong with one look is said, and is no matter of the next. The store's one writer is held
for the length of a look alone; while somebody else writes, or the night's run is due, no look is
made. Who asks it to end waits for the look that is going on, which takes seconds.
"""

import gc
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from detectors.core.errors import SelatError
from pipelines.base.failure import failure_of, note_failure
from pipelines.base.processes import end_with_parent
from pipelines.base.progress import Reporter, reporter
from pipelines.base.schedule import LOOK
from pipelines.base.settings import Installation, load
from pipelines.base.terminal import guard
from pipelines.ingest.listen import stop_on_signals
from pipelines.run.looks import Looked, Looker
from pipelines.store import StoreBusyError
from pipelines.store.catalogue import writer_lock
from pipelines.store.kept import keeping

Say = Callable[[str], None]


def watch(
    installation: Installation,
    feeds: Sequence[str],
    every_min: float,
    report: Reporter,
    stop: threading.Event,
    say: Say,
) -> None:
    """Look every so many minutes until `stop` is set; the first time at once.

    A look that takes longer than that is followed by the next one at once. While another process
    watches this home none is made: each would find a run that it doesn't know, and look at
    everything again. When that one ends, this one goes on.
    """
    looker, first, alone = Looker(installation, feeds, report, every_min), True, False
    memory_gb = installation.settings.detection.memory_gb
    with economy(memory_gb) as settle_down, ExitStack() as held:
        while not stop.is_set():
            began_s = time.monotonic()
            now = datetime.now(UTC)
            try:
                if not alone:
                    held.enter_context(_alone(installation))
                    alone = True
                say(f"{now:%H:%M}Z {look(looker, installation).text}")
            except StoreBusyError as error:
                say(f"{now:%H:%M}Z no look: {error.message}")
            except SelatError as error:
                say(f"{now:%H:%M}Z {error.message}" + (f" ({error.hint})" if error.hint else ""))
            except Exception:  # whatever it is, the next look is made
                say(f"{now:%H:%M}Z {traceback.format_exc()}")
            if first:
                settle_down()
            first = False
            stop.wait(max(0.0, every_min * 60 - (time.monotonic() - began_s)))


@contextmanager
def _alone(installation: Installation) -> Iterator[None]:
    """Be the only process that watches a home.

    Raises SelatError if another does.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(writer_lock(installation.home / "watch.lock"))
        except StoreBusyError as error:
            raise SelatError(
                "no look: another process watches this home",
                hint="end selat watch or selat serve there, or leave it to that one",
            ) from error
        yield


@contextmanager
def economy(memory_gb: float) -> Iterator[Callable[[], None]]:
    """Let looks cost less, for the length of a with block; give what is to be called after the
    first one.

    Texts are held as Python's: of the frames of a look, of some hundred rows, Arrow's columns took
    a seventh. Garbage isn't sought in what was loaded for good: that took a thirtieth. What is read
    of judged reports is kept for the next look, in a share of the memory that one may take.
    """

    def settle_down() -> None:
        gc.collect()
        gc.freeze()

    try:
        with pd.option_context("mode.string_storage", "python"), keeping(memory_gb):
            yield settle_down
    finally:
        gc.unfreeze()


def look(looker: Looker, installation: Installation) -> Looked:
    """Look once; that it failed is noted in the home, until one doesn't.

    Raises what `Looker.look` raises; a store that is being written is no failure.
    """
    try:
        looked = looker.look()
    except StoreBusyError:
        raise
    except Exception as error:
        note_failure(installation, error, LOOK)
        raise
    with suppress(OSError):
        if f": {LOOK} failed" in failure_of(installation):
            installation.failure.unlink()
    return looked


def command(installation: Installation, feeds: Sequence[str], every_min: float) -> list[str]:
    """Return what starts a process that watches; see `main`."""
    asked = [str(installation.home), str(installation.config), json.dumps(list(feeds))]
    return [sys.executable, "-m", "pipelines.run.watching", *asked, f"{every_min:g}"]


def main() -> None:
    """Watch as the command line says, as a part of `selat serve`."""
    end_with_parent()
    guard()
    home, config, feeds, every_min = sys.argv[1:]
    with reporter(quiet=True) as report, stop_on_signals() as stop:
        installation = load(Path(home), Path(config))
        watch(installation, json.loads(feeds), float(every_min), report, stop, _say)


def _say(text: str) -> None:
    sys.stderr.write(f"look: {text}\n")


if __name__ == "__main__":
    main()
