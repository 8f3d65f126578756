"""Days of exercise looked at in one go, day by day, in parts of any length and in any order.

Every detector takes part, the one that rests on a fitted model too: all homes use one snapshot.
"""

import gzip
import random
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.base.progress import Reporter, reporter
from pipelines.base.settings import PROJECT, Installation, load
from pipelines.exercise import simulate
from pipelines.run import feeds, runs
from pipelines.run.setup import build_detectors, load_zones
from pipelines.run.windows import utc
from tests.conftest import leaving_out_briefs, made_once

START = utc("2026-01-04T16:00:00Z")
SEED = {2: 9, 7: 8}
# Hour by hour through (a part of) a night, at a midnight, else cuts that no story keeps to.
ANYWHERE = {
    2: [0, 15, 24, 27, 28, 49],
    7: [0, 31, 32, *range(74, 83), 101.5, 130, 169],
}
"""Hours at which the week is cut; the last lies behind the last report, which comes late."""

# Of twelve hours: test_one_go_equals_hour_by_hour, test_late_feeds_and_past_days_give_the_events_…,
# test_the_feeds_exercise_every_detector; of any detector: tests/detectors/test_contract.py
pytestmark = [pytest.mark.slow, pytest.mark.prove]


@pytest.fixture(scope="module", autouse=True)
def briefless() -> Iterator[None]:
    """Only events are looked at here."""
    with leaving_out_briefs():
        yield


@pytest.fixture(scope="module", params=[2, 7], ids=lambda n: f"{n}-days")
def days(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def week(days: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated week, or some days of one, with everything that can be planted."""

    def make(folder: Path) -> None:
        zones = load_zones(load())
        simulate(
            folder,
            seed=SEED[days],
            hours=24 * days,
            vessels=110,
            start=START.to_pydatetime(),
            zones=zones,
        )

    return made_once(tmp_path_factory, f"week-{days}", make)


@pytest.fixture(scope="module")
def whole(week: Path, days: int, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A home that took in the week at once, learned what is normal, and looked at it in one go."""

    def make(home: Path) -> None:
        installation = of_home(home)
        with reporter(quiet=True) as report:
            take_in(installation, report, week / "feed.nmea.gz")
            learn_normal(installation)
            sightings = [str(week / "sightings.csv")]
            runs.detect_only(installation, None, None, None, report, sightings)

    return of_home(made_once(tmp_path_factory, f"whole-{days}", make))


WATCHED = """
name: Strait
polygon: [[100, 1], [104.6, 1], [104.6, 4], [100, 4]]
watch:
  - {when: meet, min_duration_min: 5, score: 0.4}
  - {when: silence, min_duration_min: 60, score: 0.4}
"""


def of_home(home: Path) -> Installation:
    """A home with the project's configuration and an area that is watched."""
    config = home.with_name(f"{home.name}-config")
    if not config.exists():
        shutil.copytree(PROJECT / "config", config)
        (config / "zones" / "watch_areas" / "strait.yaml").write_text(WATCHED)
    return load(home, config)


def learn_normal(installation: Installation) -> None:
    """The flow's steps as plain functions: no server has to be started for them."""
    from pipelines.flows import learn
    from pipelines.run.past import LearnRequest

    with pytest.MonkeyPatch.context() as patch:
        for step in ("READ_TICKS", "FIT_NORMAL"):
            patch.setattr(learn, step, getattr(learn, step).fn)
        learn.learn_normal.fn(
            str(installation.home), str(installation.config), LearnRequest(), quiet=True
        )


def take_in(installation: Installation, report: Reporter, feed: Path) -> None:
    zones = load_zones(installation)
    feeds.ingest_only(installation, zones, [str(feed)], area=None, mapping=None, report=report)


def events_of(installation: Installation) -> pd.DataFrame:
    with store.read(installation.store) as held:
        return held.sql(
            "SELECT event_id, kind, subkind, mmsi, other_mmsi, zone_id, track_ids, group_id, "
            'start, "end", lat, lon, score, explanation, evidence FROM events '
            "WHERE NOT retracted ORDER BY event_id"
        )


def beside(whole: Installation, home: Path) -> Installation:
    """A home with what the whole one learned."""
    installation = of_home(home)
    shutil.copytree(whole.learned, installation.learned)
    return installation


def test_every_detector_has_something_to_lose(whole: Installation) -> None:
    kinds = set(events_of(whole)["kind"])
    # A week of so few vessels teaches too little of what is normal for anything to stand out; the
    # contract suite holds outlier against a model that knows enough.
    assert kinds >= {d.name for d in build_detectors(whole)} - {"outlier"}


@pytest.mark.parametrize("cut", ["anywhere", "days"])
def test_in_parts_is_as_in_one_go(
    week: Path, days: int, whole: Installation, tmp_path: Path, cut: str
) -> None:
    installation = beside(whole, tmp_path / "home")
    hours = ANYWHERE[days] if cut == "anywhere" else [*range(0, 24 * days, 24), 24 * days + 1]
    edges = [(START + pd.Timedelta(hours=h)).isoformat() for h in hours]
    with reporter(quiet=True) as report:
        take_in(installation, report, week / "feed.nmea.gz")
        for since, until in pairwise(edges):
            sightings = [str(week / "sightings.csv")]
            runs.detect_only(installation, None, since, until, report, sightings)
    pd.testing.assert_frame_equal(events_of(installation), events_of(whole))


def test_late_and_shuffled_is_as_in_one_go(
    week: Path, days: int, whole: Installation, tmp_path: Path
) -> None:
    count = max(days, 3)
    lines = gzip.decompress((week / "feed.nmea.gz").read_bytes()).splitlines(keepends=True)
    edges = [len(lines) * i // count for i in range(count + 1)]
    parts = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    order = random.Random(3).sample(range(count), count)
    installation = beside(whole, tmp_path / "home")
    with reporter(quiet=True) as report:
        for i in order:
            part = tmp_path / f"part-{i}.nmea"
            part.write_bytes(parts[i])
            take_in(installation, report, part)
            runs.detect_only(installation, None, None, None, report, [str(week / "sightings.csv")])
    # What rests on which lines differs with the files; all else must not.
    told = events_of(installation).drop(columns="evidence")
    pd.testing.assert_frame_equal(told, events_of(whole).drop(columns="evidence"))
