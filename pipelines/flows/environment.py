"""Prefect made quiet, offline, closed and at home, before it is first imported.

Where PREFECT_API_URL names a server of one's own, what is set for that server stands. Else nothing
that is set for Prefect elsewhere counts, in the environment, in a profile, in the folder that a
command is started in or in the home: it might open what is to be closed, or name a program.
"""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from detectors.core.errors import SelatError
from pipelines.base.secrets import Secrets
from pipelines.base.settings import ServiceSettings

_WRITTEN: Final = ("", "prefect", "store", "runs")
"""Folders of a home that a run writes to."""

NOTHING_HERE: Final = Path(__file__).parent
"""A folder of the program, in which no settings of Prefect's lie: it reads those where it is."""

_ITS_OWN: Final = find_spec("prefect")

_QUIET: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # ours is the only one: see `server`
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    # By themselves they are looked for in the home: what is logged how can name any function there.
    "PREFECT_PROFILES_PATH": str(NOTHING_HERE / "profiles.toml"),
    "PREFECT_LOGGING_CONFIG_PATH": str(
        Path((_ITS_OWN and _ITS_OWN.origin) or "").parent / "logging" / "logging.yml"
    ),
}

_CLOSED: Final = {
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_UI_API_URL": "/api",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Automations can have the server call addresses and start runs; no run of ours needs them.
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


class HomeError(SelatError):
    """A home can't be written to."""


def prepare(home: Path) -> None:
    """Set the environment of Prefect's clients; only a server that one names oneself stands."""
    folder = home / "prefect"
    refuse_unwritable(home)
    folder.mkdir(exist_ok=True)
    ours = {"PREFECT_HOME": str(folder), **_QUIET}
    if os.environ.get("PREFECT_API_URL"):
        ours = {name: value for name, value in ours.items() if name not in os.environ}
    else:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            del os.environ[name]
    os.environ.update(ours)


def of_server(
    home: Path, auth: str, service: ServiceSettings, known: Secrets | None = None
) -> dict[str, str]:
    """Return the whole environment of a Prefect server of ours.

    It asks for `auth`; `known` may name its database, else SQLite in the home.
    """
    kept_s = str(int(service.retention_days * 86_400))
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("PREFECT_")}
    values = {
        **_QUIET,
        **_CLOSED,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        # Prefect's own retention: events, flow runs, and the logs and artifacts left of them.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "true",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_LOOP_SECONDS": "86400",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": kept_s,
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"PT{kept_s}S",
    }
    if known is not None and known.prefect_database is not None:
        url = known.prefect_database.get_secret_value()
        values["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
    return {**inherited, **values}


def refuse_unwritable(home: Path) -> None:
    """Find out whether a home can be written to before anything takes its time to start."""
    place = home
    try:
        home.mkdir(parents=True, exist_ok=True)
        for place in (home / name for name in _WRITTEN):
            if place.exists():
                with tempfile.TemporaryFile(dir=place):
                    pass
        for place in (home / "prefect").glob("prefect.db*"):
            with place.open("ab"):
                pass
    except OSError as error:
        raise HomeError(
            f"{place} can't be written to: {error.strerror or error}",
            hint="make it writable for this user, or name another home: --home, SELAT_HOME",
        ) from error
