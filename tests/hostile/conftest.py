"""Fixtures of other rooms, whose doors are attacked here."""

from pathlib import Path

import pytest

from tests.pipelines.conftest import selat
from tests.pipelines.flows.conftest import clean_environment, serving
from tests.pipelines.publish.conftest import page
from tests.pipelines.web.conftest import (
    examined,
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
    return examined(small_home, "small-desk-home", tmp_path_factory)
