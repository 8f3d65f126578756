"""The service: Prefect's server on loopback, the nightly deployment, one worker, and the watch.

Prefect's ephemeral server, good enough for one run, has no scheduler; so a whole one is started
here, unless PREFECT_API_URL names one that exists. The deployment is ``config/prefect.yaml``'s. All
are processes of this one, which ends them when it ends, and a guard if it is killed.
"""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from detectors.core.errors import SelatError
from pipelines.flows.processes import guarded, started
from pipelines.flows.watch import watching
from pipelines.schedule import Served, read_served, write_served
from pipelines.settings import PROJECT, Installation

POOL: Final = "selat"

START_S: Final = 180.0
"""Time for the server to start; the first start on a slow machine makes its database."""

ALONE_S: Final = 90.0
"""Time for what a killed service has left to be gone; see `processes.guarded`."""


def serve(installation: Installation, feeds: Sequence[str]) -> None:
    """Run the nightly flow at its scheduled times until stopped, one run at a time.

    Raises
    ------
    SelatError
        If the server, the deployment or the worker can't be started, or ends by itself; if another
        service runs on this home.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    with _alone(installation) as lock, guarded(secrets.token_hex(16), keep_open=[lock]):
        if read_served(installation.service) is None:
            write_served(installation.service, Served(datetime.now(UTC), None))
        with _server(installation) as own:
            if own:
                _end_what_was_cut_off()
            register(installation, feeds)
            worker = [*_PREFECT, "worker", "start", "--pool", POOL, "--type", "process",
                      "--limit", "1", "--name", f"selat-{socket.gethostname()}"]  # fmt: skip
            with watching(installation), started(worker, cwd=PROJECT) as process:
                sys.stderr.write(f"Prefect's pages: {_pages()}\n")
                code = process.wait()
            raise SelatError(f"the worker ended, code {code}", hint="start the service again")


def register(installation: Installation, feeds: Sequence[str]) -> None:
    """Register the pool and the deployment with the server that PREFECT_API_URL names.

    Raises
    ------
    SelatError
        If Prefect refuses them; the message is its own.
    """
    schedule = installation.settings.schedule
    filled = {
        "SELAT_SERVE_PROJECT": str(PROJECT),
        "SELAT_SERVE_HOME": str(installation.home),
        "SELAT_SERVE_CONFIG": str(installation.config),
        "SELAT_SERVE_FEEDS": json.dumps([_absolute(feed) for feed in feeds]),
        "SELAT_SERVE_CRON": schedule.cron,
        "SELAT_SERVE_TIMEZONE": schedule.timezone,
    }
    file = installation.config / "prefect.yaml"
    if not file.exists():
        file = PROJECT / "config" / "prefect.yaml"
    create = ["work-pool", "create", POOL, "--type", "process", "--overwrite"]
    deploy = ["--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    for arguments in (create, deploy):
        done = subprocess.run(
            [*_PREFECT, *arguments], env={**os.environ, **filled}, cwd=PROJECT, check=False,
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if done.returncode:
            text = (done.stderr or done.stdout).strip()[-500:]
            raise SelatError(f"Prefect refuses {arguments[0]}: {text}", hint=f"look at {file}")


_PREFECT: Final = (sys.executable, "-m", "prefect")


def _absolute(feed: str) -> str:
    """A feed as a worker finds it, whatever folder it runs in."""
    return feed if feed == "-" else os.path.abspath(os.path.expanduser(feed))  # noqa: PTH100, PTH111


def _end_what_was_cut_off() -> None:
    """Mark runs as crashed that were going on when the service died; else they'd hold the one slot.

    Only on a server of our own, where nobody else runs anything.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    going_on = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=going_on)))
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=wanted):
            client.set_flow_run_state(run.id, Crashed(message="the service ended"), force=True)


@contextmanager
def _alone(installation: Installation) -> Iterator[int]:
    """Be the only service of this home; what an earlier one has left gets time to end.

    Yields
    ------
    int
        The file descriptor that holds the lock: the lock ends with the last process that has it.

    Raises
    ------
    SelatError
        If there is another.
    """
    with (installation.home / "prefect" / "service.lock").open("a") as lock:
        deadline = time.monotonic() + ALONE_S
        if not _lock(lock.fileno()):
            sys.stderr.write("waiting for another service of this home to end\n")
        while not _lock(lock.fileno()):
            if time.monotonic() > deadline:
                raise SelatError(
                    f"another selat serve runs on {installation.home}",
                    hint="end it first, or name another home: --home",
                )
            time.sleep(0.5)
        yield lock.fileno()


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _server(installation: Installation) -> Iterator[bool]:
    """A Prefect server for the length of a with block, named in PREFECT_API_URL.

    Yields
    ------
    bool
        Whether it is our own.
    """
    if os.environ.get("PREFECT_API_URL"):
        yield False
        return
    host = installation.settings.service.host
    port = _port(host, installation.settings.service.port)
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104
    url = f"http://{reached}:{port}/api"
    command = [*_PREFECT, "server", "start", "--host", host, "--port", str(port)]
    os.environ.setdefault("PREFECT_UI_API_URL", url)
    log = installation.home / "prefect" / "server.log"
    with log.open("wb") as said, started(command, stdout=said, stderr=said, cwd=PROJECT) as process:
        _wait_for(f"{url}/health", process, log)
        os.environ["PREFECT_API_URL"] = url
        try:
            yield True
        finally:
            del os.environ["PREFECT_API_URL"]


def _pages() -> str:
    return os.environ["PREFECT_API_URL"].removesuffix("/api")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _port(host: str, wanted: int) -> int:
    """The wanted port if it is free, else any that is."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SelatError(f"nothing can listen on {host}", hint="mend service.host in settings.yaml")


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    hint = f"look at the end of {log}; PREFECT_API_URL names a server of your own"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SelatError(f"Prefect's server ended at once, code {process.returncode}", hint)
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SelatError(f"Prefect's server did not start within {START_S:.0f} s", hint)
