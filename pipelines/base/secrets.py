"""Credentials: from the environment or one file that only its owner may read, never from settings.

They are kept as `SecretStr`, which shows stars wherever it is printed, and go into no log,
manifest, pack or backup: the file lies outside home and configuration.
"""

import stat
from pathlib import Path

from pydantic import SecretStr, ValidationError

from detectors.core.errors import ConfigError
from pipelines.base.settings import FileSettings, Installation
from pipelines.base.yaml_files import read_yaml


class Secrets(FileSettings):
    """What only this installation may know; ``SELAT_SECRET_…`` in the environment wins.

    Access keys of object storage are where its own programs look for them; see `store.place`.
    """

    prefix = "SELAT_SECRET_"

    prefect_database: SecretStr | None = None
    """SQLAlchemy URL of Prefect's database (``postgresql+asyncpg://user:word@host/name``); none:
    SQLite in the home."""
    notices: tuple[SecretStr, ...] = ()
    """Where notices go, as Apprise URLs: ``json://…`` or ``jsons://…`` is a webhook,
    ``mailtos://user:word@host?to=…`` is e-mail."""


def load(installation: Installation) -> Secrets:
    """Load the secrets of an installation.

    Raises ConfigError if the file can't be read, says something unknown, or others may read it.
    What it says isn't in the message.
    """
    path = Path(installation.settings.secrets) if installation.settings.secrets else None
    if path is not None:
        _refuse_unsafe(path, installation)
    try:
        return Secrets.read(path)
    except ValidationError as error:
        names = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise ConfigError(f"secrets that aren't known or aren't texts: {names}") from None


def _refuse_unsafe(path: Path, installation: Installation) -> None:
    read_yaml(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"others may read the secrets in {path}", hint=f"chmod 600 {path}")
    for folder in (installation.home, installation.config):
        if path.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"the secrets in {path} lie in {folder}, which is backed up or copied",
                hint="put them elsewhere, e.g. /etc/selat/secrets.yaml",
            )
