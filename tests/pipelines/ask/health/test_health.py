"""What `selat doctor` and `selat status` find, on stores made for it."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from detectors.core import events, frames
from pipelines import store
from pipelines.ask.health import Health, gather, problems, show, told
from pipelines.ask.health.model import Early, LastLook, WrongPack
from pipelines.ask.health.problems import MAX_EARLY
from pipelines.ask.health.prometheus import as_prometheus
from pipelines.ask.health.screen import coverage_map, facts, feed_rows
from pipelines.ask.notices import compose
from pipelines.base.labels import labels
from pipelines.base.problems import Problem
from pipelines.base.schedule import Served, due_around, write_served
from pipelines.base.schemas import FLAGGED, INCIDENTS
from pipelines.base.settings import PROJECT, HealthSettings, Installation, load
from pipelines.base.spoken import spoken
from pipelines.detect.compare import compare
from pipelines.detect.days import refresh
from pipelines.detect.lacking import LACKING
from pipelines.detect.reception import Block, Coverage
from tests.making import reports

Selat = Callable[..., Any]
DAYS = 6
FIRST = pd.Timestamp("2026-03-01", tz="UTC").as_unit("us")
NOW = (FIRST + pd.Timedelta(days=DAYS)).to_pydatetime()


class Part:
    """Reports of vessels that lie in two places, each heard every ten minutes."""

    def __init__(
        self, day: int, *, places: Sequence[float], hours: Sequence[float], step_s: int
    ) -> None:
        parts = []
        for number, lon in enumerate(places):
            seconds = np.arange(hours[0] * 3600, hours[1] * 3600, step_s)
            time = FIRST + pd.to_timedelta(day * 86_400 + seconds, unit="s")
            at = {"mmsi": 533000001 + number, "time": time, "lat": 3.5, "lon": lon}
            parts.append(reports(**at, sog_kn=0.0, cog_deg=10.0, nav_status=1))
        self.positions = pd.concat(parts, ignore_index=True)
        self.statics = frames.empty(frames.STATICS)


def add_days(home: Path, days: Sequence[int], name: str, **what: Any) -> None:
    """Add days of the feed to a home."""
    with store.write(home / "store") as writer:
        for day in days:
            usual = {"places": (100.1, 102.1), "hours": (0, 24), "step_s": 300}
            part = Part(day, **(usual | what))
            report = {
                "simulated": False,
                "format": "test",
                "rejected": {},
                "positions": len(part.positions),
            }
            writer.add_feed(
                f"k{day}", sha256=str(day), name=name.format(day=day), batches=[part], report=report
            )
        refresh(writer)
        writer.publish()


def add_run(writer: store.Writer, ordinal: int, end: pd.Timestamp, **more: Any) -> None:
    """Record a run that found nothing."""
    run = {"run_id": f"run-{ordinal}", "ordinal": ordinal, "start": FIRST, "end": end}
    said = {"simulated": False, "counts": {"flagged": 0}, "failures": {}, **more}
    known = writer.events_touching(FIRST, end)
    writer.add_run(
        {**run, "state": "complete", "manifest": json.dumps(said)},
        compared=compare(events.empty().assign(reason=""), known, ()),
        flags=frames.empty(FLAGGED),
        incidents=frames.empty(INCIDENTS),
        feed_keys=[],
    )


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Homes with six days of a feed, each made once; all of a name have the same first five."""
    folder = tmp_path_factory.mktemp("homes")

    @cache
    def all_but_the_last(name: str) -> Path:
        home = folder / f"first-{all_but_the_last.cache_info().misses}"
        add_days(home, range(DAYS - 1), name)
        return home

    @cache
    def make(name: str, **last: Any) -> Path:
        home = folder / f"whole-{make.cache_info().misses}"
        shutil.copytree(all_but_the_last(name), home)
        add_days(home, [DAYS - 1], name, **last)
        return home

    return make


@pytest.fixture
def made(homes: Callable[..., Path], tmp_path: Path) -> Callable[..., Installation]:
    """A home of one's own with six days of a feed; `last` changes the last day."""

    def make(name: str = "/feeds/ais-{day}.csv", **last: Any) -> Installation:
        return load(Path(shutil.copytree(homes(name, **last), tmp_path / "home")))

    return make


def found(installation: Installation, now: datetime = NOW) -> tuple[Health, dict[str, str]]:
    health = gather(installation, now)
    return health, {p.where: p.message for p in problems(health, HealthSettings())}


@pytest.mark.slow
def test_what_the_feeds_of_the_newest_run_lack_is_a_problem(
    made: Callable[..., Installation],
) -> None:
    installation = made()
    with store.write(installation.store) as writer:
        add_run(writer, 1, FIRST + pd.Timedelta(hours=20))
        add_run(
            writer, 2, FIRST + pd.Timedelta(hours=21), lacking=["ais_class", "type", "of later"]
        )
        writer.publish()
    health = gather(installation, NOW)
    told = [one for one in problems(health, HealthSettings()) if one.where.startswith("feeds: ")]
    assert [one.message for one in told] == [LACKING["ais_class"], LACKING["type"]]
    assert [one.where for one in told] == ["feeds: class", "feeds: type"]  # each told of anew
    malay = labels("ms")
    for one in told:
        for text in (one.where, one.message, one.hint):
            assert spoken(malay, text)[1] is False
            assert spoken(malay, text)[0] != text


def test_all_is_well(made: Callable[..., Installation]) -> None:
    health, wrong = found(made())
    [feed] = health.feeds
    assert (feed.name, feed.files, feed.silent_dates) == ("/feeds/ais-#.csv", DAYS, ())
    assert feed.share == pytest.approx(1, abs=0.01)
    assert feed.lag_s == 300
    assert health.coverage is not None
    assert (health.coverage.gaps, health.coverage.days) == (0, DAYS - 1)
    assert wrong.keys() == {"runs", "backup"}


@pytest.mark.slow
def test_a_feed_that_says_less_than_usual(made: Callable[..., Installation]) -> None:
    health, wrong = found(made(step_s=1200))
    assert health.feeds[0].share == pytest.approx(0.25, abs=0.02)
    assert "25% of the usual" in wrong["feed /feeds/ais-#.csv"]


def test_a_feed_that_went_silent(made: Callable[..., Installation]) -> None:
    installation = made()
    assert "feed /feeds/ais-#.csv" not in found(installation, NOW + timedelta(hours=35))[1]
    _, wrong = found(installation, NOW + timedelta(hours=37))
    assert "silent" in wrong["feed /feeds/ais-#.csv"]


def test_what_is_years_old_is_told_with_its_year_and_one_date_is_one(
    made: Callable[..., Installation],
) -> None:
    """Of a feed that fell silent years ago it said "31 Jan 14:35 MYT", 5418.3 d; "1 dates"."""
    health = gather(made(), NOW + timedelta(days=800))
    [row] = feed_rows(health)
    assert row[2].startswith(f"{health.feeds[0].newest:%Y-}")
    assert row[3] == "800 d"
    assert health.store is not None
    few = replace(health, store=replace(health.store, dates=1, files=1))
    console = Console(record=True, width=100)
    show(few, [], console)
    assert "positions of 1 date in 1 file, " in console.export_text()


@pytest.mark.slow
def test_a_place_that_went_silent(made: Callable[..., Installation]) -> None:
    health, wrong = found(made(places=(100.1,)))
    assert "1 of 2 blocks" in wrong["coverage"]
    assert "03°30.00′N 102°15.00′E" in wrong["coverage"]
    assert health.coverage is not None
    blocks = tuple(replace(one, lat=-2) for one in health.coverage.blocks)
    south = replace(health, coverage=replace(health.coverage, blocks=blocks))
    [said] = [p for p in problems(south, HealthSettings()) if p.where == "coverage"]
    assert "01°30.00′S 102°15.00′E" in said.message
    console = Console(record=True, width=100)
    show(health, [], console)
    told = console.export_text()
    assert "  3°N █   ·\n      100°E 102.5°E\n" in told
    narrow = Console(record=True, width=80)  # a name stays one
    show(health, [], narrow)
    column = [line[1:].split("│")[0].strip() for line in narrow.export_text().split("\n")]
    assert "/feeds/ais-#.csv" in column


def test_a_narrow_screen_keeps_the_columns_that_say_something(
    made: Callable[..., Installation],
) -> None:
    health, _ = found(made())
    [feed] = health.feeds
    quiet = replace(feed, name="f" * 99 + "/a.csv", silent_dates=("2026-01-02",))
    loud = replace(feed, name="f" * 99 + "/b.csv", silent_dates=())
    narrow = Console(record=True, width=80)
    show(replace(health, feeds=(quiet, loud)), [], narrow)
    told = narrow.export_text()
    assert "silent" in told
    assert "/a.csv" in told
    assert "/b.csv" in told


def test_a_hole_in_all_feeds_is_told_beside_blocks_that_had_little(
    made: Callable[..., Installation],
) -> None:
    health = gather(made(), NOW)
    poor = Block(3, 100.0, 1, 1000.0)
    since = NOW - timedelta(hours=9)
    both = replace(health, coverage=Coverage(NOW, 5, (poor,), 1, 8 * 3600.0, since))
    before = problems(replace(both, coverage=Coverage(NOW, 5, (poor,), 0, 0.0)), HealthSettings())
    told = compose(before, {}, NOW, timedelta(hours=24), "x")[1]
    notice, _ = compose(problems(both, HealthSettings()), told, NOW, timedelta(hours=24), "x")
    assert notice is not None
    assert "nothing, or next to nothing, was heard for 8.0 h" in notice.body


@pytest.mark.slow
def test_gaps_of_the_last_day(made: Callable[..., Installation]) -> None:
    health, _ = found(made(hours=(2, 24)))
    assert health.coverage is not None
    assert health.coverage.gaps == 1
    assert health.coverage.longest_gap_s == pytest.approx(2 * 3600, abs=1200)


def test_a_file_that_is_lost(made: Callable[..., Installation]) -> None:
    installation = made()
    next((installation.store / "positions").rglob("*.parquet")).unlink()
    health, wrong = found(installation)
    assert health.store is not None
    assert len(health.store.lost) == 1
    assert "1 file is missing or cut short" in wrong["store"]


def test_a_disk_that_fills_up(made: Callable[..., Installation]) -> None:
    installation = made()
    health, _ = found(installation)
    # What is worked out from reports grows with them.
    with store.read(installation.store) as reader:
        paths = reader.sql("SELECT path FROM files UNION ALL SELECT path FROM track_files")["path"]
    sizes = [(installation.store / path).stat().st_size for path in paths]
    assert health.store is not None
    assert (
        health.store.bytes == sum(sizes) + (installation.store / "catalogue.duckdb").stat().st_size
    )
    received = (installation.store / "positions").glob("*/*.parquet")
    assert health.disk.growth_per_day_bytes > max(path.stat().st_size for path in received) > 0
    # A day with looks writes more than its night.
    with store.write(installation.store) as writer:
        for ordinal in (1, 2, 3):
            add_run(writer, ordinal, FIRST + pd.Timedelta(hours=20 + ordinal))
            folder = installation.runs / f"run-{ordinal}"
            folder.mkdir(parents=True)
            (folder / "flagged.csv").write_bytes(bytes(1000 * ordinal))
        writer.publish()
    looked, _ = found(installation)
    assert looked.disk.growth_per_day_bytes - health.disk.growth_per_day_bytes == 6000
    full = replace(health, disk=replace(health.disk, days_left=2.0))
    assert [p.level for p in problems(full, HealthSettings()) if p.where == "disk"] == ["error"]


@pytest.mark.parametrize(
    ("cleared_only", "said"),
    [(True, "selat correct boat --cleared"), (False, "selat correct boat")],
)
def test_what_mends_a_wrong_pack_is_the_command_that_does(
    made: Callable[..., Installation], cleared_only: bool, said: str
) -> None:
    health, _ = found(made())
    wrong = WrongPack("boat", "Patrol boat", "3 cleared", cleared_only)
    hints = [one.hint for one in problems(replace(health, wrong_packs=(wrong,)), HealthSettings())]
    assert said in hints


@pytest.mark.parametrize(
    ("days_left", "said"),
    [(812.0, "full in 812 days"), (6_811.0, "full in more than ten years"), (None, "a day")],
)
def test_when_a_disk_is_full_is_told_as_far_as_it_can_be_known(
    made: Callable[..., Installation], days_left: float | None, said: str
) -> None:
    health, _ = found(made())
    told = dict(facts(replace(health, disk=replace(health.disk, days_left=days_left))))
    assert told["disk"].endswith(said)


def test_a_disk_that_is_full_before_anything_is_known_of_a_day(
    made: Callable[..., Installation],
) -> None:
    health, _ = found(made())
    full = replace(health.disk, days_left=None, growth_per_day_bytes=0.0, free_bytes=4_000)
    [said] = [
        one for one in problems(replace(health, disk=full), HealthSettings()) if one.where == "disk"
    ]
    assert (said.level, said.message[:9]) == ("error", "0 MB free")


def test_a_disk_with_less_room_than_a_night_takes(made: Callable[..., Installation]) -> None:
    health, _ = found(made())
    short = replace(health.disk, days_left=0.8, growth_per_day_bytes=250e6, free_bytes=200_000_000)
    [said] = [
        one
        for one in problems(replace(health, disk=short), HealthSettings(disk_days=0))
        if one.where == "disk"
    ]
    assert said.level == "error"
    assert said.message.startswith("200 MB free, less than a night takes")
    assert "takes room first" in said.hint


@pytest.mark.parametrize("served", [False, True])
def test_a_disk_that_can_only_be_read_from(
    small_home: Path, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    """A system that finds errors on a disk goes on so; the night can't even note that it failed."""
    installation, asked = load(small_home), os.statvfs
    assert "disk" not in found(installation, datetime.now(UTC))[1]

    def errors(path: Path) -> Any:
        fields = list(asked(path))
        fields[8] |= os.ST_RDONLY  # f_flag
        return os.statvfs_result(fields)

    monkeypatch.setattr(os, "statvfs", errors)
    health = gather(installation, datetime.now(UTC))
    since = datetime.now(UTC) if served else None
    health = replace(health, schedule=replace(health.schedule, served_since=since))
    [one] = [one for one in problems(health, HealthSettings()) if one.where == "disk"]
    assert one.level == ("error" if served else "warning")
    assert "can only be read from" in one.message
    for text in (one.message, one.hint):
        assert spoken(labels("ms"), text)[1] is False
        assert spoken(labels("ms"), text)[0] != text


def test_what_waits_is_counted_beside_what_runs_ahead(made: Callable[..., Installation]) -> None:
    health, _ = found(made())
    ahead = replace(health, ahead="one vessel was heard later")
    assert not [one for one in problems(ahead, HealthSettings()) if "more feeds" in one.message]
    many = replace(ahead, waiting=tuple(Early(f"feed {k}", "waits") for k in range(MAX_EARLY + 2)))
    assert "reports of 2 more feeds wait" in [
        one.message for one in problems(many, HealthSettings())
    ]


def test_schedule() -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text + "+00:00")

    cron = ("0 2 * * *", "Asia/Kuala_Lumpur")
    assert due_around(*cron, at("2026-03-01T17:59:59"))[0] == at("2026-02-28T18:00:00")
    assert due_around(*cron, at("2026-03-01T18:00:00")) == (
        at("2026-03-01T18:00:00"),
        at("2026-03-02T18:00:00"),
    )


def test_a_night_that_is_missing(tmp_path: Path) -> None:
    installation = load(tmp_path)

    def missing(now: datetime) -> bool:
        return gather(installation, now).schedule.missing

    due = datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert not missing(due + timedelta(days=3))  # nobody serves a schedule here
    write_served(installation.service, Served(due - timedelta(days=30), due - timedelta(days=1)))
    assert not missing(due - timedelta(minutes=1))
    assert not missing(due + timedelta(hours=5))  # it may still be running
    assert missing(due + timedelta(hours=7))
    write_served(installation.service, Served(due - timedelta(days=30), due))
    assert not missing(due + timedelta(hours=7))
    write_served(installation.service, Served(due + timedelta(hours=1), None))
    assert not missing(due + timedelta(hours=7))  # served only since after it was due


@pytest.mark.slow
def test_hostile_names_break_no_format(made: Callable[..., Installation]) -> None:
    name = '/feeds/"}}\n evil{{a="\\ \x1b[31m [bold]-{day}.csv'
    health, _ = found(made(name=name))
    text = as_prometheus(health, [])
    families = {f.name: f for f in text_string_to_metric_families(text)}
    [sample] = families["selat_feed_lag_seconds"].samples
    assert sample.labels["feed"] == health.feeds[0].name
    assert sample.value == 300
    assert families["selat_store_positions"].samples[0].value == 2 * DAYS * 288
    console = Console(record=True, width=100)
    show(health, problems(health, HealthSettings()), console)
    assert "\x1b" not in console.export_text()


def test_the_line_to_change(selat: Selat, tmp_path: Path) -> None:
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    lines = (config / "detectors.yaml").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "max_speed_kn: 3.2" in line)
    lines[number - 1] = "  max_speed_kn: -3"
    (config / "detectors.yaml").write_text("\n".join([*lines, "no_such_rule:", "  a: 1", ""]))
    ran = selat("doctor", "--home", tmp_path / "home", "--config", config, "--json")
    assert ran.code == 1
    hints = [p["hint"] for p in json.loads(ran.out) if p["level"] == "error"]
    assert any(f"mend line {number} of" in hint for hint in hints)
    assert any(f"mend line {len(lines) + 1} of" in hint for hint in hints)


def test_what_to_do_about_many_alike_is_said_once(
    selat: Selat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Problem("warning", f"feed {n}", "its clock is wrong", "ask them") for n in range(3)]
    found += [Problem("warning", "disk", "it fills up", "tidy it")]
    monkeypatch.setattr("pipelines.ask.look.look", lambda *_, **__: (None, found))
    said = selat("doctor", "--home", tmp_path).out.splitlines()
    assert [line.split(":")[1].strip() for line in said[:-1]] == [
        "feed 0",
        "feed 1",
        "feed 2",
        "ask them",
        "disk",
        "tidy it",
    ]


def test_the_line_of_a_setting(
    selat: Selat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Path(shutil.copytree(PROJECT / "config", tmp_path / "config"))
    text = (config / "settings.yaml").read_text()
    (config / "settings.yaml").write_text(text.replace("min_score: 0.3 ", "min_score: 3.0 "))
    number = next(n for n, line in enumerate(text.splitlines(), 1) if "min_score: 0.3 " in line)
    ran = selat("doctor", "--home", tmp_path / "home", "--config", config)
    assert ran.code == 2
    assert f"line {number} of" in ran.err
    monkeypatch.setenv("SELAT_ASSESS__MIN_SCORE", "7")
    ran = selat("doctor", "--home", tmp_path / "home", "--config", config)
    assert "SELAT_ASSESS__MIN_SCORE in the environment" in ran.err


@pytest.mark.slow
def test_the_status_knows_of_what_a_person_edited_as_doctor_does(
    selat: Selat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, home = Path(shutil.copytree(PROJECT / "config", tmp_path / "config")), tmp_path / "home"
    home.mkdir()

    def told(command: str) -> list[dict[str, str]]:
        said = json.loads(selat(command, "--home", home, "--config", config, "--json").out)
        return said if command == "doctor" else said["problems"]

    assert told("status") == told("doctor")
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.ask.examine.examine", lambda _: pytest.fail("nothing changed"))
        assert told("status")
    zone = {"zone_id": "x", "name": "X", "zone_class": "anchorage", "source": "", "confidence": "?"}
    outline = [[[100, 2], [100.1, 2], [100.1, 2.1], [100, 2]]]
    feature = {"geometry": {"type": "Polygon", "coordinates": outline}, "properties": zone}
    feature["type"] = "Feature"
    drawn = {"type": "FeatureCollection", "features": [feature]}
    (config / "zones" / "own.geojson").write_text(json.dumps(drawn))
    assert any("own.geojson" in problem["where"] for problem in told("status"))
    assert told("status") == told("doctor")
    for left in ('{"state": []', "[" * 100_000):
        (home / "examined.json").write_text(left)
        assert told("status") == told("doctor")
    (home / "examined.json").write_text("")
    assert told("status") == told("doctor")


@pytest.mark.slow
def test_a_clock_behind_what_was_made_is_told(small_home: Path) -> None:
    """Each age would be none, and no look late, until what the clock showed then has come."""
    installation = load(small_home)
    now = datetime.now(UTC)
    assert "clock" not in found(installation, now)[1]
    health, wrong = found(installation, now - timedelta(days=700))
    assert "its clock is behind, or was ahead then" in wrong["clock"]
    told_of = dict(facts(health))["last run"]
    assert "still to come by the clock of this machine" in told_of
    assert "ago" not in told_of
    ahead = LastLook(now + timedelta(days=9), now, now, 15)
    every = problems(replace(health, now=now, last_look=ahead), HealthSettings())
    [one] = [one for one in every if one.where == "clock"]
    assert one.message.startswith("the last look was made at")
    for text in (wrong["clock"], one.message, one.hint):
        assert spoken(labels("ms"), text)[1] is False
        assert spoken(labels("ms"), text)[0] != text


def test_a_mistyped_home_is_said_to_be_none(selat: Selat, tmp_path: Path) -> None:
    for command in ("status", "doctor"):
        said = selat(command, "--home", tmp_path / "data" / "hoem", "--json").out
        told = json.loads(said)
        first = (told if command == "doctor" else told["problems"])[0]
        assert (first["level"], first["where"]) == ("warning", "home")
        assert "isn't there" in first["message"]
    assert not (tmp_path / "data").exists()


def test_status_for_machines(exercise_home: Path, selat: Selat) -> None:
    said = json.loads(selat("status", "--home", exercise_home, "--json").out)
    assert said["health"]["last_run"]["state"] == "complete"
    metrics = selat("status", "--home", exercise_home, "--prometheus").out
    names = {family.name for family in text_string_to_metric_families(metrics)}
    assert {"selat_last_run_age_seconds", "selat_disk_free_bytes", "selat_problems"} <= names


def test_feeds_whose_clocks_contradict_their_reports_are_told_with_what_to_do(
    made: Callable[..., Installation],
) -> None:
    installation = made()
    with store.read(installation.store) as reader:
        ledger = reader.ledger()
    report = json.loads(ledger["report"].iloc[-1]) | {
        "rejected": {"delivery time": 3},
        "time_of_delivery": 40,
        "time_put_right": 30,
        "delivery_lag_s": 54_000.0,
        "clocks": [
            {"receiver": "r1", "text": "its clock is 80 s slow"},
            {"receiver": "r2", "text": "its clock is 25 s fast"},
        ],
    }
    with store.write(installation.store) as writer:
        part = Part(DAYS - 1, places=[100.1], hours=[0, 1], step_s=600)
        writer.add_feed("late", sha256="late", name="/feeds/late", batches=[part], report=report)
    health = gather(installation, NOW)
    told = [p for p in problems(health, HealthSettings()) if p.where == "feed /feeds/late"]
    said = [problem for problem in told if "silent" not in problem.message]
    assert [("delivery, 30 min late" in p.message, "clock is 80 s" in p.message) for p in said] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert all(problem.hint for problem in said)
    assert said[-1].message == (
        "receiver r1: its clock is 80 s slow; receiver r2: its clock is 25 s fast"
    )


def test_a_table_that_stands_as_an_older_program_read_it_too_is_told_with_what_to_do(
    made: Callable[..., Installation],
) -> None:
    """One of another area isn't, nor what was read by a layout of one's own."""
    installation = made()
    with store.read(installation.store) as reader:
        usual = json.loads(reader.ledger()["report"].iloc[-1])
    by_names = {"read_as": {"lat": "Lat"}, "unused": ["Note", "N/S"]}
    readings = [
        ("old", "a", by_names),
        ("new", "a", {"read_as": {"lat": "Lat + N/S (dms)"}, "unused": ["Note"]}),
        ("own", "a", {}),
        ("kn", "c", {"read_as": {"sog_kn": "SPEED"}}),
        ("tenths", "c", {"read_as": {"sog_kn": "SPEED (kn/10)"}}),
        ("here", "b", by_names),
        ("there", "b", by_names),
    ]
    for number, (key, content, read_as) in enumerate(readings):
        with store.write(installation.store) as writer:
            part = Part(DAYS - 1, places=[100.1], hours=[0, 1], step_s=600 + number)
            about = {"sha256": content, "name": f"/feeds/{content}.csv"}
            writer.add_feed(key, batches=[part], report=usual | read_as, **about)
    told = [p for p in problems(gather(installation, NOW), HealthSettings()) if "two" in p.message]
    assert [(p.where, p.message, p.hint) for p in told] == [
        (
            "feed /feeds/a.csv",
            "it stands here in two readings: old passed by N/S, which new reads",
            "selat store delete old takes the older one away",
        ),
        (
            "feed /feeds/c.csv",
            "it stands here in two readings: kn passed by SPEED (kn/10), which tenths reads",
            "selat store delete kn takes the older one away",
        ),
    ]
    malay = labels("ms")
    assert not any(spoken(malay, text)[1] for p in told for text in (p.message, p.hint))


def test_a_receiver_whose_recordings_follow_one_another_is_told_of_once(
    made: Callable[..., Installation],
) -> None:
    """By each recording's name it was something new to send a notice of, each time."""
    installation = made()
    with store.read(installation.store) as reader:
        usual = json.loads(reader.ledger()["report"].iloc[-1])
    heard = [[("pier", 80), ("rig", 9)], [("pier", 78)], [("pier", 79)]]
    where = []
    for number, clocks in enumerate(heard):
        said = [{"receiver": name, "text": f"its clock is {s} s slow"} for name, s in clocks]
        with store.write(installation.store) as writer:
            part = Part(DAYS - 1, places=[100.1], hours=[0, 1], step_s=600 + number)
            about = {"sha256": f"r{number}", "name": f"/r/2026030{number}T000000Z-pier.nmea.zst"}
            report = usual | {"clocks": said}
            writer.add_feed(f"r{number}", batches=[part], report=report, **about)
        found = problems(gather(installation, NOW), HealthSettings())
        where.append([p for p in found if "its clock is" in p.message])
    first, *later = where
    assert [p.where for p in first] == ["feed /r/20260300T000000Z-pier.nmea.zst"]
    assert {p.where for found in later for p in found} == {"feed /r/#T#Z-pier.nmea.zst"}
    assert [p.message for p in later[-1]] == [
        "receiver pier: its clock is 79 s slow; receiver rig: its clock is 9 s slow"
    ]


def test_problems_fit_the_terminal_and_paths_stay_whole() -> None:
    path = "/srv/" + "recordings/" * 9 + "feed.nmea.gz"
    problem = Problem("warning", f"feed {path}", "its clock is 22 s fast " * 5, "ask them " * 20)
    console = Console(width=80, file=StringIO())
    told(problem, console, hint=True)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line for line in lines if len(line) > 80] == [f"  {path}:"]
    assert " ".join("\n".join(lines).split()) == " ".join(
        f"warning: {problem.where}: {problem.message} hint: {problem.hint}".split()
    )


def test_the_map_is_a_degree_a_line_where_that_fits_and_stays_on_one_screen_where_not() -> None:
    near = (Block(3, 100.5, 10, 10.0), Block(1, 102.0, 0, 10.0))
    _, *lines = coverage_map(Coverage(NOW, 5, near, 0, 0.0))
    assert lines == ["  3°N █", "  2°N ", "  1°N    ·", "      100.5°E 102.5°E"]
    far = (Block(89, -180.0, 10, 10.0), Block(-90, 179.5, 2, 10.0), Block(-89, 178.5, 6, 10.0))
    _, *lines = coverage_map(Coverage(NOW, 5, far, 0, 0.0))
    assert len(lines) <= 24 + 1
    assert max(map(len, lines)) <= 80
    assert (lines[0].endswith("█"), lines[-2].endswith("▒")) == (True, True)  # 8 of 20 are heard
    assert lines[-1].split() == ["180°W", "180°E"]
