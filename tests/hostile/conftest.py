"""Fixtures of other rooms, whose doors are attacked here."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ask.look import look
from pipelines.base.settings import load
from tests.conftest import own_copy
from tests.pipelines.conftest import selat
from tests.pipelines.flows.conftest import clean_environment, serving
from tests.pipelines.publish.conftest import page
from tests.pipelines.web.conftest import (
    made_own,
    marked,
    own,
    own_home,
    own_marked,
    own_reader,
    reader,
    refusing,
)

__all__ = [
    "clean_environment",
    "made_own",
    "marked",
    "own",
    "own_home",
    "own_marked",
    "own_reader",
    "page",
    "reader",
    "refusing",
    "selat",
    "serving",
]


@pytest.fixture(scope="session")
def desk_home(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home to be read, smaller than that of the desk's own tests: doors are as many."""

    def make(home: Path) -> None:
        shutil.copytree(small_home, home, symlinks=True, dirs_exist_ok=True)
        look(load(home), datetime.now(UTC), afresh=True)  # is examined once

    return own_copy(tmp_path_factory, "small-desk-home", make)
