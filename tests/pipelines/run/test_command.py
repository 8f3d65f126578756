"""The command: results on stdout, clear errors with a hint on stderr, exit codes with a meaning."""

import functools
import gzip
import html
import json
import operator
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyais
import pytest
import typer
from pypdf import PdfReader

from detectors.core.errors import FrameError
from detectors.gap import Gap
from pipelines import store
from pipelines.base.labels import labels
from pipelines.base.settings import PROJECT
from pipelines.cli.main import app
from pipelines.cli.options import SHOWN
from pipelines.publish.files import WRITERS
from pipelines.run import history
from pipelines.run.windows import choose_window
from tests.conftest import asking_only

Selat = Callable[..., Any]


@pytest.fixture
def feed(exercise: Path) -> Path:
    return exercise / "feed.nmea.gz"


@pytest.fixture
def small(small_ingested_home: Path, tmp_path: Path) -> Path:
    """A home of its own with a feed of three hours."""
    return Path(shutil.copytree(small_ingested_home, tmp_path / "home", symlinks=True))


@pytest.fixture
def seen(small_home: Path, tmp_path: Path) -> Path:
    """That home, looked at."""
    return Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))


@pytest.fixture
def ingested(ingested_home: Path, tmp_path: Path) -> Path:
    """A home of its own with that feed."""
    return Path(shutil.copytree(ingested_home, tmp_path / "home", symlinks=True))


def results(home: Path) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    folder = home / "latest"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    tables = (
        pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        for name in ("events.csv", "flagged.csv")
    )
    return manifest, *tables


def test_help_imports_nothing_heavy() -> None:
    heavy = ("pandas", "prefect", "duckdb", "numpy", "pydantic")
    code = f"import sys, pipelines.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@functools.cache
def every_command() -> Any:
    return typer.main.get_command(app)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below one, with its words."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    if command.invoke_without_command:
        yield path, command
    for name, below in command.commands.items():
        yield from commands(below, (*path, name))


def take(line: str) -> tuple[str, ...]:
    """Parse a command line as `selat` does; the words of its command."""
    words = shlex.split(re.split(r" [>|] ", line)[0], comments=True)[1:]
    command, path = every_command(), ()
    while hasattr(command, "commands"):
        below = command.commands.get(words[0]) if words else None
        if below is None and command.invoke_without_command:
            break
        path, command = (*path, words.pop(0)), below
    command.make_context(path[-1], words)
    return path


@pytest.mark.slow
def test_every_command_has_an_example_that_it_takes() -> None:
    for path, command in commands(every_command()):
        examples = command.help.split("For example:")[1].replace("\\\n", "")
        lines = [line.strip() for line in examples.splitlines()]
        assert path in {take(line) for line in lines if line.startswith("selat ")}, path


def test_no_example_of_help_is_broken_by_eighty_columns() -> None:
    for path, command in commands(every_command()):
        shown = command.help.split("For example:")[1].splitlines()
        assert max(map(len, shown)) <= 80 - 2, path  # a margin of one at each side


def test_the_paragraphs_of_help_are_broken_by_the_terminal_alone() -> None:
    for path, command in commands(every_command()):
        for paragraph in command.help.split("\n\n"):
            assert "\n" not in paragraph or paragraph.startswith(" "), path


@pytest.mark.slow
@pytest.mark.parametrize(
    "guide",
    [
        "README.md",
        "CONTRIBUTING.md",
        *(str(path.relative_to(PROJECT)) for path in sorted((PROJECT / "docs").rglob("*.md"))),
    ],
)
def test_the_commands_of_a_guide_are_taken(guide: str) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", (PROJECT / guide).read_text(), re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    for line in lines:
        if re.match(r"(\.venv/bin/)?selat ", line):
            take(line)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.nmea", b"", ("is empty",)),
        ("photo.bin", bytes(range(256)) * 50, ()),
        ("nowhere.nmea", None, ()),
        ("feeds/README.txt", b"no feed here\n", ("hint:",)),
        (
            "x.csv",
            b"MMSI,Quando,LAT,LON,SOG,COG\n533000001,2026-01-05T00:00:00,4,100,0,0\n",
            ("unknown layout", "Quando"),
        ),
    ],
)
def test_what_is_no_feed_is_named(
    tmp_path: Path, selat: Selat, name: str, content: bytes | None, said: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_bytes(content)
    given = path if path.parent == tmp_path else path.parent
    ran = selat("ingest", given, "--home", tmp_path / "home")
    assert ran.code == 3
    assert "Traceback" not in ran.err
    for words in (given.name, *said):
        assert words in ran.err


def test_truncated_gzip_keeps_the_good_rows(tmp_path: Path, feed: Path, selat: Selat) -> None:
    whole = feed.read_bytes()
    (tmp_path / "cut.nmea.gz").write_bytes(whole[: len(whole) // 2])
    ran = selat("ingest", tmp_path / "cut.nmea.gz", "--home", tmp_path / "home", "--json")
    assert ran.code == 6
    [why] = json.loads(ran.out)["failed"].values()
    assert why.startswith("truncated archive")
    [report] = json.loads(ran.out)["added"].values()
    assert report["positions"] > 1000
    assert report["rejected"]["truncated archive"] == 1


def test_unknown_area(tmp_path: Path, feed: Path, selat: Selat) -> None:
    ran = selat("ingest", feed, "--area", "atlantis", "--home", tmp_path / "home")
    assert ran.code != 0
    assert "atlantis" in ran.err
    assert "hint:" in ran.err


@pytest.mark.slow
def test_second_ingest_is_a_no_op(tmp_path: Path, feed: Path, selat: Selat) -> None:
    home = tmp_path / "home"
    first = json.loads(selat("ingest", feed, "--home", home, "--json").out)
    assert len(first["added"]) == 1
    second = json.loads(selat("ingest", feed, "--home", home, "--json").out)
    assert second["added"] == {}
    assert len(second["already_there"]) == 1


def test_dry_run_writes_nothing(tmp_path: Path, feed: Path, selat: Selat) -> None:
    ran = selat("ingest", feed, "--home", tmp_path / "home", "--dry-run", "--json")
    assert ran.code == 0
    assert not (tmp_path / "home" / "store").exists()


def test_date_with_no_data(exercise_home: Path, selat: Selat) -> None:
    ran = selat("detect", "--date", "2019-01-01", "--home", exercise_home)
    assert ran.code == 7
    assert "from 2019-01-01 00:00 MYT to 2019-01-01 23:59 MYT" in ran.err
    assert "hint: the store holds reports from 2026-01-0" in ran.err


def test_nothing_was_run_yet(tmp_path: Path, selat: Selat) -> None:
    ran = selat("flagged", "--home", tmp_path)
    assert ran.code == 7
    assert "selat nightly --feed" in ran.err


def test_a_copied_brief_tells_what_people_concluded_since(
    exercise_home: Path, tmp_path: Path, selat: Selat
) -> None:
    home = shutil.copytree(exercise_home, tmp_path / "home", symlinks=True)
    written = (home / "latest" / "brief.html").read_bytes()
    elsewhere = html.escape(labels("en").conclusions_elsewhere).replace("&#x27;", "&#39;")
    assert elsewhere in written.decode()
    assert selat("export", tmp_path / "as-written", "--home", home).code == 0
    assert (tmp_path / "as-written" / "brief.html").read_bytes() == written
    incidents = pd.read_csv(home / "latest" / "incidents.csv", dtype=str, keep_default_na=False)
    first, second = incidents["incident_id"][:2]
    said = ["--by", "Lt Aminah", "--home", home]
    selat("disposition", "add", first, "--as", "cleared", "--reason", "a <pilot> boat", *said)
    selat("disposition", "add", second, "--as", "watch", "--reason", "ask (again)", *said)
    assert selat("export", tmp_path / "anew", "--home", home).code == 0
    anew = (tmp_path / "anew" / "brief.html").read_text("utf-8")
    assert "cleared (Lt Aminah: a &lt;pilot&gt; boat)" in anew
    assert "watch (Lt Aminah: ask [again])" in anew
    first_screen = anew.partition('class="find"')[0].partition('class="first"')[2]
    assert "watch (" not in first_screen
    assert elsewhere not in anew
    upto = labels("en").conclusions_upto.partition("{")[0]
    assert upto in anew
    text = "".join(one.extract_text() for one in PdfReader(tmp_path / "anew" / "brief.pdf").pages)
    assert upto in " ".join(text.split())
    plain = re.sub(r"<p class=.next.><i>Conclusion:.*?</p>", "", anew, flags=re.DOTALL)
    plain = re.sub(rf"{upto}[^<]*", elsewhere, plain)
    listed = slice(*(re.search(one, plain).start() for one in ('class="vessels"', 'id="data"')))
    assert plain[listed] in written.decode(), "it is the same but for that"
    for name in ("incidents.csv", "flagged.csv", "events.csv", "manifest.json"):
        assert (tmp_path / "anew" / name).read_bytes() == (home / "latest" / name).read_bytes()
    drawn = "Areas that changed since are drawn as they are now:"
    assert drawn not in anew
    own = shutil.copytree(PROJECT / "config", tmp_path / "config")
    area = next(iter(sorted((own / "zones").glob("*.geojson"))))
    area.write_text(area.read_text("utf-8") + "\n", "utf-8")
    out = tmp_path / "other-areas"
    assert selat("export", out, "--home", home, "--config", own).code == 0
    assert f"{drawn} {area.name}." in (out / "brief.html").read_text("utf-8")


def test_flagged_as_table_json_and_csv(exercise_home: Path, selat: Selat) -> None:
    table = selat("flagged", "--home", exercise_home)
    assert "SIMULATED DATA" in table.out
    assert "Flags are leads, not findings." in table.out
    as_json = json.loads(selat("flagged", "--home", exercise_home, "--json", "--top", 3).out)
    assert as_json["simulated"] is True
    ranks = [row["rank"] for row in as_json["flagged"]]
    assert len(ranks) == 3
    assert ranks == sorted(ranks)
    as_csv = selat("flagged", "--home", exercise_home, "--csv", "--top", 3).out.splitlines()
    assert len(as_csv) == 4
    assert as_csv[0].startswith("rank,mmsi,imo,name")


def test_a_file_or_a_program_gets_the_whole_list(exercise_home: Path, selat: Selat) -> None:
    """`selat flagged --csv > flagged.csv` wrote ten of 37, and said nothing of the others."""
    whole = (exercise_home / "latest" / "flagged.csv").read_text(encoding="utf-8")
    n = len(whole.splitlines()) - 1
    assert n > SHOWN, "more than a person is shown"
    home = ("--home", exercise_home)
    assert selat("flagged", *home, "--csv").out == whole
    assert len(json.loads(selat("flagged", *home, "--json").out)["flagged"]) == n
    listed = len((exercise_home / "latest" / "incidents.csv").read_text("utf-8").splitlines()) - 1
    assert listed > SHOWN
    assert len(json.loads(selat("incidents", *home, "--json").out)["incidents"]) == listed
    assert len(selat("incidents", *home, "--csv").out.splitlines()) == listed + 1
    assert f"{SHOWN} shown" in selat("incidents", *home).out


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_list_that_fails_of_what_earlier_nights_left_is_made_without_it(
    tmp_path: Path, exercise_home: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two events with one id among those of a week ended the night without any product."""

    def breaks(*_: object) -> pd.DataFrame:
        raise FrameError("two events share an id: e1")

    home = Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))
    _, before, leads = results(home)
    monkeypatch.setattr(history, "changes_of", breaks)
    ran = selat("detect", "--home", home)
    assert ran.code == 6
    assert "earlier nights told couldn't be taken into account" in " ".join(ran.err.split())
    manifest, events, again = results(home)
    assert manifest["state"] == "partial"
    assert [*manifest["failures"]] == ["assessment"]
    assert manifest["failures"]["assessment"].endswith("(FrameError: two events share an id: e1)")
    assert "FrameError" in (home / "latest" / "failure-assessment.txt").read_text()
    assert list(again["mmsi"]) == list(leads["mmsi"])
    assert list(events["event_id"]) == list(before["event_id"])


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_failing_detector_fails_the_run_after_the_others(
    tmp_path: Path, exercise_home: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> pd.DataFrame:
        raise ZeroDivisionError("a bug")

    home = Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))
    _, before, leads = results(home)
    monkeypatch.setattr(Gap, "detect", breaks)
    ran = selat("detect", "--home", home)
    assert ran.code == 6
    assert "detector gap: ZeroDivisionError: a bug" in ran.err
    shown = ran.out[ran.out.rindex("┘") :]  # below the list, where a terminal still shows it
    assert ": partial, " in shown
    assert "failed: detector gap: ZeroDivisionError: a bug" in shown
    assert "Look first, by score, danger to people, and how lately each was heard:" in shown
    # "Still heard" is of the vessel: when it was that it did this stands beside it.
    heads = [line for line in shown.splitlines() if re.match(r"\d+\. incident ", line)]
    assert heads
    assert all(re.search(r", (since )?\d\d [A-Z][a-z]{2} \d\d:\d\d", line) for line in heads)
    manifest, events, _ = results(home)
    assert manifest["state"] == "partial"
    assert manifest["failures"] == {"detector gap": "ZeroDivisionError: a bug"}
    assert "ZeroDivisionError" in (home / "latest" / "failure-gap.txt").read_text()
    _, _, again = results(home)
    assert list(again["mmsi"]) == list(leads["mmsi"])  # what it had found before stays a lead
    # What reads the events of a detector that failed can't be assessed either.
    blind = events["kind"].isin(["gap", "possible_meeting", "unmatched_sighting"])
    assert set(events["status"][events["kind"] == "gap"]) == {"not_assessed"}
    assert set(events["status"][blind]) == {"not_assessed"}
    assert set(events["status"][~blind]) == {"unchanged"}
    assert len(events) == len(before)


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_file_that_only_shows_the_night_costs_that_file(
    seen: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> Path:
        raise ZeroDivisionError("a bug")

    home = seen
    _, _, leads = results(home)
    monkeypatch.setitem(WRITERS, "flagged.gpx", breaks)
    ran = selat("detect", "--home", home)
    assert ran.code == 6
    assert "file flagged.gpx: ZeroDivisionError: a bug" in ran.err
    manifest, _, again = results(home)
    assert manifest["state"] == "partial"
    assert manifest["failures"] == {"file flagged.gpx": "ZeroDivisionError: a bug"}
    with store.read(home / "store") as reader:
        assert reader.manifest(manifest["run_id"]) == manifest
    assert list(again["mmsi"]) == list(leads["mmsi"]) != []
    written = {path.name for path in (home / "latest").iterdir()}
    assert set(WRITERS) - written == {"flagged.gpx"}
    assert "ZeroDivisionError" in (home / "latest" / "failure-flagged.gpx.txt").read_text()
    assert "flagged.gpx" in selat("flagged", "--home", home).out
    told = selat("doctor", "--home", home)
    [after] = re.findall(r"flagged\.gpx: .*?hint: (.*)", told.out + told.err, re.DOTALL)
    assert after.startswith("see failure-*.txt in its folder")


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
@pytest.mark.parametrize(
    ("name", "error"),
    [("flagged.csv", ZeroDivisionError("a bug")), ("flagged.gpx", OSError(28, "no room"))],
)
def test_a_night_without_its_tables_or_on_a_full_disk_is_none(
    seen: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception
) -> None:
    def breaks(*_: object) -> Path:
        raise error

    home = seen
    before, _, _ = results(home)
    monkeypatch.setitem(WRITERS, name, breaks)
    with suppress(ZeroDivisionError):
        assert selat("detect", "--home", home).code not in {0, 6}
    assert results(home)[0] == before


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_the_same_window_again_changes_nothing(seen: Path, selat: Selat) -> None:
    home = seen
    _, created, flagged = results(home)
    assert set(created["status"]) == {"created"}
    selat("detect", "--home", home)
    _, again, flagged_again = results(home)
    assert set(again["status"]) == {"unchanged"}
    pd.testing.assert_frame_equal(created.drop(columns="status"), again.drop(columns="status"))
    pd.testing.assert_frame_equal(flagged, flagged_again)


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_one_go_equals_hour_by_hour(ingested: Path, exercise_home: Path, selat: Selat) -> None:
    home = ingested
    edges = [f"2026-01-{cut}Z" for cut in ("05T16:00", "05T20:47", "06T05:00")]
    for since, until in pairwise(edges):
        assert selat("detect", "--since", since, "--until", until, "--home", home).code == 0
    with store.read(home / "store") as parts, store.read(exercise_home / "store") as whole:
        query = (
            "SELECT * EXCLUDE (run_id, first_run_id, supersedes, reason) FROM events "
            "WHERE NOT retracted ORDER BY event_id"
        )
        pd.testing.assert_frame_equal(parts.sql(query), whole.sql(query))


def one_report(epoch: int) -> bytes:
    """A report of a vessel of its own, with its time in a tag block."""
    fields = {"type": 1, "mmsi": 533999999, "lat": 4.0, "lon": 100.0, "speed": 0.0}
    [sentence] = pyais.encode_dict(fields, talker_id="AI")
    block = f"s:SELATSIM-X,c:{epoch}"
    checksum = functools.reduce(operator.xor, block.encode())
    return f"\\{block}*{checksum:02X}\\{sentence}\n".encode()


def lines_between(feed: Path, cuts: list[float]) -> list[bytes]:
    """The lines of an exercise feed in parts of the feed's length, each a feed of its own."""
    lines = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)
    edges = [round(cut * len(lines)) for cut in cuts]
    return [b"".join(lines[a:b]) for a, b in pairwise(edges)]


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_late_feeds_and_past_days_give_the_events_of_one_go(
    tmp_path: Path, small_feed: Path, small_home: Path, selat: Selat
) -> None:
    home = tmp_path / "home"
    parts = lines_between(small_feed, [0, 0.6, 1])
    for i in (1, 0):
        (tmp_path / f"{i}.nmea").write_bytes(parts[i])
        assert selat("ingest", tmp_path / f"{i}.nmea", "--home", home).code == 0
        assert selat("detect", "--home", home).code == 0
    # An earlier span looked at again must not forget what came after it.
    edges = ("--since", "2026-01-05T16:40Z", "--until", "2026-01-05T17:50Z")
    assert selat("detect", *edges, "--home", home).code == 0
    _, again, _ = results(home)
    assert set(again["status"]) == {"unchanged"}
    query = (
        "SELECT event_id, kind, subkind, mmsi, other_mmsi, zone_id, track_ids, start, "
        '"end", lat, lon, score FROM events WHERE NOT retracted ORDER BY event_id'
    )
    with store.read(home / "store") as late, store.read(small_home / "store") as whole:
        pd.testing.assert_frame_equal(late.sql(query), whole.sql(query))


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_day_leaves_the_rest_of_a_feed_new(
    small: Path, selat: Selat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = small
    monkeypatch.setenv("SELAT_CONFIG", str(asking_only(tmp_path / "config", "gap")))
    selat("detect", "--until", "2026-01-05T17:00Z", "--home", home)
    assert results(home)[0]["window"]["end"] < "2026-01-05T17:00:01Z"
    selat("detect", "--home", home)
    assert results(home)[0]["window"]["end"] > "2026-01-05T18:45:00Z"


def test_export_again(exercise_home: Path, tmp_path: Path, selat: Selat) -> None:
    out = tmp_path / "pack"
    ran = selat("export", out, "--home", exercise_home)
    assert ran.code == 0
    latest = exercise_home / "latest"
    for name in ("events.csv", "flagged.csv", "manifest.json", "events.geojson"):
        assert (out / name).read_bytes() == (latest / name).read_bytes(), name
    assert "exists already" in selat("export", out, "--home", exercise_home).err


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_the_store_is_whole_also_when_compacted(tmp_path: Path, seen: Path, selat: Selat) -> None:
    home = seen
    (tmp_path / "more.nmea").write_bytes(one_report(1767636000))
    assert selat("ingest", tmp_path / "more.nmea", "--home", home).code == 0
    assert selat("store", "check", "--home", home).out == "the store is whole\n"
    assert "dates merged: 1" in selat("store", "compact", "--home", home).out
    assert selat("store", "check", "--home", home).code == 0
    selat("detect", "--home", home)
    assert set(results(home)[1]["status"]) == {"unchanged"}


def test_a_damaged_store_is_named(ingested: Path, selat: Selat) -> None:
    home = ingested
    [first, *_] = sorted((home / "store" / "positions").rglob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-100])
    ran = selat("store", "check", "--home", home)
    assert ran.code == 1
    assert first.name in ran.out


@pytest.mark.slow
def test_a_feed_is_deleted_by_its_key(ingested: Path, feed: Path, selat: Selat) -> None:
    home = ("--home", ingested)
    [held] = json.loads(selat("store", "feeds", "--json", *home).out)
    assert held["key"] in selat("store", "feeds", *home).out
    wrong = selat("store", "delete", "0000000000000000", *home)
    assert wrong.code == 4
    assert "0000000000000000" in wrong.err
    assert selat("store", "delete", held["key"], *home).code == 0
    assert json.loads(selat("store", "feeds", "--json", *home).out) == []
    assert len(json.loads(selat("ingest", feed, *home, "--json").out)["added"]) == 1


@pytest.mark.slow
def test_what_a_vessel_called_itself(exercise_home: Path, selat: Selat) -> None:
    [row] = json.loads(selat("flagged", "--home", exercise_home, "--json", "--top", 1).out)[
        "flagged"
    ]
    ran = selat("vessel", int(row["mmsi"]), "--home", exercise_home)
    assert row["name"] in ran.out
    told = json.loads(selat("vessel", int(row["mmsi"]), "--home", exercise_home, "--json").out)
    assert told["name"] == row["name"]
    assert told["flag_state"] == row["flag_state"]
    before = selat("vessel", int(row["mmsi"]), "--at", "2020-01-01", "--home", exercise_home)
    assert (before.code, before.out) == (7, "")
    assert "heard here up to 2020-01-01 00:00 MYT" in before.err


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_clock_that_is_ahead_does_not_move_now(tmp_path: Path, seen: Path, selat: Selat) -> None:
    home = seen
    first, before, _ = results(home)
    assert len(before)
    (tmp_path / "ahead.nmea").write_bytes(one_report(1767787200))
    assert selat("ingest", tmp_path / "ahead.nmea", "--home", home).code == 0
    assert selat("detect", "--since", "2026-01-05T16:00Z", "--home", home).code == 0
    with store.read(home / "store") as reader:
        night = choose_window(reader, date=None, since=None, until=None)
    assert f"{night.end:%Y-%m-%dT%H:%M:%SZ}" == first["window"]["end"]
    manifest, after, _ = results(home)
    assert manifest["window"]["end"] == first["window"]["end"]
    assert list(after["event_id"]) == list(before["event_id"])
    assert list(after["end"]) == list(before["end"])


@pytest.mark.slow
def test_an_unreadable_feed_does_not_stop_the_others(
    tmp_path: Path, feed: Path, selat: Selat
) -> None:
    home = tmp_path / "home"
    ran = selat("ingest", tmp_path / "none.nmea", feed, "--home", home)
    assert ran.code == 6
    assert "none.nmea" in ran.err
    assert len(json.loads(selat("store", "feeds", "--json", "--home", home).out)) == 1


def test_no_detector_is_an_error(tmp_path: Path, exercise_home: Path, selat: Selat) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    (config / "detectors.yaml").write_text("gap: {enabled: false}\n")
    ran = selat("detect", "--home", exercise_home, "--config", config)
    assert ran.code == 2
    assert "enables no detector" in ran.err
    assert selat("doctor", "--home", exercise_home, "--config", config).code == 1


def test_contradicting_times(exercise_home: Path, selat: Selat) -> None:
    home = ("--home", exercise_home)
    assert selat("detect", "--date", "2026-01-06", "--since", "2026-01-05", *home).code == 2
    assert selat("detect", "--since", "2026-01-07", "--until", "2026-01-06", *home).code == 2
    assert selat("detect", "--date", "yesterday", *home).code == 2
    assert selat("nightly", "--date", "2026-01-06T00:00", *home).code == 2


@pytest.mark.slow
def test_doctor(tmp_path: Path, selat: Selat) -> None:
    assert selat("doctor", "--home", tmp_path).code == 0


@pytest.mark.slow
def test_a_feed_from_standard_input(
    tmp_path: Path, feed: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)[:5000]
    (tmp_path / "given").write_bytes(b"".join(lines))
    with (tmp_path / "given").open() as given:
        monkeypatch.setattr(sys, "stdin", given)
        done = selat("ingest", "-", "--home", tmp_path / "home", "--json")
    assert done.code == 0, done.err
    [report] = json.loads(done.out)["added"].values()
    assert report["rows_read"] == 5000


@pytest.mark.slow
def test_a_recorded_feed_is_read_like_any_other(tmp_path: Path, feed: Path, selat: Selat) -> None:
    lines = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)[:3000]
    home = tmp_path / "home"
    command = [sys.executable, "-m", "pipelines.cli.main", "listen", "-", "--home", str(home), "-q"]
    command += ["--station", "SELATSIM-TEST"]
    done = subprocess.run(command, input=b"".join(lines), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    [file] = done.stdout.decode().split()
    assert Path(file).parent == home / "recordings"
    recorded = json.loads(selat("ingest", home / "recordings", "--home", home, "--json").out)
    direct = tmp_path / "direct.nmea"
    direct.write_bytes(b"".join(lines))
    plain = json.loads(selat("ingest", direct, "--home", tmp_path / "other", "--json").out)
    [one], [other] = recorded["added"].values(), plain["added"].values()
    for count in ("positions", "statics", "vessels", "first_time", "last_time"):
        assert one[count] == other[count]


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_model_that_cannot_be_read_costs_the_detector_that_asks_for_it(
    seen: Path, selat: Selat
) -> None:
    home = seen
    (home / "learned").mkdir(exist_ok=True)
    (home / "learned" / "normal-2026-01-06.json").write_text("{}")
    (home / "learned" / "normal-2026-01-06.npz").write_bytes(b"PK no model")
    ran = selat("detect", "--home", home)
    assert ran.code == 6
    manifest, events, _ = results(home)
    assert list(manifest["failures"]) == ["detector outlier"]
    assert "normal-2026-01-06.npz can't be read" in manifest["failures"]["detector outlier"]
    assert "selat learn normal" in manifest["failures"]["detector outlier"]  # what to do about it
    assert set(events["status"]) == {"unchanged"}
    assert manifest["learned"]["normal"] is None
