"""Glances between looks: what makes a look, what doesn't, and that nothing is lost by them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from pipelines import store
from pipelines.base.progress import reporter
from pipelines.run import glances, looked
from pipelines.run.looked import read_state
from pipelines.run.looks import Looked, Looker
from tests.conftest import PROJECT
from tests.detectors.conftest import make_positions
from tests.pipelines.run.test_looks import events_of, installation_of, same

CASE = PROJECT / "tests/detectors/cases/gap/switched_off_under_way/positions.csv"
"""A tanker sends nothing from 21:00 to 01:00; eight others are heard on."""

EVERY = "30min"
BACK = 20
"""The slice in which it is heard again."""
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
    whole_min: float = 100_000.0
    each: list[Looked] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.home / "feeds").mkdir(parents=True)
        self.begin()

    def begin(self) -> None:
        self.installation = installation_of(self.home, self.whole_min, 0.3)
        with reporter(quiet=True) as report:
            self.looker = Looker(self.installation, [str(self.home / "feeds")], report)

    def give(self, text: str) -> Looked:
        (self.home / "feeds" / f"{len(self.each):02d}.csv").write_text(text)
        self.each.append(self.looker.look())
        return self.each[-1]

    @property
    def generation(self) -> tuple[int, ...]:
        return store.generation(self.installation.store)


@pytest.fixture(autouse=True, scope="module")
def old_files() -> Iterator[None]:
    """Files are as old as they would be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looked, "_FRESH_NS", 0)
        yield


@pytest.fixture(scope="module")
def watched(slices: list[str], tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """The case looked at slice by slice; half-way the process dies and another one begins."""
    watch = Watch(tmp_path_factory.mktemp("watched") / "home")
    for number, part in enumerate(slices):
        if number == BEGUN_ANEW:
            watch.begin()
        watch.give(part)
    return watch


def test_a_look_is_made_where_something_is_to_be_told(watched: Watch) -> None:
    runs = [n for n, one in enumerate(watched.each) if one.finished is not None]
    assert runs == [0, BACK]
    looks = [n for n, one in enumerate(watched.each) if one.vessels]
    assert looks == [0, BEGUN_ANEW, BACK]
    assert "reports wait to be taken in" in watched.each[1].text
    found = events_of(watched.home)
    assert list(found["detector"]) == ["gap"]
    assert found["end"].notna().all()


def test_in_the_end_all_is_as_in_one_go(watched: Watch, slices: list[str], tmp_path: Path) -> None:
    (watched.home / "looked.json").unlink()
    assert watched.looker.look().whole == "it is the first look"
    once = Watch(tmp_path / "once")
    once.give(
        "\n".join([slices[0].strip(), *(part.split("\n", 1)[1].strip() for part in slices[1:])])
    )
    columns = ["detector", "start", "end", "score", "explanation"]
    ours, theirs = events_of(watched.home), events_of(once.home)
    same(ours[columns], theirs[columns])
    assert "gap" in set(theirs["detector"])
    with (
        store.read(watched.installation.store) as one,
        store.read(once.installation.store) as other,
    ):
        query = "SELECT mmsi, hull, time FROM track_state ORDER BY ALL"
        same(one.sql(query), other.sql(query))


def test_a_glance_changes_nothing_in_the_store(slices: list[str], tmp_path: Path) -> None:
    watch = Watch(tmp_path / "home")
    watch.give(slices[0])
    before, noted = watch.generation, read_state(watch.installation)
    for part in slices[1:3]:
        assert not watch.give(part).vessels
    assert watch.generation == before
    now = read_state(watch.installation)
    assert noted is not None
    assert now == noted.model_copy(update={"looked": now.looked if now else None})


def test_whatever_else_changes_asks_for_a_look(slices: list[str], tmp_path: Path) -> None:
    watch = Watch(tmp_path / "home")
    watch.give(slices[0])
    assert not watch.give(slices[1]).vessels
    with store.write(watch.installation.store) as writer:
        writer.place_feeds({})
    assert not watch.give(slices[2]).whole
    assert watch.each[-1].vessels
    (watch.home / "looked.json").unlink()
    assert watch.give(slices[3]).whole == "it is the first look"
    assert not watch.give(slices[4]).vessels
    (watch.home / "feeds" / "x.csv.gz").write_bytes(b"\x1f\x8bnothing")
    said = watch.give(slices[5])
    assert said.finished is not None
    assert any("x.csv.gz" in name for name in said.finished.failures)


def test_no_more_waits_than_is_said(
    slices: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glances, "MOST_REPORTS", 100)
    watch = Watch(tmp_path / "home", whole_min=180)
    taken = [bool(watch.give(part).vessels) for part in slices[:4]]
    assert taken == [True, False, True, False]


def test_a_look_at_everything_comes_in_time(slices: list[str], tmp_path: Path) -> None:
    watch = Watch(tmp_path / "home", whole_min=60)
    assert [bool(watch.give(part).whole) for part in slices[:4]] == [True, False, True, False]
