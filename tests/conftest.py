"""Fixtures that every test may use, and the tiers that tests are run in.

`make test` runs all but what is marked `prove`: long proofs, each with a shorter variant in it.
`make test-fast` leaves out what is marked `slow` and what needs a simulated night, a browser or a
server (marked `whole` here), and tries a fifth of the examples of each property; `make prove` runs
the long proofs and tries ten times the examples.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import is_hypothesis_test, settings

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real feeds and reference layers beside the checkout; the test skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder with real feeds on this machine")
    return SHARED


WHOLE = {"exercise", "exercise_home", "story_home", "week", "page", "endpoint"}
"""Fixtures that take seconds to make: who needs one isn't of the fast tier."""


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for doctests in the code only: else each file of tests is imported twice for none."""
    found = yield
    return [one for one in found if not isinstance(one, DoctestModule)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    factor = float(os.environ.get("SELAT_EXAMPLES", "1"))
    properties = {}
    for item in items:
        if WHOLE.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.whole)
        test = getattr(item, "obj", None)
        if factor != 1 and is_hypothesis_test(test):
            properties[test] = item
    for test in properties:
        # The only way to change the number that a test was decorated with.
        given = test._hypothesis_internal_use_settings or settings.default
        examples = max(1, round(given.max_examples * factor))
        test._hypothesis_internal_use_settings = settings(given, max_examples=examples)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first worker in need of it makes; the others only read it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@contextmanager
def leaving_out_briefs() -> Iterator[None]:
    """Runs write no briefs: half of what a small run costs, where nobody looks at them."""
    from pipelines.publish.files import WRITERS

    with pytest.MonkeyPatch.context() as patch:
        for name in ("brief.html", "brief.pdf"):
            patch.delitem(WRITERS, name)
        yield


@pytest.fixture
def without_briefs() -> Iterator[None]:
    """`leaving_out_briefs` for a test."""
    with leaving_out_briefs():
        yield


@pytest.fixture(scope="session")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small simulated feed, with its truth."""
    from pipelines.base.settings import load
    from pipelines.exercise import simulate
    from pipelines.run.setup import load_zones
    from pipelines.run.windows import utc

    folder = tmp_path_factory.mktemp("exercise")
    start = utc("2026-01-05T16:00:00Z").to_pydatetime()
    simulate(folder, seed=11, hours=12, vessels=80, start=start, zones=load_zones(load()))
    return folder


@pytest.fixture(scope="session")
def exercise_home(exercise: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home in which that feed was ingested and looked at."""
    from pipelines.base.progress import reporter
    from pipelines.base.settings import load
    from pipelines.run import feeds, runs
    from pipelines.run.setup import load_zones

    home = tmp_path_factory.mktemp("home")
    installation = load(home)
    zones = load_zones(installation)
    with reporter(quiet=True) as report:
        feeds.ingest_only(
            installation,
            zones,
            [str(exercise / "feed.nmea.gz")],
            area=None,
            mapping=None,
            report=report,
        )
        runs.detect_only(installation, None, None, None, report)
    return home
