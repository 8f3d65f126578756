"""A keyring, and a pack made of a run."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from pipelines.base.settings import PROJECT, Installation, load
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.recipients import Format
from pipelines.run.packs import export_to

NOW = datetime(2026, 1, 6, 5, tzinfo=UTC)
FORMATS = list(get_args(Format))
MARKS = """
default: {tlp: GREEN, rel: ALL}
plan: {tlp: GREEN, rel: ALL}
feeds:
  - {feed: "secret*", tlp: AMBER, rel: [MYS]}
sightings:
  - {file: "secret*", tlp: AMBER, rel: [MYS]}
  - {source: "SELATSIM-PATROL", tlp: AMBER, rel: [MYS]}
watchlists:
  - {watchlist: secret, tlp: AMBER, rel: [MYS]}
"""


def configured(folder: Path, recipients: str, iterations: int) -> Path:
    """Return a copy of the project's configuration with `MARKS`, recipients and quick plans."""
    config = planning_quickly(folder, iterations)
    (config / "marks.yaml").write_text(MARKS)
    (config / "recipients.yaml").write_text(recipients)
    return config


def planning_quickly(folder: Path, iterations: int) -> Path:
    """Return a copy of the project's configuration with quick plans."""
    config = Path(shutil.copytree(PROJECT / "config", folder / "config"))
    patrol = (config / "patrol.yaml").read_text()
    assert "iterations: 2000" in patrol
    patrol = patrol.replace("iterations: 2000", f"iterations: {iterations}")
    (config / "patrol.yaml").write_text(patrol)
    return config


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """Keys of nobody yet."""
    return Keyring(tmp_path / "keys")


@pytest.fixture(scope="session")
def installation(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The exercise with a signing key and the project's recipients."""
    folder = tmp_path_factory.mktemp("packs")
    home = Path(shutil.copytree(small_home, folder / "home", symlinks=True))
    Keyring(home / "keys").make(NOW, None, "exercise")
    return load(home, planning_quickly(folder, 50))


@pytest.fixture(scope="session")
def made(installation: Installation) -> Path:
    """The folder of the patrol boat's pack; its archive is beside it."""
    return export_to(installation, "patrol-boat").paths[0]


@pytest.fixture
def pack(made: Path, tmp_path: Path) -> Path:
    """A copy of that folder to spoil."""
    return Path(shutil.copytree(made, tmp_path / "pack"))


@pytest.fixture
def fresh() -> pd.Timestamp:
    """A time at which the pack isn't stale."""
    return pd.Timestamp("2026-01-06T05:00Z")


@pytest.fixture
def repacked(tmp_path: Path) -> Callable[[Path], Path]:
    """An archive of a folder, made by another writer."""

    def zipped(folder: Path) -> Path:
        return Path(shutil.make_archive(str(tmp_path / "again"), "zip", folder.parent, folder.name))

    return zipped
