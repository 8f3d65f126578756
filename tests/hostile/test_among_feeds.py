"""What lies in a folder of feeds and is none: it gets in by no door that its mark would close."""

import shutil
from pathlib import Path

import pytest
import yaml

from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, Installation, load
from pipelines.ingest import discover
from pipelines.run.sightings import import_sightings
from pipelines.store import write

SEEN = "sighting_id,time,lat,lon,uncertainty_m,source\nr1,2026-01-05T17:00Z,3,100,50,radar\n"
FEED = "MMSI,BaseDateTime,LAT,LON\n563000101,2026-01-05T17:00:00,1.2,103.8\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    feeds = tmp_path / "feeds" / "secret"
    feeds.mkdir(parents=True)
    (feeds / "feed.csv").write_text(FEED)
    (feeds / "seen.csv").write_text(SEEN)
    return tmp_path / "feeds"


def marked(tmp_path: Path, **rules: object) -> Installation:
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    given = yaml.safe_load((config / "marks.yaml").read_text())
    (config / "marks.yaml").write_text(yaml.safe_dump({**given, **rules}))
    return load(tmp_path / "home", config)


def taken(one: Installation, among: list[str], *named: str) -> tuple[list[str], list[str]]:
    with reporter(quiet=True) as report, write(one.store, one.settings.store) as store:
        summary = import_sightings(store, one, report, named, among)
    return [*summary.added, *summary.already_there], list(summary.failed.values())


def test_sightings_among_feeds_that_are_marked_are_not_taken_under_another_mark(
    folder: Path, tmp_path: Path
) -> None:
    among = discover([str(folder)], tmp_path).seen
    rule = {"feed": f"{folder}/secret/*", "tlp": "RED", "rel": ["MYS"]}
    one = marked(tmp_path, feeds=[rule])
    added, failed = taken(one, among)
    assert added == []
    assert "a mark of their own" in failed[0]
    # Who names it has said what it is.
    assert taken(one, among, str(folder / "secret" / "seen.csv")) == (["seen.csv"], [])


def test_where_nothing_is_marked_they_are_taken_once(folder: Path, tmp_path: Path) -> None:
    among = discover([str(folder)], tmp_path).seen
    one = marked(tmp_path)
    assert taken(one, among, *among) == (["seen.csv"], [])


def test_a_link_that_calls_a_feed_sightings_takes_in_neither_twice(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "again.csv").symlink_to(folder / "secret" / "seen.csv")
    among = discover([str(folder)], tmp_path).seen
    assert len(among) == 2
    assert len(taken(marked(tmp_path), among)[0]) == 1


def test_a_column_that_is_there_twice_is_not_guessed_between(folder: Path, tmp_path: Path) -> None:
    (folder / "twice.csv").write_text(
        "time,lat,lon,uncertainty_m,lat\n2026-01-05T17:00Z,3,100,50,4\n"
    )
    added, failed = taken(marked(tmp_path), [str(folder / "twice.csv")])
    assert added == []
    assert "several columns 'lat'" in failed[0]
