"""What commands print for programs: numbers are numbers, an MMSI is nine digits."""

import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from pipelines.ask.recall import places
from pipelines.base.settings import REFERENCE, load
from pipelines.base.text import position_text
from pipelines.cli import disposition
from pipelines.cli.flagged import _print_state
from pipelines.cli.main import app
from pipelines.cli.options import SHOWN
from pipelines.cli.present import (
    fitting,
    print_csv,
    print_line,
    print_table,
    records,
    vessel_cell,
)
from pipelines.cli.recall import _print_found, _weighty
from pipelines.cli.vessel import _stated
from pipelines.detect.lacking import LACKING
from pipelines.reference.gazetteer import load_gazetteer
from pipelines.run.windows import FIRST, FOREVER
from pipelines.store import Queries, read

TABLE = pd.DataFrame(
    {
        "mmsi": pd.Series([2320001, 563000101], dtype="int64"),
        "other_mmsi": pd.Series([0, 2320001], dtype="int64"),
        "start": pd.to_datetime(["2026-01-06T00:00:00Z", None], utc=True),
        "score": [0.5, float("nan")],
        "note": ["=1+1", "calm"],
    }
)


def test_rows_for_json_hold_numbers_and_nine_digits() -> None:
    first, second = records(TABLE)
    assert (first["mmsi"], first["other_mmsi"]) == ("002320001", None)
    assert (second["mmsi"], second["other_mmsi"]) == ("563000101", "002320001")
    assert (first["score"], second["score"], second["start"]) == (0.5, None, None)


def test_csv_is_written_by_the_rules_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    print_csv(TABLE)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["note"] for row in rows] == ["'=1+1", "calm"]  # never a formula
    assert [row["start"] for row in rows] == ["2026-01-06T00:00:00Z", ""]
    assert [row["other_mmsi"] for row in rows] == ["", "002320001"]


def said(home: Path, *arguments: str) -> Any:
    ran = CliRunner().invoke(app, [*arguments, "--home", str(home), "--json"])
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_flags_and_vessels_have_numbers(exercise_home: Path) -> None:
    flags = said(exercise_home, "flagged", "--top", "100")["flagged"]
    incidents = said(exercise_home, "incidents", "--top", "200")["incidents"]
    rank_of = {one["incident_id"]: one["rank"] for one in incidents}
    assert [flag["rank"] for flag in flags] == [rank_of[flag["incident_id"]] for flag in flags]
    assert [flag["rank"] for flag in flags] == sorted(flag["rank"] for flag in flags)
    assert all(isinstance(part["score"], float) for one in incidents for part in one["made_of"])
    for flag in flags:
        assert flag["mmsi"].isdigit()
        assert len(flag["mmsi"]) == 9
        assert isinstance(flag["imo"], int | None)
        assert all(isinstance(flag[name], float) for name in ("score", "lat", "lon"))
    of = said(exercise_home, "vessel", flags[0]["mmsi"])
    assert of["mmsi"] == flags[0]["mmsi"]
    assert all(isinstance(row["reports"], int) for row in of["history"])
    [found] = said(exercise_home, "find", flags[0]["mmsi"], "--top", "1")
    assert found["mmsi"] == flags[0]["mmsi"]
    assert isinstance(found["likeness"], float | int)
    assert found["flag_state"] == flags[0]["flag_state"]
    assert found["lat"] == pytest.approx(flags[0]["lat"], abs=1e-6)  # tables have six digits
    assert found["place"] == load_gazetteer(REFERENCE).describe(found["lat"], found["lon"])
    of_incident = said(exercise_home, "find", flags[0]["incident_id"])
    vessels = [one[:9] for one in incidents[0]["vessels"].split(" | ")]
    assert sorted(one["mmsi"] for one in of_incident) == sorted(vessels)


def test_on_a_page_of_one_event_a_vessel_has_one_name(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence had the name of when it was told, the vessel below it that of now."""
    with read(exercise_home / "store") as reader:
        query = "SELECT * FROM events WHERE kind = 'encounter' AND NOT retracted ORDER BY event_id"
        events, vessels = reader.sql(query), reader.vessels(FOREVER)
    named = events[["mmsi", "other_mmsi"]].isin(set(vessels["mmsi"])).all(axis=1)
    event = events[named].iloc[0]
    renamed = dict(zip(vessels["mmsi"], (f"RENAMED {k}" for k in range(len(vessels))), strict=True))
    called = vessels.assign(name=vessels["mmsi"].map(renamed))
    monkeypatch.setattr(Queries, "vessels", lambda *_: called)
    mine, other = int(event["mmsi"]), int(event["other_mmsi"])
    for asked in (event["event_id"], f"{mine:09d}"):
        ran = CliRunner().invoke(app, ["explain", asked, "--home", str(exercise_home)])
        assert f"with {renamed[other]} " in " ".join(ran.stdout.split())
    ran = CliRunner().invoke(app, ["explain", f"{other:09d}", "--home", str(exercise_home)])
    assert f"with {renamed[mine]} " in " ".join(ran.stdout.split())


def test_a_program_gets_all_that_are_found_and_a_person_is_told_of_more(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON and CSV stopped at fifteen rows, and nothing said so."""
    with read(exercise_home / "store") as reader:
        every = reader.vessels(FOREVER)[["mmsi"]]
    alike = every.assign(field="name", value="MV A", first_time=FIRST, last_time=FIRST)
    monkeypatch.setattr(Queries, "names", lambda *_: alike)
    assert len(alike) > 15
    assert len(said(exercise_home, "find", "MV A")) == len(alike)
    assert len(said(exercise_home, "find", "MV A", "--top", "3")) == 3
    ran = CliRunner().invoke(app, ["find", "MV A", "--home", str(exercise_home)])
    assert f"… and {len(alike) - SHOWN} more: --top {len(alike)} lists all" in ran.stdout
    whole = ["find", "MV A", "--top", str(len(alike)), "--home", str(exercise_home)]
    assert "more: --top" not in CliRunner().invoke(app, whole).stdout


@pytest.mark.parametrize("width", [80, 200])
def test_who_is_found_is_told_with_flag_and_place_at_any_width(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """What doesn't fit goes, no word breaks: coordinates go before the place that tells them."""
    monkeypatch.setenv("COLUMNS", str(width))
    mmsi = said(exercise_home, "flagged", "--top", "1")["flagged"][0]["mmsi"]
    [found] = said(exercise_home, "find", mmsi, "--top", "1")
    ran = CliRunner().invoke(app, ["find", mmsi, "--top", "1", "--home", str(exercise_home)])
    assert max(map(cell_len, ran.stdout.splitlines())) <= width
    words = set(re.findall(r"[^\s│]+", ran.stdout))
    assert words >= {mmsi, found["flag_state"], *found["place"].split()}
    assert (position_text(found["lat"], found["lon"]) in ran.stdout) is (width == 200)


def test_where_no_place_is_near_the_position_tells_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    far = {"lat": [0.0, float("nan"), 2.5], "lon": [75.0, float("nan"), 101.8]}
    assert [bool(one) for one in places(pd.DataFrame(far), REFERENCE)] == [False, False, True]
    assert places(pd.DataFrame({"lat": [float("nan")], "lon": [1.0]}), Path("nowhere")) == [""]
    time = pd.Timestamp("2026-01-06T00:00Z")
    when = {"last_seen": time, "first_time": time, "last_time": time}
    row = {"mmsi": 533000101, "name": "NUSA", "flag_state": "MYS", "field": "name", "value": "NUSA"}
    at = {"likeness": 100.0, "current": True, "lat": 0.0, "lon": 75.0, "place": ""}
    _print_found(pd.DataFrame([row | at | when]))
    assert position_text(0.0, 75.0) in " ".join(capsys.readouterr().out.split())


def test_what_only_other_rules_tell_for_the_same_score_takes_no_place_from_news() -> None:
    rows = [
        ("changed", "rules", 0.6, 0.6),
        ("changed", "rules", 0.2, 0.6),
        ("changed", "sea", 0.6, 0.6),
        ("new", "rules", 0.6, float("nan")),
        ("new", "sea", 0.2, float("nan")),
    ]
    events = pd.DataFrame(rows, columns=["change", "because", "score", "score_before"])
    assert _weighty(events, 0.3).index.tolist() == [1, 2, 3]


def test_whom_a_vessel_met_is_told_by_name(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    flags = said(exercise_home, "flagged", "--top", "100")["flagged"]
    names = {flag["mmsi"]: flag["name"] for flag in flags if flag["name"]}
    of, other = next(
        (flag["mmsi"], one)
        for flag in flags
        for one in said(exercise_home, "vessel", flag["mmsi"])["company"]
        if one["mmsi"] in names
    )
    assert other["name"] == names[other["mmsi"]]
    told = CliRunner().invoke(app, ["vessel", of, "--home", str(exercise_home)]).stdout
    assert any(other["mmsi"] in line and other["name"] in line for line in told.splitlines())


def test_a_vessel_leads_to_its_events_where_it_has_any(exercise_home: Path) -> None:
    with read(load(home=exercise_home).store) as store:
        heard = set(store.vessels(store.runs()["end"].iloc[-1])["mmsi"])
        mine = set(store.sql("SELECT unnest([mmsi, other_mmsi]) AS mmsi FROM events")["mmsi"])
        listed = store.incidents(store.runs()["run_id"].iloc[-1])["vessels"].str.cat()
    quiet = {one for one in mine & heard if f"{one:09d}" not in listed}
    for some, line in (
        (heard - set(mine), "No incident, and no event."),
        (quiet, "No incident. What"),
    ):
        told = CliRunner().invoke(app, ["vessel", f"{max(some):09d}", "--home", str(exercise_home)])
        assert line in told.stdout


def test_what_an_incident_holds_is_told_with_whose_it_is_and_whole(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns too: cut off it said neither where nor when."""
    monkeypatch.setenv("COLUMNS", "80")
    told = said(exercise_home, "incidents", "--top", "200")
    row = max(told["incidents"], key=lambda one: len(one["vessels"]))
    events = said(exercise_home, "explain", row["incident_id"])["events"]
    shown = (
        CliRunner()
        .invoke(app, ["explain", row["incident_id"], "--home", str(exercise_home)])
        .stdout
    )
    others = [one for one in events if row["mmsi"] not in (one["mmsi"], one["other_mmsi"])]
    assert others
    for one in others:
        [line] = [line for line in shown.splitlines() if line.startswith(one["event_id"])]
        assert f": {one['reason']}" in line
    listed = CliRunner().invoke(app, ["incidents", "--home", str(exercise_home)]).stdout
    assert "…" not in listed
    titles = {one["incident_id"]: one["title"] for one in told["incidents"]}
    for first in told["first"]:
        title = titles[first["incident_id"]].removeprefix("SIMULATED DATA – EXERCISE: ")
        assert title in " ".join(listed.split())


def test_what_an_incident_belongs_with_is_told_by_number_and_in_json(exercise_home: Path) -> None:
    told = said(exercise_home, "incidents", "--top", "200")["incidents"]
    rank = {one["incident_id"]: one["rank"] for one in told}
    also = {one["rank"]: one["related"] for one in told if one["related"]}
    assert also
    assert all(one["rank"] == rank[one["incident_id"]] for some in also.values() for one in some)
    listed = CliRunner().invoke(app, ["incidents", "--top", "200", "--home", str(exercise_home)])
    shown = " ".join(listed.stdout.split())
    assert shown.count("See also: ") == len(also)
    for some in also.values():
        assert f"See also: incident {some[0]['rank']}: {some[0]['why']}" in shown
    one = next(one for one in told if one["related"])
    assert said(exercise_home, "explain", one["incident_id"])["related"] == one["related"]


@pytest.mark.parametrize("what", ["disposition", "operation"])
def test_a_list_of_nothing_says_so(exercise_home: Path, what: str) -> None:
    none = ["--event", "nosuchevent"] if what == "disposition" else []
    told = CliRunner().invoke(app, [what, "list", *none, "--home", str(exercise_home)])
    assert told.exit_code == 0
    assert told.stdout.startswith("no")


def test_a_type_is_told_in_words_beside_its_number() -> None:
    assert _stated("ship_type", "79") == "79 (cargo ship)"
    assert [_stated("ship_type", one) for one in ("0", "", "999")] == ["0", "", "999"]
    assert _stated("draught_m", "11.1") == "11.1"


def test_a_table_that_is_too_wide_loses_columns_and_breaks_no_word() -> None:
    names, rows = ("id", "name", "note"), [("0123456789abcdef", "MV BUNGA STAR", "x" * 60)]
    assert fitting(names, rows, 120, ("note", "name")) == [0, 1, 2]
    assert fitting(names, rows, 80, ("note", "name")) == [0, 1]
    assert fitting(names, rows, 20, ("note", "name")) == [0]
    assert vessel_cell("2320001", "MV A\x1b[31m", "GBR") == "MV A[U+001B][31m\n002320001 GBR"


def test_no_word_is_cut_where_all_have_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Room was shared alike: a source lost its end to a note that had nothing to say."""
    monkeypatch.setenv("COLUMNS", "80")
    source, note = "SELATSIM-RADAR-LANGKAWI", "seen from an aircraft"
    row = ("SIM-0164", "2026-01-07 21:47 MYT", "02°34.96′N 101°23.44′E", source)
    print_table(("id", "time", "place", "source", "note"), [(*row, note), (*row, "")])
    told = capsys.readouterr().out
    assert source in told
    assert "…" not in told
    assert max(map(len, told.splitlines())) == 80


def test_a_name_of_wide_characters_is_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A character of Chinese takes two cells of a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    names, wide = ("id", "name", "note"), "海" * 20
    print_table(names, [("0123456789abcdef", wide, "seen from an aircraft as it lay there")])
    told = capsys.readouterr().out
    assert wide in told
    assert max(map(cell_len, told.splitlines())) <= 80
    rows = [("0123456789abcdef", wide, "x" * 20)]
    assert fitting(names, rows, 80, ("note",)) == [0, 1]


def test_rows_that_words_would_break_in_are_shown_as_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"column_{n}" for n in range(9)]
    rows = [[f"value-{row}{n}" for n in range(8)] + ["a long text " * 9] for row in range(2)]
    print_table(names, rows)
    told = capsys.readouterr().out
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80
    for name, value in zip(names, rows[1], strict=True):
        assert f"{name}  {value[:11]}" in told
    print_table(names[:4], [row[:4] for row in rows])  # where they fit it stays a table
    assert "┃ column_0 ┃" in capsys.readouterr().out


def test_a_feed_that_was_taken_in_and_is_gone_is_noted_and_a_mistyped_one_is_not(
    exercise_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))
    (home / "FAILED").unlink(missing_ok=True)
    with read(home / "store") as store:
        name = str(store.ledger()["name"][0])
    for mistyped in (f"{name}x", str(tmp_path / "gone")):
        ran = CliRunner().invoke(app, ["nightly", "--feed", mistyped, "--home", str(home)])
        assert ran.exit_code != 0
        assert not (home / "FAILED").exists()
    gone = tmp_path / "feeds"
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as catalogue:
        catalogue.execute("UPDATE ledger SET name = ?", [f"{gone}/one.nmea"])
    for named in (gone, gone / "one.nmea", gone / "*.nmea"):
        ran = CliRunner().invoke(app, ["nightly", "--feed", str(named), "--home", str(home)])
        assert ran.exit_code != 0
        assert (home / "FAILED").is_file()
        (home / "FAILED").unlink()


def test_a_watch_area_that_is_not_there_is_no_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    asked = ["backtest", "--watch-area", "gone.yaml", "--home", str(tmp_path)]
    error = CliRunner().invoke(app, asked).exception
    assert "no watch area gone.yaml" in str(error)


def test_a_name_where_a_number_is_asked_for_is_told_how_to_find_it(tmp_path: Path) -> None:
    for typed, asked in (("NUSA DAWN", "selat find 'NUSA DAWN'"), ("1234567890", "selat find 1")):
        ran = CliRunner(env={"COLUMNS": "200"}).invoke(
            app, ["vessel", typed, "--home", str(tmp_path)]
        )
        assert ran.exit_code == 2
        assert asked in ran.output


@pytest.mark.parametrize("lacking", [None, [], ["speed", "type"]])
def test_what_the_feeds_lack_stands_below_the_list(lacking: list[str] | None) -> None:
    """A run of before that was told has nothing to say of it."""
    window = {"start": "2026-01-06T00:00:00Z", "end": "2026-01-07T00:00:00Z"}
    manifest: dict[str, Any] = {"run_id": "r", "state": "complete", "window": window}
    manifest |= {"failures": {}, "counts": {"vessels_looked_at": 3}}
    manifest |= {} if lacking is None else {"lacking": lacking}
    out = io.StringIO()
    _print_state(Console(file=out, width=80), manifest, 1)
    said = " ".join(out.getvalue().split())
    assert [name for name in LACKING if LACKING[name] in said] == (lacking or [])


def test_a_long_line_is_broken_between_words_at_a_terminal_and_whole_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = " ".join(f"[word]{n}" for n in range(40))
    monkeypatch.setenv("COLUMNS", "80")
    print_line(said)
    assert capsys.readouterr().out == f"{said}\n"
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal then
    print_line(said)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [word for line in lines for word in line.split()] == said.split()


@pytest.mark.parametrize(("mmsi", "whose"), [(0, ""), (2320001, " 002320001")])
def test_what_no_vessel_is_known_of_is_concluded_on_without_a_number(mmsi: int, whose: str) -> None:
    time = pd.Timestamp("2026-01-06T12:43Z")
    row = {"disposition_id": "306c-1", "made_time": time, "author": "Lt Aminah", "mmsi": mmsi}
    row |= {"conclusion": "unknown", "reason": "clutter?", "quiet_until": pd.NaT}
    said = disposition._line(row, "sighting without AIS")
    end = f"Lt Aminah  sighting without AIS{whose} unknown: clutter?"
    assert said == f"306c-1  2026-01-06 20:43 MYT  {end}"


def test_what_was_concluded_on_an_incident_is_listed_once() -> None:
    """With its id, by the event that it is told by, however many it has."""
    time = pd.Timestamp("2026-01-06T12:43Z")
    of = [("a", "loitering"), ("b", "crossing"), ("c", "gap"), ("d", "encounter"), ("e", "gap")]
    rows = [{"event_id": event, "kind": kind, "made_time": time} for event, kind in of]
    known = pd.DataFrame(rows).assign(author="Lt Aminah", mmsi=2320001, conclusion="watch")
    known["disposition_id"], known["reason"] = known["event_id"] + "-1", "seen"
    known["quiet_until"] = pd.NaT
    told = [("merged", "went", "a"), ("created", "first", "b;a;x"), ("created", "other", "c")]
    told.append(("retracted", "over", "x;b"))
    incidents = pd.DataFrame(told, columns=["status", "incident_id", "events"])
    known = known.iloc[[0, 2, 1, 3, 4]]  # in the order of their ids, whatever the incident
    found = list(disposition._together(known, incidents))
    assert [(row["event_id"], n, incident) for row, n, incident in found] == [
        *(("b", 2, "first"), ("c", 1, "other"), ("d", 1, ""), ("e", 1, ""))
    ]
    lines = [disposition._line(row, row["kind"], n, of) for row, n, of in found[:3]]
    said = "2026-01-06 20:43 MYT  Lt Aminah"
    assert lines == [
        f"incident first  {said}  crossing 002320001 watch: seen (on 2 events)",
        f"c-1  {said}  gap 002320001 watch: seen (incident other)",
        f"d-1  {said}  encounter 002320001 watch: seen",
    ]


@pytest.mark.parametrize("width", [80, 140])
def test_no_word_of_the_evidence_is_broken_at_a_terminal(
    exercise_home: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    """What the limits are called as parameters is told where they have room whole."""
    monkeypatch.setenv("COLUMNS", str(width))
    flagged = said(exercise_home, "flagged", "--top", "9")
    events = [event for row in flagged["flagged"] for event in row["event_ids"].split(";")]
    for event in events[:1]:
        told = said(exercise_home, "explain", event)["checks"]
        names = {one["parameter"] for one in told}
        asked = ["explain", event, "--home", str(exercise_home)]
        shown = CliRunner().invoke(app, asked).stdout
        _, _, table = shown.partition("Evidence: each limit")
        words = set(table.partition("Innocent explanation")[0].split())
        broken = {one for one in words - names if "_" in one}
        assert (names & words, broken) == (names if "parameter" in words else set(), set())
        assert width == 80 or names <= words
