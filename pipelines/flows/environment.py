"""Prefect made quiet, offline and at home, before it is first imported."""

import os
from pathlib import Path


def prepare(home: Path) -> None:
    """Set Prefect's environment; what the user has set stands.

    Everything Prefect writes goes under `home`; it reports nothing to anybody, needs no server
    (an ephemeral one starts on loopback and gets time for it on a slow machine), and logs
    next to nothing, since the run's own messages are what an operator reads.
    """
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    }.items():
        os.environ.setdefault(name, value)
