"""Fixtures that every test may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real feeds and reference layers beside the checkout; the test skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder with real feeds on this machine")
    return SHARED


@contextmanager
def leaving_out_briefs() -> Iterator[None]:
    """Runs write no briefs: half of what a small run costs, where nobody looks at them."""
    from pipelines.publish import WRITERS

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
    from pipelines.run.runs import load_zones
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

    home = tmp_path_factory.mktemp("home")
    installation = load(home)
    zones = runs.load_zones(installation)
    with reporter(quiet=True) as report:
        feeds.ingest_only(
            installation, zones, [str(exercise / "feed.nmea.gz")], area=None, mapping=None,
            report=report,
        )  # fmt: skip
        runs.detect_only(installation, None, None, None, report)
    return home
