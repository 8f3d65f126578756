"""`selat explain` and the time machine on an exercise: what an event rests on, and how it shows."""

import html
import json
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from pipelines import store
from pipelines.ask import clocks, explain, recall
from pipelines.ask.explain.page import _flagged, render, sections
from pipelines.ask.explain.stated import Otherwise
from pipelines.assess.reasons import by_false_positions
from pipelines.base.labels import labels
from pipelines.base.settings import load
from pipelines.run.setup import load_zones

Selat = Callable[..., Any]


def strict(text: str) -> Any:
    """JSON without NaN, which other readers refuse."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def counted(text: str, start: str) -> int:
    """Add up the counts of a line that begins so: "Incidents: 3 new, 1 closed"."""
    line = next(line for line in text.splitlines() if line.startswith(start))
    return sum(map(int, re.findall(r"(?:^| )(\d+) (?:new|changed|closed|retracted|merged)", line)))


def events_of(home: Path) -> pd.DataFrame:
    with store.read(home / "store") as reader:
        return reader.events_as_of(recall.latest(reader).ordinal)


@pytest.fixture(scope="module")
def strongest(exercise_home: Path) -> dict[str, Any]:
    """The strongest event of two vessels."""
    pairs = events_of(exercise_home)
    pairs = pairs[pairs["other_mmsi"] > 0].sort_values("score")
    return pairs.to_dict("records")[-1]


def test_it_tells_evidence_reasons_reports_and_history(
    exercise_home: Path, strongest: dict[str, Any], selat: Selat
) -> None:
    ran = selat("explain", strongest["event_id"][:10], "--home", exercise_home)
    assert ran.code == 0
    assert ran.out.startswith("SIMULATED DATA")
    what = labels("en").kind_of(strongest["kind"], strongest["subkind"])
    assert f"\n{what[:1].upper()}{what[1:]} {strongest['event_id']}" in ran.out
    for text in (
        strongest["event_id"],
        strongest["reason"],
        f"{strongest['mmsi']:09d}",
        f"{strongest['other_mmsi']:09d}",
        "at least",
        "!AIVDM",
        "created",
        "Flags are leads, not findings.",
    ):
        assert text in ran.out
    assert any(0x2800 < ord(c) < 0x2900 for c in ran.out), "no chart"


def test_of_a_pair_each_vessel_is_told_of_the_other(exercise_home: Path, selat: Selat) -> None:
    """The sentence that is stored names the vessel with the higher number."""
    pairs = events_of(exercise_home)
    pairs = pairs[pairs["kind"] == "encounter"]
    numbers = set(pairs["mmsi"]) | set(pairs["other_mmsi"])
    with store.read(exercise_home / "store") as reader:
        vessels = reader.vessels(pairs["start"].max() + pd.Timedelta(days=1))
    names = dict(zip(vessels["mmsi"], vessels["name"], strict=True))
    mmsi = next(
        m
        for m in pairs["other_mmsi"]
        if names.get(m) and names[m] not in {names.get(other) for other in numbers - {m}}
    )
    ran = selat("explain", f"{mmsi:09d}", "--home", exercise_home)
    assert selat("explain", str(mmsi), "--home", exercise_home).out == ran.out
    met = [line for line in ran.out.splitlines() if " with " in line]
    assert met, ran.out
    assert not [line for line in met if f"with {names[mmsi]} " in line]


def test_json_holds_the_whole_and_its_reports_decode_to_the_vessel(
    exercise_home: Path, strongest: dict[str, Any], selat: Selat
) -> None:
    told = strict(selat("explain", strongest["event_id"], "--home", exercise_home, "--json").out)
    assert told["event"]["evidence"] == json.loads(strongest["evidence"].json())
    assert {v["mmsi"] for v in told["vessels"]} == {
        f"{strongest['mmsi']:09d}",
        f"{strongest['other_mmsi']:09d}",
    }
    assert len(told["raw"]) >= 2
    numbers = {strongest["mmsi"], strongest["other_mmsi"]}
    assert {raw["reported"]["fields"]["mmsi"] for raw in told["raw"]} == numbers
    assert told["checks"]
    assert all(check["margin"] >= 0 for check in told["checks"])


def test_what_was_said_otherwise_once_it_was_over_is_told(
    exercise_home: Path, strongest: dict[str, Any], selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal, as data, and on a page in each language."""
    start, end = strongest["start"], strongest["end"]
    mine = Otherwise("draught_m", "6.2", "<b>11.5</b>", start, end)
    monkeypatch.setattr(
        import_module("pipelines.ask.explain.gather"), "otherwise", lambda *_: [mine]
    )
    name = strongest["event_id"]
    out = selat("explain", name, "--home", exercise_home).out
    assert re.search(r"Said otherwise after it, draught: 6\.2 m until .* MYT, <b>11\.5", out)
    told = strict(selat("explain", name, "--home", exercise_home, "--json").out)
    assert [v["said_otherwise"][0]["before"] for v in told["vessels"]] == ["6.2", "6.2"]
    with store.read(exercise_home / "store") as reader:
        x = explain.gather(reader, load(exercise_home), strongest, recall.latest(reader))
    for language, field in (("en", "draught"), ("ms", "draf")):
        page = str(sections(x, labels(language)))
        (row,) = set(re.findall(rf"<bdi>{field}</bdi></th><td><bdi>6\.2 m.*?</td>", page))
        assert "<b>" not in row


@pytest.mark.slow
def test_every_event_of_every_detector_can_be_explained(exercise_home: Path) -> None:
    installation = load(exercise_home)
    with store.read(installation.store) as reader:
        moment = recall.latest(reader)
        events = reader.events_as_of(moment.ordinal)
        for row in events.drop_duplicates(["detector", "subkind"]).to_dict("records"):
            told = explain.gather(reader, installation, row, moment)
            best = [one for one in told.considered if one.verdict == "fits best"]
            by_detector = bool(told.evidence.explained and told.evidence.explained.by_detector)
            assert len(best) == (bool(row["explanation"]) and not by_detector), row["explanation"]
            assert told.revisions[-1].status in {"created", "changed"}


@pytest.mark.slow
def test_the_page_asks_for_nothing_and_says_it_all(
    exercise_home: Path, strongest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = load(exercise_home)
    with store.read(installation.store) as reader:
        heard = reader.sql("SELECT DISTINCT station FROM coverage_receivers")["station"]
        monkeypatch.setattr(clocks, "wrong_clocks", lambda *_: dict.fromkeys(heard, clocks.Off()))
        told = explain.gather(reader, installation, strongest, recall.latest(reader))
    assert told.clocks.startswith("100% of its reports came by receivers whose clocks are wrong")
    page = html.unescape(render(told, load_zones(installation)))
    assert "default-src 'none'" in page
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", markup)
    texts = [
        told.clocks,
        strongest["event_id"],
        "SIMULATED",
        *(r.reported.lines[0] for r in told.raw),
    ]
    texts += [one.name for one in told.considered]
    assert [text for text in texts if text not in page] == []


def test_the_page_of_a_pair_says_that_its_event_is_set_aside(
    exercise_home: Path, strongest: dict[str, Any]
) -> None:
    """Each side is told anew there, and was told without it."""
    aside = {**strongest, "reason": strongest["reason"] + by_false_positions()}
    with store.read(exercise_home / "store") as reader:
        x = explain.gather(reader, load(exercise_home), aside, recall.latest(reader))
    for reasons in _flagged(x)["reasons"]:
        assert reasons.endswith(by_false_positions())


def test_a_vessel_lists_its_events(exercise_home: Path, selat: Selat) -> None:
    events = events_of(exercise_home)
    busy = events.groupby("mmsi").size()
    mmsi = int(busy.index[busy > 1][0])
    ran = selat("explain", f"{mmsi:09d}", "--home", exercise_home)
    assert ran.code == 0
    mine = events[(events["mmsi"] == mmsi) | (events["other_mmsi"] == mmsi)]
    mark, *lines = ran.out.splitlines()
    assert mark == "SIMULATED DATA – EXERCISE"
    assert [line.split()[0] for line in lines] == list(
        mine.sort_values(["score", "start"], ascending=[False, True])["event_id"]
    )


def test_every_list_of_an_exercise_says_that_it_is_one(exercise_home: Path, selat: Selat) -> None:
    mmsi = f"{int(events_of(exercise_home)['mmsi'].max()):09d}"
    for asked in (["flagged"], ["incidents"], ["vessel", mmsi], ["find", mmsi]):
        told = selat(*asked, "--home", exercise_home)
        assert told.code == 0, told.err
        assert told.out.startswith("SIMULATED DATA – EXERCISE\n"), asked
        as_json = selat(*asked, "--json", "--home", exercise_home)
        assert not as_json.out.startswith("SIM")  # a program reads it


def test_what_is_no_event_is_an_error_with_a_hint(exercise_home: Path, selat: Selat) -> None:
    ran = selat("explain", "zzzz", "--home", exercise_home)
    assert ran.code == 2
    assert "hint:" in ran.err
    several = selat("explain", "", "--home", exercise_home)
    assert several.code == 2


@pytest.mark.slow
def test_what_is_not_one_event_is_written_to_no_file(
    exercise_home: Path, selat: Selat, tmp_path: Path
) -> None:
    incident = pd.read_csv(exercise_home / "latest" / "incidents.csv", dtype=str).iloc[0]
    of_many = events_of(exercise_home)["mmsi"].value_counts()
    file = tmp_path / "event.html"
    for asked, named in (
        (incident["incident_id"], incident["events"].split(";")[0]),
        (f"{of_many.index[0]:09d}", ""),
    ):
        ran = selat("explain", asked, "--html", file, "--home", exercise_home)
        assert ran.code == 2
        assert named in ran.err
        assert not file.exists()
    both = selat(
        "explain", incident["incident_id"], "--html", file, "--json", "--home", exercise_home
    )
    assert both.code == 2, "the file was left out in silence"
    assert "--json goes without" in both.err


def test_a_feed_that_moved_is_read_where_it_is_and_one_that_changed_is_not(
    exercise: Path, exercise_home: Path, strongest: dict[str, Any], tmp_path: Path
) -> None:
    home = shutil.copytree(exercise_home, tmp_path / "home")
    feed = Path(shutil.copy(exercise / "feed.nmea.gz", tmp_path))
    moved = tmp_path / "feeds" / "night.gz"
    moved.parent.mkdir()
    # A feed of its own: others read the exercise's meanwhile.
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as catalogue:
        catalogue.execute("UPDATE ledger SET name = $name", {"name": str(feed)})
        catalogue.execute("UPDATE feed_places SET uri = $uri", {"uri": feed.as_uri()})
    installation = load(home)

    def problems(*feeds: str) -> set[str]:
        with store.read(installation.store) as reader:
            told = explain.gather(reader, installation, strongest, recall.latest(reader), feeds)
        return {raw.reported.problem for raw in told.raw}

    assert problems() == {""}
    away = feed.rename(tmp_path / "away")
    [gone] = problems()
    assert "isn't there any more" in gone
    shutil.copy(away, moved)
    assert problems(str(moved.parent)) == {""}
    feed.write_bytes(b"another feed")
    [other] = problems()
    assert "changed" in other
    (moved.parent / "night.gz").write_bytes(away.read_bytes()[:-1])
    [wrong] = problems(str(moved.parent))
    assert "none of the files" in wrong


@pytest.mark.slow
def test_a_hostile_name_cannot_act_in_any_form(
    exercise_home: Path, strongest: dict[str, Any], selat: Selat, tmp_path: Path
) -> None:
    home = shutil.copytree(exercise_home, tmp_path / "home")
    evil = "</script><b>\x1b[31m\u202eX[bold]"
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as catalogue:
        for table in ("event_revisions", "events"):
            catalogue.execute(f"UPDATE {table} SET reason = $t, explanation = $t", {"t": evil})
        catalogue.execute("UPDATE statics SET name = $t", {"t": evil})
    ran = selat("explain", strongest["event_id"], "--home", home)
    assert "\x1b[31m" not in ran.out
    assert "\u202e" not in ran.out
    assert "[U+202E]X[bold]" in ran.out
    page = tmp_path / "page.html"
    selat("explain", strongest["event_id"], "--home", home, "--html", page)
    text = page.read_text(encoding="utf-8")
    assert "</script><b>" not in text
    assert text.count("<script") == 3  # the data, Leaflet and our own


@pytest.mark.slow
def test_the_time_machine_shows_what_was_known_then(
    stories: Path, tmp_path: Path, selat: Selat
) -> None:
    home = Path(shutil.copytree(stories / "home", tmp_path / "home", symlinks=True))
    first = selat("flagged", "--home", stories / "early", "--json", "--top", 100).out
    first = first.replace(str(stories / "early"), str(home))
    early = {e["event_id"]: e for e in events_of(stories / "early").to_dict("records")}
    late = {e["event_id"]: e for e in events_of(home).to_dict("records")}
    grown = next(k for k in early if k in late and late[k]["evidence"] != early[k]["evidence"])
    new = next(k for k in late if k not in early)
    then = ("--as-of", "2026-01-05T22:30Z", "--home", home)
    assert selat("flagged", *then, "--json", "--top", 100).out == first
    told = strict(selat("explain", grown, *then, "--json").out)
    assert told["event"]["evidence"] == json.loads(early[grown]["evidence"].json())
    assert len(told["revisions"]) == 1
    now = json.loads(selat("explain", grown, "--home", home, "--json").out)
    assert [r["status"] for r in now["revisions"]] == ["created", "changed"]
    assert now["revisions"][1]["changes"]
    assert selat("explain", new, *then).code == 2
    assert selat("explain", new, "--home", home).code == 0

    run_id = json.loads(first)["run_id"]
    since = strict(selat("since", run_id, "--home", home, "--json").out)
    assert {e["event_id"] for e in since["events"] if e["change"] == "new"} == set(late) - set(
        early
    )
    assert (
        selat("since", "--home", home, "--json").out
        == json.dumps(since, indent=2, ensure_ascii=False) + "\n"
    )
    assert selat("since", "--as-of", run_id, "--home", home).code == 7

    event = late[new]["event_id"]
    added = selat(
        "disposition", "add", event, "--as", "cleared", "--reason", "looked", "--home", home
    )
    assert added.code == 0
    until = ("--quiet-until", "2027-01-31", "--reason", "tide")
    selat("disposition", "add", event, "--as", "cleared", *until, "--home", home)
    concluded = selat("disposition", "list", "--home", home).out
    assert "looked" in concluded
    assert f"  {labels('en').kind_of(late[new]['kind'], '')} " in concluded
    assert "the like set aside until 2027-01-31 00:00 MYT" in concluded  # as it was typed
    assert not re.search(r"\d\d:\d\dZ", concluded)
    assert "looked" not in selat("disposition", "list", *then).out
    assert "Concluded" in selat("explain", event, "--home", home).out

    incidents = json.loads(selat("incidents", "--home", home, "--json").out)["incidents"]
    one = next(row for row in incidents if row["mmsi"])
    reason = ("--as", "watch", "--by", "Lt Aminah", "--reason", "look again")
    assert selat("disposition", "add", one["incident_id"], *reason, "--home", home).code == 0
    for asked in (("incidents",), ("vessel", one["mmsi"]), ("explain", one["incident_id"])):
        told = selat(*asked, "--home", home).out
        assert "Concluded: watch (Lt Aminah: look again)" in told, asked
        assert not re.search(r"\d\d:\d\dZ", told), "one hour on a page, the one people read"
    assert "Next: " in selat("explain", one["incident_id"], "--home", home).out
    closed = ("--as", "cleared", "--by", "Lt Aminah", "--reason", "a survey vessel")
    assert selat("disposition", "add", one["incident_id"], *closed, "--home", home).code == 0
    assert "Next: " not in selat("explain", one["incident_id"], "--home", home).out
    incidents = json.loads(selat("incidents", "--home", home, "--json").out)["incidents"]
    again = next(row for row in incidents if row["incident_id"] == one["incident_id"])
    assert (again["standing"], one["standing"]) == ("closed", "")
    assert again["concluded"].startswith("cleared (Lt Aminah: a survey vessel)")
    few = selat("since", run_id, "--top", "1", "--home", home).out
    assert counted(few, "Incidents: ") == 1 + counted(few, "… and ")

    named = json.loads(selat("find", f"{late[new]['mmsi']:09d}", "--home", home, "--json").out)
    assert named[0]["mmsi"] == f"{late[new]['mmsi']:09d}"
    assert selat("find", "QQQQQQQQ", "--home", home).code == 7
    before = selat("find", f"{late[new]['mmsi']:09d}", "--as-of", "2020-01-01", "--home", home)
    assert before.code == 7


def test_a_number_without_its_zeros_is_the_vessel_and_what_is_nobodys_number_is_nothing(
    exercise_home: Path, selat: Selat
) -> None:
    """A spreadsheet strips zeros; `int` refuses what `isdigit` takes for figures; 0 is nobody."""
    events = events_of(exercise_home)
    short = events.loc[(events["mmsi"] > 0) & (events["mmsi"] < 100_000_000), "mmsi"].iloc[0]
    ran = selat("explain", str(short), "--home", exercise_home)
    assert ran.out == selat("explain", f"{short:09d}", "--home", exercise_home).out
    for nobody in ("²" * 9, "0" * 9):
        ran = selat("explain", nobody, "--home", exercise_home)
        assert "error: no event, and no vessel with one" in ran.err
