"""The schedule: a Prefect server on loopback and the nightly flow, served by this process.

Prefect's ephemeral server, good enough for one run, has no scheduler; so a whole one is started
here, unless PREFECT_API_URL names one that exists.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from detectors.core.errors import SelatError
from pipelines.settings import Installation

START_S: Final = 180.0
"""Time for the server to start; the first start on a slow machine makes its database."""


def serve(installation: Installation, feeds: Sequence[str]) -> None:
    """Run the nightly flow at its scheduled times until stopped, one run at a time.

    Raises
    ------
    SelatError
        If no server can be started.
    """
    with _server():
        # Prefect reads its settings when it is first imported.
        from prefect.schedules import Cron

        from pipelines.flows.nightly import nightly

        schedule = installation.settings.schedule
        nightly.serve(
            name="nightly",
            schedule=Cron(schedule.cron, timezone=schedule.timezone),
            parameters={
                "home": str(installation.home),
                "config": str(installation.config),
                "feeds": list(feeds),
                "quiet": True,
            },
            limit=1,
            global_limit=1,
            print_starting_message=False,
        )


@contextmanager
def _server() -> Iterator[None]:
    """A Prefect server for the length of a with block, named in PREFECT_API_URL."""
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(f"{url}/health", process)
            os.environ["PREFECT_API_URL"] = url
            yield
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    hint = "look at what `prefect server start` says; PREFECT_API_URL names a server of your own"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SelatError(f"Prefect's server ended at once, code {process.returncode}", hint)
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SelatError(f"Prefect's server did not start within {START_S:.0f} s", hint)
