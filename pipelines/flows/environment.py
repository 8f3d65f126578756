"""Prefect made quiet, offline and at home, before it is first imported."""

import os
from pathlib import Path

from pipelines.secrets import Secrets
from pipelines.settings import ServiceSettings


def prepare(
    home: Path, service: ServiceSettings | None = None, known: Secrets | None = None
) -> None:
    """Set Prefect's environment; what the user has set stands.

    Everything Prefect writes goes under `home`; it reports nothing to anybody, needs no server
    (an ephemeral one starts on loopback and gets time for it on a slow machine), and logs
    next to nothing, since the run's own messages are what an operator reads.

    Parameters
    ----------
    service
        How a whole server of our own is to be: what it keeps, and for how long.
    known
        Its database, if it isn't SQLite in the home.
    """
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    }
    if service is not None:
        kept_s = str(int(service.retention_days * 86_400))
        values |= {
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            # Prefect's own retention: events, flow runs, and the logs and artifacts left of them.
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "true",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "86400",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": kept_s,
            "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"PT{kept_s}S",
        }
    if known is not None and known.prefect_database is not None:
        url = known.prefect_database.get_secret_value()
        values["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
    for name, value in values.items():
        os.environ.setdefault(name, value)
