"""Where things are: feeds are found again from anywhere, and the run of `make nightly` too."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.base import settings
from pipelines.store import read, write

Selat = Callable[..., Any]


@pytest.fixture(scope="module")
def moved(exercise: Path, exercise_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose feed was named by a relative path; the folder it was named from."""
    folder = tmp_path_factory.mktemp("moved")
    shutil.copytree(exercise_home, folder / "home", symlinks=True)
    shutil.copy(exercise / "feed.nmea.gz", folder / "feed.nmea.gz")
    with write(folder / "home" / "store") as store:
        store._connection.execute("UPDATE ledger SET name = 'feed.nmea.gz'")
        store._connection.execute("DELETE FROM feed_places")
        store.publish()
    return folder


def raw(selat: Selat, home: Path, *options: object) -> list[dict[str, Any]]:
    """The reports that the strongest event rests on, as they stand in the feed."""
    with read(home / "store") as store:
        event = store.sql("SELECT event_id FROM events ORDER BY score DESC, event_id LIMIT 1")
    ran = selat("explain", event["event_id"][0], "--home", home, "--json", *options)
    return [one["reported"] for one in json.loads(ran.out)["raw"]]


@pytest.mark.parametrize("place", ["beside", "elsewhere"])
def test_an_old_home_finds_its_feed_beside_it(
    place: str, moved: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(moved if place == "beside" else tmp_path)
    assert all(one["lines"] for one in raw(selat, moved / "home"))


@pytest.mark.slow
def test_a_feed_that_moved_is_found_where_it_was_named_last(
    moved: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(moved / "home", home, symlinks=True)
    problems = {one["problem"] for one in raw(selat, home)}
    [problem] = problems
    assert "isn't there any more" in problem
    assert f"looked in {Path.cwd()}" in problem  # it says where
    # Named with --feed it is found, and given to ingest again it is found ever after.
    assert all(one["lines"] for one in raw(selat, home, "--feed", moved))
    monkeypatch.chdir(moved)
    assert selat("ingest", "feed.nmea.gz", "--home", home).code == 0
    monkeypatch.chdir("/")
    assert all(one["lines"] for one in raw(selat, home))


@pytest.fixture
def project(tmp_path: Path, exercise_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As after `make nightly`, and nothing else; returns the data folder."""
    data = tmp_path / "data"
    shutil.copytree(exercise_home, data / "exercise" / "home", symlinks=True)
    monkeypatch.setattr(settings, "HOME", data / "home")
    monkeypatch.setattr(settings, "EXERCISE_HOME", data / "exercise" / "home")
    monkeypatch.delenv("SELAT_HOME", raising=False)
    return data


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["flagged --top 3", "status", "store feeds", "disposition list"]
)
def test_commands_that_show_a_run_find_the_exercise(
    command: str, project: Path, selat: Selat
) -> None:
    ran = selat(*command.split())
    assert ran.code == 0
    assert f"the exercise of make nightly: --home {project / 'exercise' / 'home'}" in ran.err
    assert not (project / "home").exists()


@pytest.mark.slow
def test_what_reads_feeds_in_never_goes_to_the_exercise(
    project: Path, exercise: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (project / "exercise" / "home" / "store" / "catalogue.duckdb").read_bytes()
    assert selat("detect").code == 7
    assert selat("ingest", exercise / "feed.nmea.gz").code == 0
    assert (project / "home" / "store").is_dir()
    assert (project / "exercise" / "home" / "store" / "catalogue.duckdb").read_bytes() == before
    # From now on data/home is meant by all, though it has no run yet.
    ran = selat("flagged")
    assert ran.code == 7
    assert "exercise" not in ran.err
    # A home that is named is what is meant, always.
    monkeypatch.setenv("SELAT_HOME", str(project / "exercise" / "home"))
    ran = selat("flagged", "--top", 3)
    assert ran.code == 0
    assert "the exercise of make nightly" not in ran.err


def test_what_is_made_says_nothing_of_where_feeds_lie(exercise_home: Path) -> None:
    with read(exercise_home / "store") as store:
        [place] = store.feed_places().values()
        manifest = store.manifest(store.last_run()["run_id"])
    assert place.is_file()
    told = {key: value for key, value in manifest.items() if key != "inputs"}
    assert str(place.parent) not in json.dumps(told)
    for path in (exercise_home / "latest").rglob("*"):
        if path.suffix in {".csv", ".geojson", ".kml"}:
            assert str(place.parent) not in path.read_text(encoding="utf-8")
