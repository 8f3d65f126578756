"""The time machine: what was known when, what changed since, and what an older store can tell."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from detectors.core import events, frames
from pipelines import store
from pipelines.ask import recall
from pipelines.ask.beside import beside
from pipelines.ask.dossier import dossier
from pipelines.ask.explain import gather
from pipelines.ask.recall.changes import ChangesError
from pipelines.assess.aside import noticed
from pipelines.assess.dispositions import make
from pipelines.assess.incidents.lasting import table_of
from pipelines.assess.reasons import by_false_positions
from pipelines.base.schemas import FLAGGED, INCIDENTS
from pipelines.base.settings import load
from pipelines.detect.compare import compare
from pipelines.run.windows import TimeError
from pipelines.store.queries import runs
from pipelines.store.writer import results
from tests.making import event_row, reports, said

NIGHT = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")


def at(hour: float) -> pd.Timestamp:
    return NIGHT + pd.Timedelta(hours=hour)


def event(mmsi: int, hour: float, until: float | None, score: float = 0.5) -> dict[str, Any]:
    end = None if until is None else at(until)
    return event_row("loitering", at(hour), end, mmsi=mmsi, score=score)


def flagged(*rows: tuple[int, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["mmsi", "score", "event_ids"])
    table = table.assign(rank=range(1, len(rows) + 1), last_seen=NIGHT)
    for name, column in FLAGGED.items():
        if name not in table:
            table[name] = "" if column.dtype == "str" else 0
    return frames.conform(table, FLAGGED)


def conclude(writer: store.Writer, about: dict[Any, Any], conclusion: str, reason: str) -> None:
    """What the crew of KM Tegas says of an event at hour 25."""
    said = make(
        {str(k): v for k, v in about.items()},
        0,
        made_time=at(25),
        author="KM Tegas",
        conclusion=conclusion,
        reason=reason,
        quiet_until=None,
        quiet_within_m=1.0,
    )
    writer.add_disposition(said)


def look(
    writer: store.Writer,
    ordinal: int,
    end: float,
    found: list[dict[str, Any]],
    *flags: Any,
    version: str = "1",
    incidents: pd.DataFrame | None = None,
    between: bool = False,
    aside: str = "",
    feeds: Sequence[str] = (),
) -> pd.DataFrame:
    """A run over everything up to an hour, as `finish_run` records one."""
    made = events.build(found).assign(reason=[f"look {ordinal}{aside}"] * len(found))
    held = writer.events_touching(NIGHT, at(1000))
    compared = noticed(compare(made, held, {"loitering"}), held)
    more = {"look": {"whole": False}} if between else {}
    run = {
        "run_id": f"run-{ordinal}",
        "ordinal": ordinal,
        "start": NIGHT,
        "end": at(end),
        "state": "complete",
        "manifest": json.dumps({"simulated": False, "detectors": {"loitering": version}, **more}),
    }
    told = frames.empty(INCIDENTS) if incidents is None else incidents
    writer.add_run(run, compared=compared, flags=flagged(*flags), incidents=told, feed_keys=feeds)
    return made


GROWS, GOES, COMES, STAYS = 533000001, 533000002, 533000003, 533000004


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights; the third is an old night looked at again, with late reports."""
    root = tmp_path_factory.mktemp("recall")
    with store.write(root) as writer:
        one = [event(GROWS, 1, None), event(GOES, 2, 3), event(STAYS, 4, 5)]
        ids = dict(zip(events.build(one)["mmsi"], events.build(one)["event_id"], strict=True))
        look(
            writer,
            1,
            24,
            one,
            (GROWS, 0.5, ids[GROWS]),
            (GOES, 0.4, ids[GOES]),
            (STAYS, 0.3, ids[STAYS]),
        )
        two = [event(GROWS, 1, 30, 0.9), event(STAYS, 4, 5), event(COMES, 26, 28)]
        look(writer, 2, 48, two, (GROWS, 0.9, ids[GROWS]))
        three = [*two, event(GOES, 2, 3.5, 0.7)]
        look(writer, 3, 12, three)
    return root


def test_a_run_that_is_entered_in_pieces_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def entered(root: Path) -> list[pd.DataFrame]:
        with store.write(root) as writer:
            many = [event(533000001 + n, 1, None) for n in range(7)]
            look(writer, 1, 24, many)
            look(writer, 2, 48, [event(533000001 + n, 1, 30, 0.9) for n in range(5)])
            queries = (
                "FROM events ORDER BY event_id",
                "FROM event_revisions ORDER BY ALL",
                "FROM run_events ORDER BY ALL",
            )
            return [writer.sql(query) for query in queries]

    whole = entered(tmp_path / "whole")
    monkeypatch.setattr(results, "_EVENTS", 2)
    for pieces, one in zip(entered(tmp_path / "pieces"), whole, strict=True):
        assert len(one) >= 7
        pd.testing.assert_frame_equal(pieces, one)


@pytest.fixture
def reader(home: Path) -> Iterator[store.Queries]:
    with store.read(home) as opened:
        yield opened


def known(reader: store.Queries, ordinal: int) -> dict[int, tuple[float, bool, bool]]:
    rows = reader.events_as_of(ordinal).to_dict("records")
    return {r["mmsi"]: (r["score"], r["end"] is pd.NaT, r["retracted"]) for r in rows}


def test_events_are_told_as_they_were_known(reader: store.Queries) -> None:
    assert known(reader, 1) == {
        GROWS: (0.5, True, False),
        GOES: (0.5, False, False),
        STAYS: (0.5, False, False),
    }
    assert known(reader, 2) == {
        GROWS: (0.9, False, False),
        GOES: (0.5, False, True),
        STAYS: (0.5, False, False),
        COMES: (0.5, False, False),
    }
    assert known(reader, 3)[GOES] == (0.7, False, False), "a retracted event found again"
    assert list(reader.events_as_of(1, mmsi=GROWS)["reason"]) == ["look 1"]
    grown = reader.events_as_of(3, mmsi=GROWS)["event_id"].iloc[0]
    assert list(reader.revisions(grown, 3)["status"]) == ["created", "changed"]
    assert list(reader.revisions(grown, 1)["status"]) == ["created"]


def test_a_past_run_tells_its_events_as_it_knew_them(reader: store.Queries) -> None:
    told = reader.events("run-1").set_index("mmsi")
    assert told["status"].to_dict() == dict.fromkeys((GROWS, GOES, STAYS), "created")
    assert (told["end"][GROWS], told["score"][GROWS]) == (pd.NaT, 0.5), "it hadn't ended then"
    assert told["end"][GOES] == at(3), "it was measured anew by a look at an old night"
    grown = reader.events("run-2").set_index("mmsi").loc[GROWS]
    assert (grown["end"], grown["score"], grown["status"]) == (at(30), 0.9, "changed")
    assert reader.events("none").empty


def test_some_events_are_told_as_among_all(reader: store.Queries) -> None:
    for ordinal in (1, 2, 3):
        whole = reader.events_as_of(ordinal)
        for wanted in ([], whole["event_id"].tolist()[:1], whole["event_id"].tolist()[1:]):
            own = whole[whole["event_id"].isin(wanted)].reset_index(drop=True)
            some = reader.events_as_of(ordinal, ids=wanted)
            pd.testing.assert_frame_equal(some, own, check_dtype=bool(wanted))
            standing = set(own.loc[~own["retracted"], "event_id"])
            assert reader.standing([*wanted, "none"], ordinal) == standing
        told = reader.told_in(f"run-{ordinal}")
        of_run = reader.events(f"run-{ordinal}")[["event_id", "status"]]
        assert told.sort_values("event_id").values.tolist() == (
            of_run.sort_values("event_id").values.tolist()
        )
    last = reader.events_as_of(3).set_index("event_id")
    assert set(last.loc[reader.revised(2, 3), "mmsi"]) == {GOES}
    by_id = reader.events_by_id(last.index[:2]).set_index("event_id")
    assert by_id["score"].to_dict() == last["score"][:2].to_dict()


def test_what_changed_reads_no_more_of_a_store_than_that(
    reader: store.Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def noted(found: pd.DataFrame) -> pd.DataFrame:
        read.append(len(found))
        return events.parsed(found)

    monkeypatch.setattr(runs, "parsed", noted)
    assert changed(reader, "run-2", "run-3").events["mmsi"].tolist() == [GOES]
    assert read == [1, 1], "of four events one was looked at otherwise"


def test_a_run_is_known_from_its_newest_report_on(reader: store.Queries) -> None:
    assert list(reader.runs()["known_time"]) == [at(24), at(48), at(48)]
    assert recall.known_at(reader, at(47)).run_id == "run-1"
    assert recall.known_at(reader, at(24)).run_id == "run-1"
    assert recall.moment(reader, "run-2").ordinal == 2, "a run is named exactly"
    assert recall.moment(reader, "2026-01-07T00:00Z").run_id == "run-3"
    assert recall.moment(reader, None).now
    with pytest.raises(recall.RecallError, match="nothing was known"):
        recall.known_at(reader, at(23))
    with pytest.raises(TimeError, match="neither a run nor a time"):
        recall.moment(reader, "run-9")


def test_what_is_new_is_so_since_the_night_before_whatever_was_looked_at_since(
    tmp_path: Path,
) -> None:
    with store.write(tmp_path) as writer:
        for ordinal, between in ((1, False), (2, True), (3, True), (4, False), (5, True)):
            look(writer, ordinal, 24 * ordinal, [], between=between)
        known = {n: recall.moment(writer, f"run-{n}") for n in (2, 4, 5)}
        of = {n: recall.last_watch(writer, None, one).run_id for n, one in known.items()}
        assert of == {2: "run-1", 4: "run-1", 5: "run-4"}
        assert recall.last_watch(writer, "run-3", known[4]).run_id == "run-3"
    other = tmp_path / "looks"
    with store.write(other) as writer:
        for ordinal in (1, 2):
            look(writer, ordinal, 24 * ordinal, [], between=True)
        assert recall.last_watch(writer, None, recall.moment(writer, None)).run_id == "run-1"


def changed(reader: store.Queries, since: str, until: str) -> recall.Changes:
    return recall.changes(reader, recall.moment(reader, since), recall.moment(reader, until))


def test_what_is_new_changed_closed_and_retracted(reader: store.Queries) -> None:
    found = changed(reader, "run-1", "run-2")
    assert dict(zip(found.events["mmsi"], found.events["change"], strict=True)) == {
        COMES: "new",
        GROWS: "closed",
        GOES: "retracted",
    }
    assert dict(zip(found.flags["mmsi"], found.flags["change"], strict=True)) == {
        GROWS: "changed",
        GOES: "retracted",
        STAYS: "closed",
    }
    again = changed(reader, "run-2", "run-3")
    assert dict(zip(again.events["mmsi"], again.events["change"], strict=True)) == {GOES: "new"}
    whole = changed(reader, "run-1", "run-3")
    assert dict(zip(whole.events["mmsi"], whole.events["change"], strict=True)) == {
        COMES: "new",
        GROWS: "closed",
        GOES: "changed",
    }


@pytest.mark.slow
def test_what_the_sea_brought_is_told_from_what_other_rules_find(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        look(writer, 1, 24, [event(GROWS, 1, None)])
        found = [event(GROWS, 1, 30, 0.9), event(GOES, 2, 3), event(COMES, 26, 28)]
        look(writer, 2, 48, found, version="2")
        look(writer, 3, 72, [*found, event(STAYS, 4, 5)], version="2")
        part = reports(mmsi=[STAYS], time=[at(6)], lat=3.0, lon=101.0)
        batches = [SimpleNamespace(positions=part, statics=said())]
        about = {"sha256": "late", "name": "late", "report": {"simulated": False}}
        writer.add_feed("late", batches=batches, **about)
        found += [event(STAYS, 4, 5), event(STAYS, 6, 7), event(GOES, 6, 7)]
        look(writer, 4, 96, found, version="3", feeds=["late"])
    with store.read(tmp_path) as reader:
        third = changed(reader, "run-3", "run-4")
        first, second = changed(reader, "run-1", "run-2"), changed(reader, "run-2", "run-3")
    assert dict(zip(first.events["mmsi"], first.events["because"], strict=True)) == {
        GROWS: "sea",  # it went on since
        GOES: "rules",
        COMES: "sea",
    }
    assert dict(zip(second.events["mmsi"], second.events["because"], strict=True)) == {
        STAYS: "sea"  # late reports, by the same rules
    }
    new = third.events[third.events["change"] == "new"]
    assert dict(zip(new["mmsi"], new["because"], strict=True)) == {
        STAYS: "either",  # a feed that came late says something of it
        GOES: "rules",
    }


def test_nothing_changes_within_one_moment(reader: store.Queries) -> None:
    found = changed(reader, "run-2", "run-2")
    assert found.events.empty
    assert found.flags.empty
    with pytest.raises(ChangesError):
        changed(reader, "run-2", "run-1")


@pytest.mark.slow
def test_a_conclusion_follows_the_story(tmp_path: Path) -> None:
    installation = load(tmp_path)
    with store.write(installation.store) as writer:
        [old] = look(writer, 1, 24, [event(GROWS, 3, 6)]).to_dict("records")
        conclude(writer, old, "boarded", "fuel")
        [new] = look(writer, 2, 30, [event(GROWS, 2, 6)])["event_id"]
        assert new != old["event_id"]
        # And back again: two events that took over from one another must not go round for ever.
        back = look(writer, 3, 31, [event(GROWS, 3, 6)])["event_id"]
        [new] = look(writer, 4, 32, [event(GROWS, 2, 6)])["event_id"]
        assert set(writer.heirs()) == {new, *back}
    shown = beside(installation, [0.5, 0.5], [new, "another"], simulated=False)
    assert shown.concluded == ["boarded (KM Tegas: fuel)", ""]
    before = beside(installation, [0.5], [new], simulated=False, known=at(24))
    assert before.concluded == [""]


@pytest.mark.slow
def test_a_story_is_still_followed_after_a_second_look(tmp_path: Path) -> None:
    installation = load(tmp_path)
    with store.write(installation.store) as writer:
        [first] = look(writer, 1, 24, [event(GROWS, 4, 6)]).to_dict("records")
        conclude(writer, first, "cleared", "nets")
        [second] = look(writer, 2, 30, [event(GROWS, 3, 6)])["event_id"]
        [third] = look(writer, 3, 36, [event(GROWS, 2, 6)])["event_id"]
        look(writer, 4, 42, [event(GROWS, 2, 6)])  # the same again
        look(writer, 5, 48, [event(GROWS, 2, 6, 0.8)])  # and changed
        assert writer.heirs() == {second: first["event_id"], third: second}
        known = writer.events_as_of(5).set_index("event_id")["supersedes"]
        assert known.to_dict() == {first["event_id"]: "", second: first["event_id"], third: second}
        assert writer.events_as_of(1)["supersedes"].tolist() == [""]
    shown = beside(installation, [0.5], [third], simulated=False)
    assert shown.concluded == ["cleared (KM Tegas: nets)"]
    with store.read(installation.store) as reader:
        found = changed(reader, "run-1", "run-5").events.set_index("event_id")
        assert found.loc[first["event_id"], "change"] == "retracted"
        assert found.loc[first["event_id"], "superseded_by"] == third, "by way of another"
        assert found.loc[third, "superseded_by"] == ""
        now = recall.latest(reader)
        for event_id, heir in ((first["event_id"], third), (third, "")):
            [row] = reader.events_as_of(now.ordinal, event_id=event_id).to_dict("records")
            told = gather(reader, installation, {str(k): v for k, v in row.items()}, now)
            assert told.superseded_by == heir
        assert told.dispositions["reason"].tolist() == ["nets"]


@pytest.mark.slow
def test_an_event_that_came_back_is_nobodys_heir_and_has_none(tmp_path: Path) -> None:
    installation = load(tmp_path)
    with store.write(installation.store) as writer:
        [first] = look(writer, 1, 24, [event(GROWS, 3, 6)])["event_id"]
        look(writer, 2, 30, [event(GROWS, 2, 6)])
        look(writer, 3, 31, [event(GROWS, 3, 6)])
        moment = recall.latest(writer)
        [row] = writer.events_as_of(moment.ordinal, event_id=first).to_dict("records")
        told = gather(writer, installation, {str(k): v for k, v in row.items()}, moment)
        assert not row["retracted"]
        assert told.superseded_by == "", "another once took over from it, and gave it back"


@pytest.mark.slow
def test_a_store_that_kept_no_revisions_tells_what_it_knows(home: Path, tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "catalogue.duckdb").write_bytes((home / "catalogue.duckdb").read_bytes())
    with duckdb.connect(str(tmp_path / "catalogue.duckdb")) as catalogue:
        catalogue.execute("DROP TABLE event_revisions")
        catalogue.execute("UPDATE meta SET schema_version = 3")
    with store.read(tmp_path) as old:
        assert known(old, 1) == {STAYS: (0.5, False, False)}, "only what has not changed since"
        assert known(old, 3)[GROWS] == (0.9, False, False)
    with store.write(tmp_path):
        pass
    with store.write(tmp_path) as writer:
        look(writer, 4, 50, [event(GROWS, 1, 31, 0.9)])
        assert known(writer, 3)[GROWS] == (0.9, False, False)
        assert known(writer, 4)[STAYS] == (0.5, False, True)


def incidents(*rows: tuple[str, str, float, float | None]) -> pd.DataFrame:
    """Incidents of (id, vessels, start, end)."""
    plain = {name: 0 if one.dtype != "str" else "" for name, one in INCIDENTS.items()}
    return table_of(
        [
            {**plain, "rank": n, "incident_id": key, "vessels": vessels, "events": f"{key}e"}
            | {"start": at(start), "end": pd.NaT if end is None else at(end)}
            for n, (key, vessels, start, end) in enumerate(rows, 1)
        ]
    )


def test_known_incidents_are_as_told_last_and_only_those_asked_for(tmp_path: Path) -> None:
    grows, goes = f"{GROWS:09d} waited", f"{GOES:09d} met"
    with store.write(tmp_path) as writer:
        one = incidents(("aa01", grows, 1, None), ("ab02", goes, 2, 3), ("cc03", "", 4, 5))
        look(writer, 1, 24, [], incidents=one)
        look(writer, 2, 48, [], incidents=incidents(("aa01", f"{grows} | {goes}", 1, 30)))

        def ids(*ordinal: int, **what: Any) -> list[str]:
            return writer.known_incidents(*ordinal, **what)["incident_id"].tolist()

        assert ids() == ["aa01", "ab02", "cc03"]
        assert writer.known_incidents()["end"].iloc[0] == at(30)
        assert pd.isna(writer.known_incidents(1)["end"].iloc[0])
        assert ids(prefix="a") == ["aa01", "ab02"]
        assert (ids(mmsi=GOES), ids(1, mmsi=GOES)) == (["aa01", "ab02"], ["ab02"])
        # One that some run told as open may go on, and its id isn't free.
        assert ids(since=at(40), until=at(48)) == ["aa01"]
        assert ids(since=at(4.5), until=at(4.6)) == ["aa01", "cc03"]
        assert ids(until=at(1.5)) == ["aa01"]
        assert recall.told_at(writer, None)["end"].iloc[0] == at(30)
        assert recall.told_at(writer, "2020-01-01T00:00Z").empty
        now = recall.latest(writer)
        told = [recall.incident(writer, one, now) for one in ("aa01", "ab02")]
        until = [recall.told_until(writer, one, now) for one in told if one is not None]
        assert until == [at(48), at(24)], "its vessels are called as they were then"
        then = recall.told_at(writer, writer.runs()["run_id"].iloc[0])
        assert then["incident_id"].tolist() == ["aa01", "ab02", "cc03"]
        assert pd.isna(then["end"].iloc[0])


def test_of_a_vessel_a_past_moment_tells_what_was_told_then(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        look(writer, 1, 24, [], incidents=incidents(("aa01", f"{GROWS:09d} waited", 1, None)))
        look(writer, 2, 48, [], incidents=incidents(("aa01", f"{GROWS:09d} waited", 1, 30)))
        then = str(writer.runs()["run_id"].iloc[0])
        told = {
            as_of: dossier(writer, GROWS, at(48), recall.ordinal_of(writer, as_of)).incidents
            for as_of in (None, then, "2020-01-01T00:00Z")
        }
    assert told[None]["end"].tolist() == [at(30)]
    assert told[then]["end"].isna().tolist() == [True], "that it ended was learned later"
    assert told["2020-01-01T00:00Z"].empty


def test_an_incident_that_is_on_the_list_again_returned(tmp_path: Path) -> None:
    """It was told as new to who had been told that it was retracted."""
    with store.write(tmp_path) as writer:
        stays = incidents(("aa01", "", 1, 2))
        look(writer, 1, 24, [], incidents=stays)
        look(writer, 2, 48, [], incidents=stays.assign(status="retracted", rank=0))
        fresh = incidents(("ab02", "", 50, 51))
        look(writer, 3, 72, [], incidents=pd.concat([stays, fresh], ignore_index=True))
        runs = writer.runs()["run_id"].tolist()
        one, two, three = (recall.moment(writer, run) for run in runs)
        found = recall.changes(writer, two, three).incidents
        assert dict(zip(found["incident_id"], found["change"], strict=True)) == {
            "aa01": "returned",
            "ab02": "new",
        }
        assert recall.changes(writer, one, three).incidents["change"].tolist() == ["new"]


def test_a_score_that_moved_by_no_news_is_no_change(tmp_path: Path) -> None:
    """Its run says unchanged, so nothing could be told of what changed."""
    with store.write(tmp_path) as writer:
        told = incidents(("aa01", "", 1, 2), ("ab02", "", 1, 2)).assign(score=[0.67, 0.67])
        look(writer, 1, 24, [], incidents=told)
        look(writer, 2, 48, [], incidents=told.assign(status="unchanged", score=[0.69, 0.73]))
        one, two = (recall.moment(writer, run) for run in writer.runs()["run_id"].tolist())
        found = recall.changes(writer, one, two).incidents
        assert dict(zip(found["incident_id"], found["change"], strict=True)) == {"ab02": "changed"}


def test_a_time_that_lies_ahead_is_refused_also_where_no_run_is_finished(tmp_path: Path) -> None:
    """What reports say is asked without a run, and it ended in a traceback."""
    with store.write(tmp_path):
        pass
    with store.read(tmp_path) as reader, pytest.raises(TimeError, match="lies ahead") as raised:
        recall.time_of(reader, "2150-01-01")
    assert raised.value.hint == "no run is finished"


@pytest.mark.slow
def test_when_something_was_set_aside_is_kept_though_it_is_found_as_it_was(tmp_path: Path) -> None:
    """`explain` showed it as it had been found, `since` that nothing changed."""
    installation, found = load(tmp_path), [event(GROWS, 3, 6)]
    false = by_false_positions()
    with store.write(installation.store) as writer:
        for ordinal, aside in enumerate(("", false, false, ""), 1):
            [event_id] = look(writer, ordinal, 24 + ordinal, found, aside=aside)["event_id"]
        for ordinal, aside in enumerate(("", false, false, ""), 1):
            [row] = writer.events_as_of(ordinal, event_id=event_id).to_dict("records")
            assert row["reason"].endswith(aside or str(ordinal))
        told = gather(writer, installation, row, recall.latest(writer))
        assert [(one.run_id, one.changes) for one in told.revisions[1:]] == [
            ("run-2", ("set aside: its positions were false there",)),
            ("run-4", ("no longer set aside: its positions were false there",)),
        ]
        assert told.looks.empty
        gone, back = (
            changed(writer, *two).events for two in (("run-1", "run-3"), ("run-3", "run-4"))
        )
        assert (gone["change"].tolist(), gone["back"].tolist()) == (["changed"], [""])
        assert gone["reason"].item().endswith(false)
        assert back["back"].tolist() == ["set aside: its positions were false there"]
        assert changed(writer, "run-1", "run-4").events["back"].tolist() == [""]
