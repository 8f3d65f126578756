"""Processes that we start: ended with us, whatever ends us, and never left behind.

A process that is killed (kill -9, no memory left) can't end what it has started, so something else
must. A child of ours asks the kernel to be killed with its parent (`end_with_parent`). What Prefect
starts for us can't be asked to, so `guarded` marks all of it in its environment, and has a process
stand by that ends whatever carries the mark (see `guard`).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psutil

STOP_S: Final = 30.0
"""Time for a process to end by itself; a run that is killed is made up for by the next one."""

MARK: Final = "SELAT_SERVED_BY"
"""Environment variable that all processes of a service have."""

_PR_SET_PDEATHSIG: Final = 1


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A process for the length of a with block; it is asked to end, then made to.

    `options` are those of `subprocess.Popen`.
    """
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                end(process.pid)


def end(pid: int, patience_s: float = STOP_S) -> None:
    """Ask a process and all that it started to end, what it started first; then make them."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        end_all([*parent.children(recursive=True), parent], patience_s)


def end_all(processes: Sequence[psutil.Process], patience_s: float) -> None:
    """Ask processes to end, in this order, then make those that haven't after so many seconds."""
    alive = list(processes)
    if patience_s > 0:
        for one in alive:
            with suppress(psutil.NoSuchProcess):
                one.terminate()
        alive = _alive_after(alive, patience_s)
    for one in alive:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    _alive_after(alive, STOP_S)


def _alive_after(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run then; one that only waits to be collected by its parent doesn't."""
    deadline = time.monotonic() + seconds
    alive = list(filter(_runs, processes))
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = list(filter(_runs, alive))
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies, however it dies.

    Only Linux can; elsewhere a process whose parent is killed goes on to its end.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died just before
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def guarded(mark: str, keep_open: Sequence[int] = ()) -> Iterator[None]:
    """Everything started in this with block ends when this process dies, however it dies.

    Parameters
    ----------
    mark
        In the environment of all that is started; no other service's.
    keep_open
        File descriptors that stay open until all has ended, such as one that holds a lock.
    """
    os.environ[MARK] = mark
    command = [sys.executable, "-m", "pipelines.flows.guard", mark]
    # A session of its own: what a terminal sends to us, such as Ctrl-C, isn't for the guard.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=tuple(keep_open)
    ) as process:
        try:
            yield
        finally:
            del os.environ[MARK]
            process.communicate()  # closes its input; it looks whether anything is left, and ends


def marked(mark: str) -> list[psutil.Process]:
    """Processes of a service but this one, what was started last first."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.append(process)
    return sorted(found, key=_created, reverse=True)


def _created(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.create_time())
    return 0.0


def end_marked(mark: str) -> None:
    """End all processes of a service, and what they start while they end."""
    while processes := marked(mark):
        end_all(processes, STOP_S)
