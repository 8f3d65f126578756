"""What stands beside feeds in a folder: sightings, and the truth of an exercise."""

import gzip
from datetime import UTC, datetime

import pytest

from pipelines.ingest import sightings
from pipelines.ingest.discovery import discover
from pipelines.ingest.errors import IngestError

SEEN = "sighting_id,time,lat,lon,uncertainty_m,source\nr1,2026-01-05T17:00Z,3,100,50,radar\n"
FAULTY = (
    "fault,mmsi,time,lat,lon,true_time,source,note\n"
    "clock,538985827,1767628368,6.193265,95.714056,1767629045.2,SELATSIM-SAB,minutes wrong\n"
)
TRUTH = '{"t0": 1767628800.0, "t1": 1767650400.0, "events": [\n{"kind": "gap", "mmsi": 563000101}]}'
FEED = "MMSI,BaseDateTime,LAT,LON\n563000101,2026-01-05T17:00:00,1.2,103.8\n"


@pytest.fixture
def folder(tmp_path):
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    (feeds / "feed.csv").write_text(FEED)
    (feeds / "seen.csv").write_text(SEEN)
    (feeds / "faulty.csv.gz").write_bytes(gzip.compress(FAULTY.encode()))
    (feeds / "truth.json").write_text(TRUTH)
    return feeds


def test_in_a_folder_they_are_passed_over_and_told_as_what_they_are(folder, tmp_path):
    found = discover([str(folder)], tmp_path)
    assert [feed.path.name for feed in found] == ["feed.csv"]
    assert not found.unreadable
    why = {name.rpartition("/")[2]: text for name, text in found.skipped}
    assert "the truth of an exercise" in why["truth.json"]
    assert "the truth of an exercise" in why["faulty.csv.gz"]
    assert "a table of sightings" in why["seen.csv"]
    assert found.seen == [str(folder / "seen.csv")]


def test_a_file_that_is_known_is_not_opened(folder, tmp_path):
    (folder / "seen.csv").chmod(0)
    found = discover([str(folder)], tmp_path, known=lambda path: path.name != "feed.csv")
    assert [feed.path.name for feed in found] == ["feed.csv"]
    assert not [name for name, _ in found.skipped if name.endswith(".gz")]


@pytest.mark.parametrize("text", [FAULTY, TRUTH])
def test_a_truth_that_is_named_is_refused(text, read):
    with pytest.raises(IngestError, match="truth of an exercise, not a feed"):
        read(text)


def test_a_truth_is_nothing_that_others_saw_either(folder):
    (folder / "faulty.csv").write_text(FAULTY)
    (folder / "feed.csv").unlink()
    assert [path.name for path in sightings.find([str(folder)])] == ["seen.csv"]
    assert [path.name for path in sightings.find([f"{folder}/*.csv"])] == ["seen.csv"]
    for name in ("faulty.csv", "truth.json"):
        with pytest.raises(sightings.SightingsError, match="truth of an exercise"):
            sightings.read(folder / name, datetime(2027, 1, 1, tzinfo=UTC))


def test_reports_that_say_how_far_off_they_are_stay_a_feed(tmp_path):
    (tmp_path / "feed.csv").write_text(
        "mmsi,time,lat,lon,uncertainty_m\n563000101,2026-01-05T17:00Z,3,100,9\n"
    )
    assert [feed.path.name for feed in discover([str(tmp_path)], tmp_path)] == ["feed.csv"]


def test_a_home_among_feeds_is_not_searched(folder, tmp_path):
    store = folder / "home" / "store"
    store.mkdir(parents=True)
    (store / "catalogue.duckdb").write_bytes(b"")
    (folder / "home" / "flagged.csv").write_text(FEED)
    found = discover([str(folder)], tmp_path)
    assert [feed.path.name for feed in found] == ["feed.csv"]
    assert (str(folder / "home"), "is a home of Selat's own") in found.skipped
    # Asked for by name, what a home recorded is read.
    assert [feed.path.name for feed in discover([str(folder / "home")], tmp_path)] == [
        "flagged.csv"
    ]
