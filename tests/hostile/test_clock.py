"""The machine's clock is wrong: nothing is lost for good, whatever it said when a feed was read."""

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyais
import pytest

from detectors.surroundings.zones import Zones
from pipelines.ask.health.gather import gather
from pipelines.base.progress import reporter
from pipelines.base.schedule import Served, write_served
from pipelines.base.settings import load
from pipelines.ingest import decoding, naming
from pipelines.ingest.samples import zone_beside
from pipelines.ingest.waiting import Waiting
from pipelines.run import feeds
from pipelines.store import read, write
from tests.pipelines.store.conftest import assert_same

NOW_S = int(time.time())
HOUR_S = 3600
TABLES = ("ledger", "presence", "statics", "meta")

At = Callable[[float], None]


def report(mmsi: int, second: int, lat: float = 3.0) -> bytes:
    """A position report with the time of its reception."""
    fields = {"msg_type": 1, "mmsi": mmsi, "lon": 100.5, "lat": lat, "speed": 8, "course": 300}
    [sentence] = pyais.encode_dict(fields)
    return f"{second} {sentence}\n".encode()


def said(mmsi: int, second: int) -> bytes:
    """Static data of a vessel, in two sentences."""
    fields = {"msg_type": 5, "mmsi": mmsi, "shipname": f"SHIP {mmsi}", "callsign": "9MAA1"}
    lines = pyais.encode_dict(fields)
    return b"".join(f"{second} {line}\n".encode() for line in lines)


def sentences(hours: range, vessels: int = 5, start_s: int = NOW_S) -> bytes:
    """A report of each vessel every hour, and what it calls itself."""
    return b"".join(
        report(533000001 + vessel, start_s + hour * HOUR_S + vessel, 3 + hour / 100)
        + said(533000001 + vessel, start_s + hour * HOUR_S + vessel)
        for hour in hours
        for vessel in range(vessels)
    )


def table(hours: range) -> str:
    """The same as a CSV."""
    rows = [
        f"{533000001 + vessel},{pd.Timestamp(NOW_S + hour * HOUR_S, unit='s'):%Y-%m-%dT%H:%M:%S},"
        f"{3 + hour / 100:.2f},100.5,8,300,300,SHIP {vessel},,,,,,,,,A"
        for hour in hours
        for vessel in range(5)
    ]
    header = (
        "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,"
        "Length,Width,Draft,Cargo,TransceiverClass"
    )
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the machine's clock, as ingesting sees it: reports up to so many hours from now land."""

    def set_to(hours: float) -> None:
        # What decides is the clock and how far reports may lie ahead of it, together.
        monkeypatch.setattr(feeds, "datetime", _Clock(hours))

    return set_to


class _Clock:
    def __init__(self, hours: float) -> None:
        self._hours = hours

    def now(self, zone: Any) -> Any:
        moment = pd.Timestamp(NOW_S, unit="s", tz="UTC") + pd.Timedelta(hours=self._hours - 24)
        return moment.to_pydatetime().astimezone(zone)


def ingest(home: Path, *paths: Path) -> feeds.IngestSummary:
    with reporter(quiet=True) as said:
        return feeds.ingest_only(
            load(home),
            Zones.none(),
            [str(path) for path in paths],
            area="all",
            mapping=None,
            report=said,
        )


def content(home: Path) -> dict[str, pd.DataFrame]:
    """All that the store knows of its feeds, whatever its files are called."""
    with read(home / "store") as reader:
        tables = {name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES}
        paths = reader.fetched(reader.sql("SELECT path FROM files")["path"])
        rows = (
            reader.sql(
                "SELECT * FROM read_parquet($files, union_by_name := true) ORDER BY ALL",
                {"files": paths},
            )
            if paths
            else pd.DataFrame()
        )
        held = reader.sql("SELECT feed_key, sum(rows) AS n FROM file_feeds GROUP BY ALL ORDER BY 1")
    return {**tables, "rows": rows, "held": held}


def feeds_of(folder: Path) -> Iterator[Path]:
    """The same night as sentences, as a table and in an archive."""
    hours = range(-20, 6)
    nmea, csv, archive = (folder / name for name in ("a.nmea", "b.csv", "c.zip"))
    nmea.write_bytes(sentences(hours))
    csv.write_text(table(hours))
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("one.nmea", sentences(hours, 3))
        packed.writestr("two.csv", table(hours))
    yield from (nmea, csv, archive)


def test_what_a_decoder_of_before_read_gives_way_to_what_this_one_reads(
    tmp_path: Path, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stood in the store, and what an older one dated otherwise was there at two times."""
    at(24)
    for path in feeds_of(tmp_path):
        with monkeypatch.context() as before:
            before.setattr(decoding, "DECODER_VERSION", decoding.DECODER_VERSION - 1)
            ingest(tmp_path / "old", path)
        ingest(tmp_path / "old", path)
        ingest(tmp_path / "new", path)
    assert_same(content(tmp_path / "old"), content(tmp_path / "new"))


def test_a_table_with_zones_that_was_read_by_rows_of_every_zone_gives_way(
    tmp_path: Path, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(24)
    path = tmp_path / "zones.csv"
    rows = [f"56300000{k},{datetime.fromtimestamp(NOW_S, UTC):%F %T},UTC,1,103" for k in range(9)]
    path.write_text("\n".join(["mmsi,time,timezone,lat,lon", *rows, ""]))
    with monkeypatch.context() as before:
        before.setattr(naming, "zone_beside", lambda sample: (zone_beside(sample)[0], {}))
        ingest(tmp_path / "old", path)
    ingest(tmp_path / "old", path)
    ingest(tmp_path / "new", path)
    assert_same(content(tmp_path / "old"), content(tmp_path / "new"))


@pytest.mark.parametrize("again", ["a clock", "a decoder"])
def test_what_is_read_again_keeps_every_name_it_came_by_and_no_other(
    tmp_path: Path, at: At, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """Who may have it by one of them may have it all along; not what has grown since."""
    home, (first, other, grown) = tmp_path / "home", (tmp_path / f"{k}.csv" for k in "abc")
    for path in (first, other):
        path.write_text(table(range(-20, 6))[:-9])  # while somebody was writing it
    grown.write_text(table(range(-20, 8)))
    at(-12)
    ingest(home, first)
    if again == "a clock":
        at(24)
    else:
        monkeypatch.setattr(decoding, "DECODER_VERSION", decoding.DECODER_VERSION + 1)
    for came, names in ((other, ["a.csv", "b.csv"]), (grown, ["c.csv"])):
        ingest(home, came)
        with read(home / "store") as reader:
            [key] = reader.feed_keys()
            assert sorted(reader.called(key)) == names
            assert Path(reader.ledger()["name"][0]).name == names[0]


@pytest.mark.parametrize(
    "steps", [pytest.param((-10, 24), marks=pytest.mark.prove), (-100, -12, 2, 24)]
)
def test_a_slow_clock_loses_nothing(tmp_path: Path, at: At, steps: tuple[int, ...]) -> None:
    paths = list(feeds_of(tmp_path))
    at(24)
    assert ingest(tmp_path / "right", *paths).failed == {}
    for hours in steps:
        at(hours)
        last = ingest(tmp_path / "slow", *paths)
        assert bool(last.failed) == (hours < 6)  # said each time, as long as it is so
    right, slow = content(tmp_path / "right"), content(tmp_path / "slow")
    # How often it was read shows nowhere.
    assert_same(slow, right)
    assert len(right["rows"]) == 26 * (5 + 5 + 8)
    assert ingest(tmp_path / "slow", *paths).added == {}  # and it isn't read any more


def test_what_a_compaction_joined_is_replaced_too(tmp_path: Path, at: At) -> None:
    paths = list(feeds_of(tmp_path))
    at(24)
    ingest(tmp_path / "right", *paths)
    at(-10)
    ingest(tmp_path / "slow", *paths)
    with write(tmp_path / "slow" / "store") as writer:
        for date in list(writer.files_by_date()["date"]):
            writer.compact(date)
    at(24)
    ingest(tmp_path / "slow", *paths)
    assert_same(content(tmp_path / "slow"), content(tmp_path / "right"))


def test_a_transmitter_of_2037_costs_one_reading(tmp_path: Path, at: At) -> None:
    feed = tmp_path / "feed.nmea"
    feed.write_bytes(sentences(range(-5, 0)) + report(563000009, 2_120_000_000))
    at(24)
    first = ingest(tmp_path / "home", feed)
    assert first.failed == {}  # one vessel's clock isn't ours
    [told] = first.added.values()
    assert told["rejected"] == {"future": 1}
    assert told["waiting"]["last_time"] == "2037-03-07T00:53:20Z"
    for night in (2, 400):
        at(24 * night)
        assert ingest(tmp_path / "home", feed).added == {}


def test_reports_scattered_over_the_future_are_read_ever_less_often() -> None:
    """Of a feed with a report every hour for years, some come every night; each may be read."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    one = Waiting("f", 9, 1, start, start + timedelta(days=2000), heard=5, readings=0)
    nights = [start + timedelta(days=night) for night in range(2000)]
    read_again = []
    for not_after in nights:
        if one.due(not_after):
            first = not_after + timedelta(hours=1)
            one = replace(one, first=first, readings=one.readings + 1)
            read_again.append(not_after)
    assert 5 < len(read_again) <= 12
    assert read_again[0] == start


def test_the_next_run_looks_at_what_came_late(tmp_path: Path, at: At) -> None:
    feed = tmp_path / "feed.nmea"
    feed.write_bytes(sentences(range(-20, 6)))
    home = tmp_path / "home"
    at(-10)
    ingest(home, feed)
    with write(home / "store") as writer:
        [key] = writer.new_feeds()["feed_key"]
        writer._connection.execute("INSERT INTO run_feeds VALUES ('r', $k)", {"k": key})
        writer.publish()
    for hours in (-5, 24):
        at(hours)
        ingest(home, feed)
        with read(home / "store") as reader:
            fresh = reader.new_feeds()
        first = pd.Timestamp(NOW_S - 9 * HOUR_S, unit="s", tz="UTC") - pd.Timedelta(hours=1)
        assert fresh["feed_key"].tolist() == [key]
        assert first < fresh["first_time"][0] <= first + pd.Timedelta(hours=1)


def test_times_that_a_wrong_layout_put_into_the_future_give_way(tmp_path: Path, at: At) -> None:
    """Day and month swapped: all waits, until the feed is read by the right layout."""
    feed = tmp_path / "feed.nmea"
    feed.write_bytes(sentences(range(30, 40)))
    at(24)
    ingest(tmp_path / "home", feed)
    at(48)
    with reporter(quiet=True) as quiet:
        feeds.ingest_only(
            load(tmp_path / "home"),
            Zones.none(),
            [str(feed)],
            area="90,0,110,9",
            mapping=None,
            report=quiet,
        )
    assert len(content(tmp_path / "home")["ledger"]) == 1


def test_status_and_doctor_say_so(
    tmp_path: Path, at: At, selat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELAT_AREA", "all")
    feed, home = tmp_path / "feed.nmea", tmp_path / "home"
    feed.write_bytes(sentences(range(-5, 40)))
    ran = selat("ingest", feed, "--home", home)
    assert ran.code == 6
    assert "150 reports are from the future" in ran.err
    for command in ("status", "doctor"):
        told = " ".join(selat(command, "--home", home).out.split())
        assert "150 reports are from the future by up to" in told
        assert "this machine's clock (" in told
        assert "may be slow" in told
    problems = json.loads(selat("doctor", "--json", "--home", home).out)
    assert [p["where"] for p in problems if "future" in p["message"]] == [f"feed {feed}"]


def test_sightings_from_the_future_are_taken_once_their_time_has_come(
    tmp_path: Path, selat: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [pd.Timestamp(NOW_S + hours * HOUR_S, unit="s", tz="UTC") for hours in (-2, 30, 60)]
    rows = [f"{time.isoformat()},3.{k},100.5,s{k},SAR" for k, time in enumerate(times)]
    file = tmp_path / "24.csv"
    file.write_text("\n".join(["time,lat,lon,sighting_id,source", *rows]))
    homes = [tmp_path / "slow", tmp_path / "right"]
    for home, limits in zip(homes, ((24, 48, 72), (72,)), strict=True):
        for hours in limits:
            monkeypatch.setenv("SELAT_INGEST__MAX_FUTURE_H", str(hours))
            file = file.rename(tmp_path / f"{hours}.csv")
            selat("sightings", "import", file, "--home", home)
            if hours == 24:
                told = " ".join(selat("doctor", "--home", home).out.split())
                assert "2 sightings lay in the future" in told
    found = []
    for home in homes:
        with read(home / "store") as reader:
            found.append([reader.all_sightings(), reader.sighting_files()])
    for one, other in zip(*found, strict=True):
        held = one.columns.difference(["name", "report"])
        pd.testing.assert_frame_equal(one[held], other[held])
    assert len(found[0][0]) == 3
    [(name, report)] = found[0][1][["name", "report"]].to_numpy()
    assert [name, *json.loads(report)["also_named"]] == ["24.csv", "48.csv", "72.csv"]


def test_an_older_home_opens_and_its_feeds_stay(tmp_path: Path, at: At) -> None:
    """A ledger whose reports say nothing of what waits: nothing is read again."""
    feed, home = tmp_path / "feed.nmea", tmp_path / "home"
    feed.write_bytes(sentences(range(-5, 0)))
    at(24)
    ingest(home, feed)
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as connection:
        for name in ("feed_places", "late_reports"):
            connection.execute(f"DROP TABLE {name}")
        connection.execute("UPDATE meta SET schema_version = 6")
    assert [*ingest(home, feed).already_there] == [str(feed)]
    with read(home / "store") as reader:
        assert list(reader.feed_places().values()) == [feed]


def test_whose_clock_it_may_be() -> None:
    one = {"feed": "f", "rows": 9, "first": None, "last": None, "readings": 0}
    assert Waiting(**one, vessels=3, heard=20).may_be_the_clock
    assert not Waiting(**one, vessels=3, heard=400).may_be_the_clock
    assert not Waiting(**one, vessels=2, heard=0).may_be_the_clock


def test_a_night_that_a_clock_far_ahead_did_hides_no_missing_one(tmp_path: Path) -> None:
    """What was noted then is the newest for a year: no night would be due, and none would lack."""
    installation = load(tmp_path)
    due = datetime(2026, 3, 2, 18, tzinfo=UTC)
    for ahead in (timedelta(hours=20), timedelta(days=365)):
        for noted in (Served(due - timedelta(days=30), due + ahead), Served(due + ahead, None)):
            write_served(installation.service, noted)
            assert gather(installation, due + timedelta(hours=7)).schedule.missing
            assert not gather(installation, due + timedelta(hours=5)).schedule.missing
