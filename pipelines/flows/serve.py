"""The service: Prefect's server on loopback, the schedule, what runs when it is due, the watch.

Where PREFECT_API_URL names a server, that one is used instead of one of our own (see `server`).
What runs is settled here and not by the server (see `runner`). Each night is a process of its own,
and so are the looks between nights; all of them end with this one.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import NamedTemporaryFile
from typing import Any, Final

from detectors.core.errors import SelatError
from pipelines.ask.watch import watching
from pipelines.base.files import lock_now
from pipelines.base.processes import started
from pipelines.base.schedule import Served, read_served, write_served
from pipelines.base.secrets import Secrets
from pipelines.base.settings import PROJECT, Installation
from pipelines.flows.server import (
    Server,
    noted,
    password_file,
    refuse_open,
    service_auth,
    started_server,
    used,
)
from pipelines.run.watching import command as looks_of

POOL: Final = "selat"

ALONE_S: Final = 90.0
"""Time for another service of this home to end."""

LOOK_S: Final = 20.0
"""Time for a look that goes on when the service ends; what one leaves undone the next does."""

AGAIN_S: Final = 30.0
"""After so long the process that looks is started again."""


def serve(installation: Installation, feeds: Sequence[str], known: Secrets | None = None) -> None:
    """Run the nightly flow at its scheduled times until stopped, one run at a time.

    Raises SelatError if the server can't be started, or ends by itself; if another service runs on
    this home.
    """
    with _alone(installation):
        if read_served(installation.service) is None:
            write_served(installation.service, Served(datetime.now(UTC), None))
        if url := os.environ.get("PREFECT_API_URL"):
            sys.stderr.write(f"Prefect's server: {url}\n")
            _run_forever(installation, feeds, own=False)
            return
        with _own_server(installation, known) as (server, process):
            sys.stderr.write(
                f"Prefect's pages: {server.pages} (the password is the line in "
                f"{password_file(installation)})\n"
            )
            if warning := elsewhere(server, installation.settings.service.port):
                sys.stderr.write(f"warning: {warning}\n")
            with _ending_with(process):
                _run_forever(installation, feeds, own=True)


def elsewhere(server: Server, wanted: int) -> str:
    """Return what to say where another program has the port that the service is asked at: whoever
    opens its pages by habit would tell the password to that; empty where it hasn't.
    """
    if wanted in {0, server.port}:
        return ""
    return (
        f"port {wanted} can't be had: what answers there isn't this service, and must not "
        "be told the password"
    )


@contextmanager
def _own_server(
    installation: Installation, known: Secrets | None
) -> Iterator[tuple[Server, "subprocess.Popen[bytes]"]]:
    """Run a server of our own for the length of a with block, which runs of this home find."""
    about = installation.settings.service
    refuse_open(about.host, about.names)
    with (
        started_server(
            installation,
            service_auth(installation),
            host=about.host,
            port=about.port,
            names=about.names,
            pages=True,
            known=known,
        ) as (server, process),
        noted(installation, server),
        used(server),
    ):
        yield server, process


def _run_forever(installation: Installation, feeds: Sequence[str], *, own: bool) -> None:
    """Register with the server in use, and run what is due."""
    from prefect.client.orchestration import get_client

    from pipelines.flows import runner

    with (
        get_client(sync_client=True) as client,
        watching(installation),
        looking(installation, feeds),
    ):
        deployment = runner.deploy(client, installation)
        if own:
            runner.remove_pool(client, POOL)
        runner.end_what_was_cut_off(client, None if own else deployment)
        runner.run_forever(client, deployment, installation, feeds)


@contextmanager
def looking(installation: Installation, feeds: Sequence[str]) -> Iterator[None]:
    """Look between nights for the length of a with block, in a process of its own.

    As often as `watch.every_min` says, if that isn't 0; a process that ends is started again.
    """
    every_min = installation.settings.watch.every_min
    if not every_min:
        yield
        return
    from pipelines.flows.scheduled import from_anywhere

    over = threading.Event()
    command = looks_of(installation, from_anywhere(feeds), every_min)

    def keep() -> None:
        while not over.is_set():
            try:
                with started(command, cwd=PROJECT, patience_s=LOOK_S) as process:
                    while process.poll() is None and not over.wait(0.5):
                        pass
                why = f"ended, code {process.returncode}"
            except OSError as error:  # such as no memory for another process
                why = f"can't be started: {error.strerror or error}"
            if not over.wait(AGAIN_S):
                sys.stderr.write(f"looks between nights {why}\n")

    thread = threading.Thread(target=keep, name="looks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(LOOK_S + 5)


@contextmanager
def _ending_with(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End this process, so that the system starts the service again, if its server ends."""
    over = threading.Event()

    def wait() -> None:
        code = process.wait()
        if not over.is_set():
            sys.stderr.write(f"error: Prefect's server ended, code {code}; start again\n")
            sys.stderr.flush()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def register(installation: Installation, feeds: Sequence[str]) -> None:
    """Register a pool and the deployment, with the server that PREFECT_API_URL names."""
    from pipelines.flows.scheduled import feeds_text

    schedule = installation.settings.schedule
    filled = {
        "SELAT_SERVE_PROJECT": str(PROJECT),
        "SELAT_SERVE_HOME": str(installation.home),
        "SELAT_SERVE_CONFIG": str(installation.config),
        "SELAT_SERVE_FEEDS": feeds_text(feeds),
        "SELAT_SERVE_CRON": schedule.cron,
        "SELAT_SERVE_TIMEZONE": schedule.timezone,
    }
    file = installation.config / "prefect.yaml"
    if not file.exists():
        file = PROJECT / "config" / "prefect.yaml"
    with NamedTemporaryFile("w", suffix=".json") as template:
        json.dump(JOB_TEMPLATE, template)
        template.flush()
        create = [
            "work-pool",
            "create",
            POOL,
            "--type",
            "process",
            "--overwrite",
            "--base-job-template",
            template.name,
        ]
        deploy = ["--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
        for arguments in (create, deploy):
            done = subprocess.run(
                [sys.executable, "-m", "prefect", *arguments],
                env={**os.environ, **filled},
                cwd=PROJECT,
                check=False,
                capture_output=True,
                text=True,
                timeout=600,
            )
            if done.returncode:
                text = (done.stderr or done.stdout).strip()[-500:]
                raise SelatError(f"Prefect refuses {arguments[0]}: {text}", hint=f"look at {file}")


JOB_TEMPLATE: Final[dict[str, Any]] = {
    "job_configuration": {"stream_output": True, "working_dir": str(PROJECT)},
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}
"""What a worker of the pool does for a run: nothing of it comes from the run or the deployment.

Without `command`, `env` and `name`; an `env` that is a mapping would be added to.
"""


@contextmanager
def _alone(installation: Installation) -> Iterator[None]:
    """Be the only service of this home; an earlier one gets time to end."""
    with (installation.home / "prefect" / "service.lock").open("a") as lock:
        deadline = time.monotonic() + ALONE_S
        if not lock_now(lock.fileno()):
            sys.stderr.write("waiting for another service of this home to end\n")
        while not lock_now(lock.fileno()):
            if time.monotonic() > deadline:
                raise SelatError(
                    f"another selat serve runs on {installation.home}",
                    hint="end it first, or name another home: --home",
                )
            time.sleep(0.5)
        yield
