"""Fixtures of other rooms, whose doors are attacked here."""

from tests.pipelines.conftest import selat
from tests.pipelines.flows.conftest import clean_environment, serving
from tests.pipelines.publish.conftest import page
from tests.pipelines.web.conftest import (
    desk_home,
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
    "desk_home",
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
