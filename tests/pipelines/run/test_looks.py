"""Looks between nights: what they find, what they leave alone, and what they survive."""

import fcntl
import gc
import gzip
import json
import os
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from detectors.core.detector import Detector
from detectors.core.errors import SelatError
from pipelines import store
from pipelines.ask import desk
from pipelines.ask.health import gather, problems
from pipelines.ask.health.screen import facts
from pipelines.base.failure import note_failure
from pipelines.base.labels import labels
from pipelines.base.progress import reporter
from pipelines.base.schedule import LOOK, NIGHT, Served, write_served
from pipelines.base.settings import PROJECT, Installation, WatchSettings, load
from pipelines.cli.main import app
from pipelines.detect import looks as detect_looks
from pipelines.detect import parts, window
from pipelines.detect.looks import early
from pipelines.detect.memory import MEMORY_GB
from pipelines.ingest import discover
from pipelines.run import dispositions, feeds, looks, release_nights, runs, watching
from pipelines.run.folder import point_newest
from pipelines.run.looked import State, read_state, stamp, write_state
from pipelines.run.looks import Looked, Looker
from pipelines.run.setup import Setup, load_zones
from pipelines.store.kept import CALLED, COLUMNS
from pipelines.web import tonight
from tests.conftest import asking_only, ingest
from tests.conftest import look as night

SLICES = 5


def installation_of(
    home: Path, whole_min: float, min_score: float = 0.0, early_min: float = 100_000.0
) -> Installation:
    """Return an installation in which what any detector tells counts, unless said otherwise."""
    found = load(home)
    assess = found.settings.assess.model_copy(update={"min_score": min_score})
    watch = WatchSettings(early_min=early_min, whole_min=whole_min)
    update = {"watch": watch, "assess": assess}
    return replace(found, settings=found.settings.model_copy(update=update))


def looked(home: Path, whole_min: float = 100_000.0, looker: Looker | None = None) -> Looked:
    """Look once, by a process that has just begun unless one is given."""
    installation = installation_of(home, whole_min)
    with reporter(quiet=True) as report:
        return (looker or Looker(installation, [str(home / "feeds")], report)).look()


def asked_of(home: Path, enough: float) -> list[str]:
    """Return the detectors that a look at what is new asks, by the score that counts."""
    setup = Setup.load(load(home))
    return [d.name for d in early(setup.detectors, setup.zones, setup.models, enough)]


def events_of(home: Path) -> pd.DataFrame:
    installation = load(home)
    with store.read(installation.store, installation.settings.store) as reader:
        found = reader.sql(
            """SELECT event_id, detector, start, "end", score, explanation,
            evidence -> '$.checks' AS checks FROM events """
            "WHERE NOT retracted ORDER BY event_id"
        )
    return found.set_index("event_id")


def inputs_of(home: Path) -> list[str]:
    installation = load(home)
    with store.read(installation.store, installation.settings.store) as reader:
        return list(reader.sql("SELECT input FROM days ORDER BY date")["input"])


@dataclass(frozen=True)
class Day:
    """A feed that came in slices, looked at after each; `after` is what was known after the last
    look at what is new, `each` what the looks came to, `judged` on which input dates were judged.
    """

    home: Path
    each: list[Looked]
    after: pd.DataFrame
    judged: list[str]


def give(home: Path, lines: list[bytes], number: int) -> None:
    folder = home / "feeds"
    folder.mkdir(parents=True, exist_ok=True)
    part = lines[number * len(lines) // SLICES : (number + 1) * len(lines) // SLICES]
    (folder / f"{number}.nmea").write_bytes(b"".join(part))


def fails(*_: Any, **__: Any) -> None:
    raise RuntimeError("the power went")


@pytest.fixture(scope="module")
def day(small_feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Three hours in slices; at the second the look dies before it has made its run, at the fourth
    before it has noted what it left. The third has nothing to tell.
    """
    home = tmp_path_factory.mktemp("day")
    lines = gzip.decompress(small_feed.read_bytes()).splitlines(keepends=True)
    each = []
    for number in range(SLICES):
        give(home, lines, number)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(detect_looks, "told", lambda *_, number=number: number != 2)
            if number in (1, 3):
                with pytest.MonkeyPatch.context() as broken:
                    broken.setattr(
                        *((runs, "publish") if number == 1 else (looks, "write_state")), fails
                    )
                    with pytest.raises(RuntimeError, match="power"):
                        looked(home)
            each.append(looked(home))
    return Day(home, each, events_of(home), inputs_of(home))


@pytest.fixture(scope="module")
def whole_day(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The same after a look at everything, in a home of its own."""
    folder = tmp_path_factory.mktemp("whole-day")
    home = Path(shutil.copytree(day.home, folder / "home", symlinks=True))
    (home / "looked.json").unlink()
    each = [*day.each, looked(home)]
    return Day(home, each, events_of(home), inputs_of(home))


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(ours, theirs)


def test_looks_at_what_is_new_find_what_the_night_finds(day: Day, small_home: Path) -> None:
    asked = asked_of(day.home, 0.0)
    assert {"gap", "geofence", "encounter", "loitering", "mother_ship"} <= {*asked}
    assert [bool(one.whole) for one in day.each] == [True, False, False, True, False]
    assert [one.finished is not None for one in day.each] == [True, True, False, True, True]
    assert not [one for one in day.each if one.finished is not None and one.finished.failures]
    theirs = events_of(small_home)
    same(day.after[day.after["detector"].isin(asked)], theirs[theirs["detector"].isin(asked)])
    assert len(theirs[theirs["detector"].isin(asked)]) >= 5


def test_a_look_at_what_is_new_judges_a_tail_and_one_at_everything_all(
    day: Day, whole_day: Day
) -> None:
    assert [text.startswith("~") for text in day.judged] == [True]
    assert [text.startswith("~") for text in whole_day.judged] == [False]


def test_a_look_at_everything_leaves_what_the_night_would(whole_day: Day, small_home: Path) -> None:
    same(whole_day.after, events_of(small_home))


def test_a_look_asks_what_is_told_early(day: Day) -> None:
    assert set(day.each[-1].vessels) == {*asked_of(day.home, 0.0), "crossing"}
    asked = {*asked_of(day.home, 0.3)}
    assert {"gap", "encounter", "loitering", "mother_ship", "possible_meeting"} <= asked
    assert not asked & {"crossing", "identity", "spoofing", "geofence"}


def test_with_nothing_new_nothing_is_detected_or_published(
    whole_day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = installation_of(whole_day.home, 0.0)
    before, noted = store.generation(installation.store), read_state(installation)
    for where, name in (
        (parts.Sweep, "_found"),
        (window, "detect"),
        (runs, "run_detectors"),
        (runs, "work_out_days"),
        (runs, "publish"),
    ):
        monkeypatch.setattr(where, name, fails)
    with reporter(quiet=True) as report:
        looker = Looker(installation, [str(whole_day.home / "feeds")], report)
        first, second = looker.look(), looker.look()
    assert re.match(r"nothing new since \S+ \S+ MYT", first.text)  # the hour that people read
    assert not second.vessels
    assert second.finished is None
    assert store.generation(installation.store) == before
    now = read_state(installation)
    assert noted is not None
    assert now is not None
    assert now.looked > noted.looked
    assert now == noted.model_copy(update={"looked": now.looked})


def test_what_is_put_off_is_said(day: Day) -> None:
    installation = load(day.home)
    with store.read(installation.store, installation.settings.store) as reader:
        manifests = [
            json.loads(text) for text in reader.sql("SELECT manifest FROM runs")["manifest"]
        ]
        assert reader.last_run(looks=False) is None
    told = [one["look"] for one in manifests]
    assert told[0]["whole"] == "it is the first look"
    assert told[0]["put_off"] == []
    assert all("identity" in one["put_off"] for one in told if not one["whole"])
    state = read_state(installation)
    assert state is not None
    assert state.whole <= state.upto


def test_a_note_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    installation = load(tmp_path)
    for text in ("", "{}", "null", "\x00", '{"looked": "2026-01-05T18:00:00Z"}', "[" * 9_999):
        installation.looked.write_text(text)
        assert read_state(installation) is None
    installation.looked.write_bytes(b"\xff\xfe")
    assert read_state(installation) is None


def test_times_that_were_noted_are_as_those_of_reports(day: Day) -> None:
    state = read_state(load(day.home))
    assert state is not None
    newest = pd.Timestamp("2026-01-05T19:00Z").as_unit("us")
    both = pd.Series([stamp(state.told_from), newest])
    assert both.dtype == "datetime64[us, UTC]"


def test_a_run_is_made_of_what_counts() -> None:
    def known(**of: Any) -> pd.DataFrame:
        row = pd.DataFrame([{"event_id": "a", "end": None, "score": 0.5, **of}])
        return row.assign(end=pd.to_datetime(row["end"], utc=True))

    nothing, one = known()[:0], known()

    def tells(now: pd.DataFrame, before: pd.DataFrame) -> bool:
        return detect_looks.told(now, before, 0.3)

    assert tells(one, nothing)
    assert tells(nothing, one)
    assert tells(known(end="2026-01-05T18:00Z"), one)
    assert tells(known(score=0.2), one)
    assert not tells(one, one)
    assert not tells(known(score=0.51), one)
    assert not tells(known(score=0.1), nothing)


def test_the_desk_says_what_is_put_off() -> None:
    look = {"put_off": ["encounter", "loitering"], "put_off_since": "2026-01-05T18:00:00Z"}
    for manifest, told in (({}, None), ({"look": {"put_off": []}}, None), ({"look": look}, True)):
        shown: Any = SimpleNamespace(
            night=SimpleNamespace(run={"manifest": manifest}), words=labels("en")
        )
        put_off = tonight._put_off(shown)
        assert (put_off is not None) == (told is not None)
        if put_off is not None:
            assert put_off == ("encounter, loitering", "06 Jan 02:00 MYT")


def test_a_home_copied_with_its_links_followed_goes_on(tmp_path: Path) -> None:
    installation, runs_of = load(tmp_path), tmp_path / "runs"
    for name in ("latest", "look"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(name)
    (runs_of / "b").mkdir(parents=True)
    point_newest(installation, runs_of / "b")
    assert installation.latest.readlink() == Path("runs/b")
    assert (tmp_path / "latest.copied-b" / "manifest.json").read_text() == "latest"
    assert (tmp_path / "look.copied-b" / "manifest.json").read_text() == "look"
    (runs_of / "c").mkdir()
    point_newest(installation, runs_of / "c", look=True)
    assert installation.look.readlink() == Path("runs/c")
    assert installation.latest.readlink() == Path("runs/b")


def test_runs_and_looks_are_told_apart(day: Day) -> None:
    told = desk.looks(desk.night(day.home))
    assert set(told["kind"]) == {"look at everything", "look at what is new"}
    assert told.loc[told["kind"] == "look at everything", "put_off"].eq("").all()
    assert told.loc[told["kind"] == "look at what is new", "put_off"].str.contains("identity").all()
    health = gather(load(day.home), datetime.now(UTC))
    assert "all else up to 06 Jan" in dict(facts(health))["last look"]


@pytest.mark.usefixtures("without_briefs")
def test_the_night_after_looks_is_the_night_without(
    whole_day: Day, small_home: Path, tmp_path: Path
) -> None:
    """All that looks have seen is new to it: its window, its list and its events are the same. An
    incident keeps the id by which a look told of it first.
    """
    home = Path(shutil.copytree(whole_day.home, tmp_path / "home", symlinks=True))
    mine, theirs = load(home), load(small_home)
    assert (mine.newest, mine.latest.exists()) == (mine.look, False)
    night(home)
    assert (mine.newest, mine.look.exists()) == (mine.latest, False)
    assert (mine.latest / "tracks.geojson").exists()
    with (
        store.read(mine.store) as ours,
        store.read(theirs.store) as reference,
    ):
        one, other = ours.last_run(looks=False), reference.last_run()
        assert one is not None
        assert other is not None
        assert (one["start"], one["end"]) == (other["start"], other["end"])
        flags = [
            flags.assign(incident_id=flags.groupby("incident_id", sort=False).ngroup())
            for flags in (ours.flags(one["run_id"]), reference.flags(other["run_id"]))
        ]
        files = ours.sighting_files()
        keys = {key: key for key in ours.ledger()["feed_key"]}
        rights = SimpleNamespace(files=files, arrivals=keys, whole=True)
        view: Any = SimpleNamespace(store=ours, rights=rights)
        [released] = release_nights.nights(release_nights.runs_of(ours), view)
        assert (released.run_id, released.window.start) == (one["run_id"], one["start"])
        assert ours.new_feeds().empty
    pd.testing.assert_frame_equal(*flags)
    same(events_of(home), events_of(small_home))
    assert looked(home).text.startswith("nothing new")


@pytest.mark.usefixtures("without_briefs")
def test_what_looks_alone_have_told_is_new_to_a_night_after_a_past_span_was_looked_at(
    whole_day: Day, tmp_path: Path
) -> None:
    """That run is no look, and took all that looks had told for told."""
    home = Path(shutil.copytree(whole_day.home, tmp_path / "home", symlinks=True))
    with store.read(load(home).store) as reader:
        start = reader.ledger()["first_time"].min()
    with reporter(quiet=True) as report:
        until = (start + pd.Timedelta(minutes=15)).isoformat()
        runs.detect_only(load(home), None, start.isoformat(), until, report)
    night(home)
    with store.read(load(home).store) as reader:
        past, tonight = reader.runs()["run_id"].tolist()[-2:]
        told = set(reader.incidents(past)["incident_id"])
        found = reader.incidents(tonight)
        found = found[(found["rank"] > 0) & ~found["incident_id"].isin(told)]
    assert len(found)
    assert set(found["status"]) == {"created"}
    assert set(found["news"]) == {"new"}


@pytest.mark.usefixtures("without_briefs")
def test_a_night_is_a_look_at_everything(
    small_feed: Path, small_home: Path, tmp_path: Path
) -> None:
    """What came since is looked at from there, and finds what one night finds."""
    lines = gzip.decompress(small_feed.read_bytes()).splitlines(keepends=True)
    for number in range(SLICES - 1):
        give(tmp_path, lines, number)
    ingest(tmp_path, tmp_path / "feeds")
    night(tmp_path)
    assert looked(tmp_path).text.startswith("nothing new")
    give(tmp_path, lines, SLICES - 1)
    after = looked(tmp_path)
    assert (after.whole, bool(after.vessels)) == ("", True)
    found, reference = events_of(tmp_path), events_of(small_home)
    asked = asked_of(tmp_path, 0.0)
    same(found[found["detector"].isin(asked)], reference[reference["detector"].isin(asked)])


@contextmanager
def elsewhere() -> Iterator[None]:
    """Act as another process: nothing is known of what this one keeps of a store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CALLED, "kept", None)
        patch.setattr(COLUMNS, "most_bytes", 0)
        yield


def told_of(home: Path) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    with store.read(load(home).store) as reader:
        run = reader.last_run()
        assert run is not None
        manifest: dict[str, Any] = json.loads(run["manifest"])
        manifest["inputs"] = [Path(one["name"]).name for one in manifest["inputs"]]
        return manifest, reader.flags(run["run_id"]), reader.incidents(run["run_id"])


@pytest.mark.parametrize("left_alone", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_a_process_that_goes_on_knows_what_others_wrote(
    small_feed: Path, tmp_path: Path, without_briefs: None, left_alone: bool
) -> None:
    """Between its looks somebody concludes, a night is run, and an older store is put back: what
    it finds and tells is what a process tells that has just begun.
    """
    home, twin, older = tmp_path / "home", tmp_path / "twin", tmp_path / "older"
    lines = gzip.decompress(small_feed.read_bytes()).splitlines(keepends=True)

    def begun(where: Path) -> Looker:
        installation = installation_of(where, 100_000.0, early_min=0.0)
        return Looker(installation, [str(where / "feeds")], report)

    def conclude() -> None:
        event = str(events_of(home)["score"].idxmax())
        said = {"author": "A", "conclusion": "cleared", "reason": "seen", "quiet_within_m": 0.0}
        dispositions.record(load(home), event, **said)

    def put_back() -> None:
        shutil.rmtree(home / "store")
        shutil.copytree(older, home / "store")

    others: list[Callable[[], object]] = [conclude, lambda: night(home), put_back]
    if left_alone:  # also between looks that are left alone: test_in_the_end_all_is_as_in_one_go
        others = [lambda: None, *others]
    with watching.economy(MEMORY_GB) as settle_down, reporter(quiet=True) as report:
        looker = begun(home)
        give(home, lines, 0)
        looker.look()
        settle_down()
        shutil.copytree(home / "store", older)
        for number, other in enumerate(others, 1):
            with elsewhere():
                other()
            give(home, lines, number)
            shutil.copytree(home, twin, symlinks=True)
            ours = looker.look()
            with elsewhere():
                theirs = begun(twin).look()
            assert ours.finished is not None
            assert theirs.finished is not None
            assert (ours.whole, ours.vessels) == (theirs.whole, theirs.vessels)
            same(events_of(home), events_of(twin))
            (manifest, *tables), (other_manifest, *other_tables) = told_of(home), told_of(twin)
            assert manifest == other_manifest
            for one, its in zip(tables, other_tables, strict=True):
                same(one, its)
            shutil.rmtree(twin)
    assert ours.whole


def test_files_that_are_known_are_passed_by(tmp_path: Path) -> None:
    sentence = "!AIVDM,1,1,,A,18In7RhP37WMJeN0g@WJ;`<00000,0*74\n"
    for name in ("a.nmea", "b.nmea"):
        (tmp_path / name).write_text(sentence)
    found = discover([str(tmp_path)], tmp_path / "spool", known=lambda path: path.name == "a.nmea")
    assert [file.path.name for file in found] == ["b.nmea"]
    assert not discover([str(tmp_path)], tmp_path / "spool", known=lambda _: True)


def test_what_is_no_feed_fails_no_look_that_has_nothing_new(tmp_path: Path) -> None:
    """All else is known: what a look does behind the feeds, such as new sightings, is done."""
    folder, one = tmp_path / "feeds", load(tmp_path / "home", PROJECT / "config")
    folder.mkdir()
    for name in ("known.nmea", "odd.nmea"):
        (folder / name).write_text("no sentence\n")

    def look(*known: str, named: Path = folder) -> feeds.IngestSummary:
        with reporter(quiet=True) as report, store.write(one.store) as writer:
            asked = [str(folder), str(named)]
            reading = (load_zones(one), report, asked, feeds.Reading())
            return feeds.ingest_all(writer, one, *reading, known=lambda path: path.name in known)

    assert [Path(name).name for name in look("known.nmea").failed] == ["odd.nmea"]
    (folder / "odd.nmea").unlink()
    gone = look("known.nmea", named=tmp_path / "gone").failed
    assert [Path(name).name for name in gone] == ["gone"]
    with pytest.raises(SelatError):
        look()


def test_the_night_goes_first(tmp_path: Path) -> None:
    installation = load(tmp_path)
    due = datetime(2026, 1, 5, 18, tzinfo=UTC)
    write_served(installation.service, Served(datetime(2026, 1, 5, tzinfo=UTC), None))
    with reporter(quiet=True) as report:
        looker = Looker(installation, [], report)
        for now in (due, due.replace(minute=59), due.replace(hour=17, minute=59)):
            assert "no look until it is done" in looker.look(now).text
        assert not installation.store.exists()
        write_served(installation.service, Served(due, due))
        assert looker.look(due).text.startswith("nothing new")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said while looks fail in every way, and then don't."""
    ways: list[Exception | Looked] = [
        store.StoreBusyError("somebody writes"),
        SelatError("no such feed", hint="name another"),
        ZeroDivisionError(),
        Looked("nothing new"),
    ]
    stop, lines = threading.Event(), list[str]()

    class Failing:
        def __init__(self, *_: object) -> None:
            pass

        def look(self) -> Looked:
            way = ways.pop(0)
            if not ways:
                stop.set()
            if isinstance(way, Exception):
                raise way
            return way

    monkeypatch.setattr(watching, "Looker", Failing)
    with reporter(quiet=True) as report:
        watching.watch(load(tmp_path), [], 0.0, report, stop, lines.append)
    return lines


def test_a_look_that_fails_is_no_matter_of_the_next(said: list[str], tmp_path: Path) -> None:
    busy, wrong, broken, well = said
    assert "no look: somebody writes" in busy
    assert wrong.endswith("no such feed (name another)")
    assert "ZeroDivisionError" in broken
    assert well.endswith("nothing new")
    assert not load(tmp_path).failure.exists()


def test_what_looks_save_ends_with_them() -> None:
    def texts() -> str:
        return pd.Series(["a"], dtype="str").array.dtype.storage

    gc.unfreeze()  # what collecting the tests froze, where no test before did
    before, frozen = texts(), gc.get_freeze_count()
    with watching.economy(MEMORY_GB) as settle_down:
        settle_down()
        assert texts() == "python"
        assert gc.get_freeze_count() > 10_000
    assert (texts(), gc.get_freeze_count()) == (before, frozen)


def test_a_failure_of_the_night_outlasts_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = load(tmp_path)
    installation.failure.write_text("2026-01-06 02:00 MYT: the nightly run failed: no disk\n")
    told = installation.failure.read_text()

    def fails(_: Looker) -> Looked:
        raise OSError("no feed")

    with reporter(quiet=True) as report:
        for way in (fails, lambda _: Looked("nothing new")):
            monkeypatch.setattr(Looker, "look", way)
            with suppress(OSError):
                watching.look(Looker(installation, [], report), installation)
            assert installation.failure.read_text() == told


@pytest.mark.parametrize(("what", "where"), [(NIGHT, "nightly run"), (LOOK, "looks")])
def test_a_failure_is_told_of_what_failed(tmp_path: Path, what: str, where: str) -> None:
    note_failure(load(tmp_path), OSError("no feed"), what)
    found = problems(gather(load(tmp_path), datetime.now(UTC)), load(tmp_path).settings.health)
    assert [one.where for one in found if "no feed" in one.message] == [where]


def test_two_who_watch_at_once_note_it_whole(tmp_path: Path) -> None:
    """`selat serve` looks, and somebody starts `selat watch` beside it."""
    installation, now = load(tmp_path), datetime.now(UTC)
    times = {"looked": now, "upto": now, "whole": now, "start": now, "told_from": now}
    state = State(**times, run_id="r", feeds=(), setup="")
    child = os.fork()
    try:
        for _ in range(300):
            write_state(installation, state)
            assert read_state(installation) == state
    except BaseException:
        if not child:
            os._exit(1)
        raise
    finally:
        if not child:
            os._exit(0)
        code = os.waitpid(child, 0)[1]
    assert code == 0


def test_of_two_who_watch_one_looks_and_the_other_goes_on_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each would find a run of the other's, and look at everything again."""
    installation, told, stop = load(tmp_path), list[str](), threading.Event()
    monkeypatch.setattr(Looker, "look", lambda _: Looked("nothing new"))
    with (tmp_path / "watch.lock").open("w") as other, reporter(quiet=True) as report:
        fcntl.flock(other, fcntl.LOCK_EX)

        def say(text: str) -> None:
            told.append(text.partition("Z ")[2])
            if told[-1] == "nothing new":
                stop.set()
            elif len(told) == 2:
                other.close()

        watching.watch(installation, [], 0.0, report, stop, say)
    assert [line.partition(" (")[0] for line in told] == [
        "no look: another process watches this home",
        "no look: another process watches this home",
        "nothing new",
    ]


def test_the_command_ends_when_asked_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def asked(_: Looker) -> Looked:
        os.kill(os.getpid(), signal.SIGTERM)
        return Looked("nothing new")

    monkeypatch.setattr(Looker, "look", asked)
    done = CliRunner().invoke(app, ["watch", "--every", "15", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "stopped"
    assert "nothing new" in done.output


def test_standard_input_is_not_watched(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["watch", "--feed", "-", "--home", str(tmp_path)])
    assert "can't be watched" in str(done.exception)


def to_and_fro(hours: range) -> bytes:
    """Two ships that sail up and down, so that nothing is told of them."""
    rows = ["MMSI,BaseDateTime,LAT,LON,SOG,COG"]
    for minute in range(60 * hours.start, 60 * hours.stop, 3):
        time = pd.Timestamp("2026-01-05T12:00Z") + pd.Timedelta(minutes=minute)
        lat = 4.2 + abs(minute % 60 - 30) / 300
        rows += [
            f"{mmsi},{time:%Y-%m-%dT%H:%M:%S},{lat:.6f},{lon},12.0,0.0"
            for mmsi, lon in {533000123: 100.2, 533000124: 100.6}.items()
        ]
    return "\n".join(rows).encode()


@pytest.mark.usefixtures("without_briefs")
def test_whom_a_look_read_from_further_back_the_next_one_of_the_day_reads_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of silences that come to nothing the store knows nothing: each look would read twice."""
    passes = []

    def counted(*args: Any, **kwargs: Any) -> window.Look:
        seen = window.look(*args, **kwargs)
        passes.append(seen.passes)
        return seen

    def short(_: Any, asked: Sequence[Detector], need: pd.DataFrame) -> pd.DataFrame:
        early = (need["from_time"] > need["first_time"]) & (need["mmsi"] == 533000124)
        early &= asked[0].name == "gap"
        named = need.rename(columns={"first_time": "reach_time"})
        return named.loc[early, ["mmsi", "reach_time"]]

    monkeypatch.setenv("SELAT_CONFIG", str(asking_only(tmp_path / "config", "gap")))
    monkeypatch.setattr(detect_looks, "look", counted)
    monkeypatch.setattr(detect_looks, "told", lambda *_: True)
    monkeypatch.setattr(window, "cut_short", short)
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    (feeds / "0.csv").write_bytes(to_and_fro(range(55)))
    ingest(tmp_path, feeds / "0.csv")
    night(tmp_path)
    slices = [range(55, 56), range(56, 57), range(77, 78), range(78, 79)]
    with reporter(quiet=True) as report:
        looker = Looker(installation_of(tmp_path, 0, 0.3, early_min=0), [str(feeds)], report)
        for n, hours in enumerate(slices, start=1):
            (feeds / f"{n}.csv").write_bytes(to_and_fro(hours))
            looker.look()
    assert passes == [2, 1, 1, 2]
