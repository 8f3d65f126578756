"""Processes that we start: ended with us, whatever ends us, and never left behind.

A process that is killed (kill -9, no memory left) can't end what it has started, so something else
must. A child of ours asks the kernel to be killed with its parent (`end_with_parent`). What Dask
starts for us can't be asked to, so `Guard` marks all of it in its environment, and has a process
stand by that ends whatever carries the mark (see `guard`). A command that starts others, or that
may be in native code for long, is `supervise`d: its work is in a child, and it waits.
"""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, cast

import psutil

STOP_S: Final = 1.0
"""Time for a process to end by itself; a run that is killed is made up for by the next one."""

MARK: Final = "SELAT_SERVED_BY"
"""Environment variable that all processes have that a command starts."""

_PR_SET_PDEATHSIG: Final = 1

_LAST_S: Final = 0.5
"""Time for what a command has left behind."""


_PARENT: Final = "SELAT_STARTED_BY"
"""In the environment of what is started: the process that it is to end with."""


@contextmanager
def started(
    command: Sequence[str], *, patience_s: float | None = None, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process for the length of a with block; it is asked to end, then made to.

    It has `patience_s` to end by itself, else `STOP_S`; `options` are those of `Popen`.
    """
    options["env"] = {**(options.get("env") or os.environ), _PARENT: str(os.getpid())}
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                end(process.pid, STOP_S if patience_s is None else patience_s)


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
    parent = int(os.environ.pop(_PARENT, None) or os.getppid())
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died just before
        os.kill(os.getpid(), signal.SIGKILL)


class Guard:
    """Has everything started in a with block end when this process dies, however it dies.

    `mark` is in the environment of all that is started, and no other command's; see `guard`.
    """

    def __init__(self, mark: str) -> None:
        os.environ[MARK] = mark
        # A session of its own: what a terminal sends to us, such as Ctrl-C, isn't for the guard. It
        # holds no pipe of ours open.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.base.guard", mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=Path(__file__).parents[2],  # not where a stranger may have put modules
        )

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        """Have it look whether anything is left, and wait for its end."""
        os.environ.pop(MARK, None)
        self._process.communicate()

    def forget(self) -> None:
        """In a child of the process that is guarded: leave it alone."""
        cast("IO[bytes]", self._process.stdin).close()
        self._process.returncode = 0


class Stopped(BaseException):
    """A supervised command was asked to end; raised in its work, so that it tidies up."""


def supervise(work: Callable[[], None], *, stopped: Callable[[signal.Signals], int]) -> None:
    """Do some work in a child of this process, and exit as it did.

    A signal to end reaches this process whatever the work is doing: the child is asked to end, then
    killed, and so is all that it has started. If this process is killed, the kernel and the guard
    do it. Only in a process that has one thread yet, such as a command that has just begun.

    `stopped`: called after such a signal, when nothing runs any more: says so, and returns the exit
    code.
    """
    guard = Guard(secrets.token_hex(16))
    heeded = {signal.SIGTERM, signal.SIGINT}
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
        heeded.add(signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, heeded | {signal.SIGCHLD})
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        end_with_parent()
        guard.forget()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to all of us
        signal.signal(signal.SIGTERM, _raise_stopped)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        try:
            work()
        except Stopped:
            sys.exit(128 + signal.SIGTERM)  # what is said of it is the parent's
        return
    with guard:
        asked, status = _wait_for(child, heeded)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    code = os.waitstatus_to_exitcode(status)
    if asked is not None and code != 0:
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[?25h")  # a progress bar that was killed has hidden the cursor
        sys.exit(stopped(asked))
    if code < 0:
        name = signal.Signals(-code).name
        why = ": was there no memory left?" if name == "SIGKILL" else ""
        sys.stderr.write(f"error: ended by {name}{why}\n")
    sys.exit(code if code >= 0 else 128 - code)


def _raise_stopped(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise Stopped


def _wait_for(child: int, heeded: set[signal.Signals]) -> tuple[signal.Signals | None, int]:
    """Return the signal that asked it to end, if one did, and the child's status at its end."""
    asked: signal.Signals | None = None
    deadline = float("inf")
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return asked, status
        left_s = min(deadline - time.monotonic(), 3600.0)
        came = signal.sigtimedwait(heeded | {signal.SIGCHLD}, left_s) if left_s > 0 else None
        if came is not None and came.si_signo in heeded and asked is None:
            asked, deadline = signal.Signals(came.si_signo), time.monotonic() + STOP_S
            os.kill(child, signal.SIGTERM)
        elif time.monotonic() >= deadline or (came is not None and came.si_signo in heeded):
            os.kill(child, signal.SIGKILL)  # it didn't in time, or somebody is impatient
            deadline = float("inf")


def marked(mark: str) -> list[psutil.Process]:
    """List the processes that a command started, but this one; the latest first."""
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
    """End all processes that a command started, and what they start while they end."""
    while processes := marked(mark):
        end_all(processes, _LAST_S)
