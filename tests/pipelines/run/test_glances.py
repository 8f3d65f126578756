"""Glances between looks: what makes a look, what doesn't, and that nothing is lost by them."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.base import files
from pipelines.base.progress import reporter
from pipelines.run import glances, looks
from pipelines.run.looked import read_state
from pipelines.run.looks import Looked, Looker
from tests.conftest import PROJECT
from tests.detectors.tables import make_positions
from tests.pipelines.run.test_looks import events_of, installation_of, same

CASE = PROJECT / "tests/detectors/cases/gap/switched_off_under_way/positions.csv"
"""A tanker sends nothing from 21:00 to 01:00; eight others are heard on."""

EVERY = "30min"
EARLY_MIN = 170.0
BEGUN_ANEW = 8


@pytest.fixture(scope="module")
def slices() -> list[str]:
    """Return the case in slices, as a feed of CSV."""
    positions = make_positions(pd.read_csv(CASE))
    positions["time"] = positions["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    names = ["mmsi", "time", "lat", "lon", "sog_kn", "cog_deg", "heading_deg", "ais_class"]
    by_time = positions[names].groupby(pd.to_datetime(positions["time"]).dt.floor(EVERY))
    return [part.to_csv(index=False) for _, part in by_time]


@dataclass
class Watch:
    """One process that watches a home; `each` is what its looks came to."""

    home: Path
    slices: list[str] = field(default_factory=list)
    each: list[Looked] = field(default_factory=list)
    now: datetime = datetime(2026, 1, 7, tzinfo=UTC)
    """By the clock of the process: half an hour goes by with each slice."""

    def __post_init__(self) -> None:
        (self.home / "feeds").mkdir(parents=True, exist_ok=True)
        self.begin()

    def begin(self, whole_min: float = 100_000.0, early_min: float = 100_000.0) -> None:
        """Begin anew, as another process."""
        self.installation = installation_of(self.home, whole_min, 0.3, early_min)
        with reporter(quiet=True) as report:
            self.looker = Looker(self.installation, [str(self.home / "feeds")], report)

    def give(self, text: str) -> Looked:
        (self.home / "feeds" / f"{len(self.each):02d}.csv").write_text(text)
        self.now += timedelta(minutes=30)
        self.each.append(self.looker.look(self.now))
        return self.each[-1]

    @property
    def held(self) -> int:
        """How many reports the store holds."""
        with store.read(self.installation.store) as reader:
            return int(
                reader.ledger()["report"].map(json.loads).map(lambda r: r["positions"]).sum()
            )

    def next(self) -> Looked:
        return self.give(self.slices[len(self.each)])

    @property
    def generation(self) -> tuple[int, ...]:
        return store.generation(self.installation.store)


@pytest.fixture(autouse=True, scope="module")
def old_files() -> Iterator[None]:
    """Files are as old as they would be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "FRESH_NS", 0)
        yield


@pytest.fixture(scope="module")
def watched(slices: list[str], tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """The case looked at slice by slice; half-way the process dies and another one begins."""
    watch = Watch(tmp_path_factory.mktemp("watched") / "home")
    watch.begin(early_min=EARLY_MIN)
    for number, part in enumerate(slices):
        if number == BEGUN_ANEW:
            watch.begin(early_min=EARLY_MIN)
        watch.give(part)
    return watch


def test_what_comes_waits_for_the_next_look(watched: Watch) -> None:
    looks = [n for n, one in enumerate(watched.each) if one.vessels]
    assert looks == [0, 6, BEGUN_ANEW, 14, 20, 26]
    assert "a file waits to be taken in" in watched.each[1].text
    found = events_of(watched.home)
    assert list(found["detector"]) == ["gap"]
    assert found["end"].notna().all()


def test_in_the_end_all_is_as_in_one_go(watched: Watch, slices: list[str], tmp_path: Path) -> None:
    end = Watch(Path(shutil.copytree(watched.home, tmp_path / "end", symlinks=True)))
    (end.home / "looked.json").unlink()
    assert end.looker.look(end.now).whole == "it is the first look"
    once = Watch(tmp_path / "once")
    once.give(
        "\n".join([slices[0].strip(), *(part.split("\n", 1)[1].strip() for part in slices[1:])])
    )
    columns = ["detector", "start", "end", "score", "explanation"]
    ours, theirs = events_of(end.home), events_of(once.home)
    same(ours[columns], theirs[columns])
    assert "gap" in set(theirs["detector"])
    with (
        store.read(end.installation.store) as one,
        store.read(once.installation.store) as other,
    ):
        query = "SELECT mmsi, hull, time FROM track_state ORDER BY ALL"
        same(one.sql(query), other.sql(query))


@pytest.fixture
def begun(slices: list[str], tmp_path: Path) -> Watch:
    """A home of one test, to which it gives the case slice by slice."""
    return Watch(tmp_path / "begun", slices=slices)


def test_a_glance_changes_nothing_in_the_store(begun: Watch) -> None:
    assert begun.next().vessels
    before, noted = begun.generation, read_state(begun.installation)
    assert not begun.next().vessels
    assert not begun.next().vessels
    assert begun.generation == before
    now = read_state(begun.installation)
    assert noted is not None
    assert now is not None
    assert now == noted.model_copy(update={"looked": now.looked})
    assert now.looked > noted.looked


def test_whatever_else_changes_asks_for_a_look(begun: Watch) -> None:
    assert begun.next().vessels
    assert not begun.next().vessels
    with store.write(begun.installation.store) as writer:
        writer.place_feeds({})
    assert begun.next().vessels
    assert not begun.each[-1].whole
    (begun.home / "looked.json").unlink()
    assert begun.next().whole == "it is the first look"
    assert not begun.next().vessels
    broken = begun.home / "feeds" / "x.csv.gz"
    broken.write_bytes(b"\x1f\x8bnothing")
    assert not begun.next().vessels
    begun.now += timedelta(minutes=100_000)
    said = begun.next()
    broken.unlink()
    assert said.finished is not None
    assert any("x.csv.gz" in name for name in said.finished.failures)


def test_a_look_at_everything_comes_in_time(begun: Watch) -> None:
    begun.begin(whole_min=90.0, early_min=30.0)
    assert [bool(begun.next().whole) for _ in range(6)] == [True, False, False, True, False, False]


def test_meetings_are_looked_for_in_time(begun: Watch) -> None:
    begun.begin(early_min=60.0)
    assert begun.next().vessels
    each = [begun.next() for _ in range(4)]
    assert [bool(one.vessels) for one in each] == [False, True, False, True]
    assert "encounter" in each[-1].vessels
    assert "identity" not in each[-1].vessels
    assert not each[-1].whole


def test_a_file_that_is_written_over_does_not_wait(slices: list[str], tmp_path: Path) -> None:
    watch = Watch(tmp_path / "home")
    for part in slices[:4]:
        (watch.home / "feeds" / "latest.csv").write_text(part)
        watch.looker.look(watch.now)
    assert watch.held == sum(part.count("\n") - 1 for part in slices[:4])


def test_what_waits_is_missed_when_it_goes_and_counted_once(begun: Watch) -> None:
    assert begun.next().vessels
    assert "a file waits" in begun.next().text
    waits = begun.home / "feeds" / f"{len(begun.each) - 1:02d}.csv"
    copy = begun.home / "feeds" / "copy.csv"
    copy.write_bytes(waits.read_bytes())
    assert "2 files wait" in begun.looker.look(begun.now).text
    copy.unlink()
    assert begun.looker.look(begun.now).vessels
    waits.rename(begun.home / "away.csv")
    looked_at = begun.looker.look(begun.now)
    assert "wait" not in looked_at.text
    (begun.home / "away.csv").rename(waits)


def test_what_goes_between_a_glance_and_its_look_comes_later(
    begun: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a share does that is away for a moment, and knows no times of its own."""
    monkeypatch.setattr(looks, "as_it_is", lambda path: (path.stat().st_size,))
    begun.next()
    before = begun.held
    path = begun.home / "feeds" / f"{len(begun.each):02d}.csv"

    def goes(*_: object) -> bool:
        path.rename(begun.home / "away.csv")
        return True

    with monkeypatch.context() as patch:
        patch.setattr(glances.Glances, "is_due", goes)
        begun.next()
    assert begun.held == before
    (begun.home / "away.csv").rename(path)
    begun.looker.look(begun.now)
    begun.begin()
    begun.looker.look(begun.now)
    assert begun.held == before + path.read_text().count("\n") - 1


def test_a_clock_that_was_set_back_makes_nothing_wait(begun: Watch) -> None:
    assert begun.next().vessels
    assert not begun.next().vessels
    begun.now -= timedelta(days=1)
    assert begun.next().vessels


def test_a_look_a_moment_too_soon_is_made(begun: Watch) -> None:
    begun.begin(early_min=60.0)
    assert begun.next().vessels
    assert not begun.next().vessels
    begun.now -= timedelta(seconds=1)
    assert begun.next().vessels
