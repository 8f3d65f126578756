"""A file of conclusions, sent back by a phone, can say nothing but what it is for."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipelines.assess.dispositions import newest
from pipelines.base import settings
from pipelines.base.files import lock_within
from pipelines.base.visible import clean
from pipelines.cli.main import app
from pipelines.run import conclusions
from pipelines.run.conclusions import MAX_BYTES, ConclusionsError, load, parse
from pipelines.run.dispositions import record, withdraw
from pipelines.run.runs import PartialRunError
from pipelines.store import RUN_WAIT_S, Queries, StoreBusyError, catalogue, read, write

GOOD: dict[str, Any] = {
    "format": "selat-conclusions/1",
    "run_id": "20260106T042151Z-0001",
    "author": "KM Tegas",
    "conclusions": [
        {"incident_id": "0123456789abcdef", "conclusion": "boarded", "reason": "47 on board"}
    ],
}


def written(**other: Any) -> bytes:
    return json.dumps({**GOOD, **other}).encode()


def one(**other: Any) -> bytes:
    return written(conclusions=[{**GOOD["conclusions"][0], **other}])


def test_a_good_one_is_read() -> None:
    (said,) = parse(written()).conclusions
    assert (said.incident_id, said.conclusion, said.reason) == tuple(
        GOOD["conclusions"][0].values()
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe{}",
        b"[]",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        written(format="selat-conclusions/2"),
        written(quiet_until="2099-01-01"),  # what only a person here may ask for
        written(author=""),
        written(author=" \t"),
        written(author="A" * 81),
        written(author="KM\u202eTegas"),
        written(author="KM\x1b[31mTegas"),
        written(author=7),
        written(run_id="x" * 101),
        written(conclusions=[]),
        written(conclusions=GOOD["conclusions"] * 2),
        written(
            conclusions=[{**GOOD["conclusions"][0], "incident_id": f"{n:016x}"} for n in range(201)]
        ),
        one(quiet_within_m=1e9),
        one(quiet_until="2099-01-01"),
        one(conclusion="innocent"),
        one(conclusion=["boarded"]),
        one(incident_id="0123"),
        one(incident_id="' OR 1=1 --     "),
        one(incident_id="0123456789abcdef\n"),
        one(incident_id="../../etc/passwd"),
        one(reason=""),
        one(reason="x" * 501),
        one(reason="a\x00b"),
        one(reason="line\nbreak"),
        one(reason=float("nan")),
        written().replace(b'"author"', b'"author": "SOMEBODY ELSE", "author"'),
        written().replace(b'"reason"', b'"reason": "another", "reason"'),
    ],
)
def test_what_it_may_not_say_is_refused_whole(content: bytes) -> None:
    with pytest.raises(ConclusionsError) as refused:
        parse(content)
    assert len(refused.value.message) <= 300
    assert refused.value.message.isprintable()


def test_only_a_plain_small_file_is_read(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (MAX_BYTES + 1))
    for path in (large, tmp_path, tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(ConclusionsError):
            load(path)


def test_an_unknown_incident_is_told_and_nothing_is_recorded_twice(
    small_home: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_home, tmp_path / "home", symlinks=True)
    installation = settings.load(tmp_path / "home", settings.PROJECT / "config")
    with read(installation.store) as store:
        run = store.last_run()
        assert run is not None
        known = store.incidents(run["run_id"])
    incident, events = known[["incident_id", "events"]].iloc[0]
    mine = {**GOOD["conclusions"][0], "incident_id": incident}
    content = written(conclusions=[mine, {**mine, "incident_id": "f" * 16}])
    file = parse(content)
    states = [said.state for said in conclusions.take_in(installation, file)]
    assert states == ["recorded", "no such incident"]
    again = conclusions.take_in(installation, file)[0]
    assert (again.state, again.holds) == ("known", True)
    with read(installation.store) as store:
        rows = store.dispositions()
    assert sorted(rows["event_id"]) == sorted(events.split(";"))
    assert set(rows["author"]) == {"KM Tegas"}
    assert rows["quiet_until"].isna().all()

    (tmp_path / "saved.json").write_bytes(content)
    own = ("--yes", "--home", str(installation.home))
    done = CliRunner().invoke(app, ["disposition", "import", str(tmp_path / "saved.json"), *own])
    assert isinstance(done.exception, PartialRunError)  # by which the command ends with code 6
    assert "f" * 16 in done.exception.message
    assert str(incident) not in done.exception.message
    assert str(known["title"].iloc[0]) in done.output  # what it is about, in words
    assert "no such incident is known here" in done.output
    assert "which holds" not in done.output
    withdraw(installation, str(incident), author="KM Tegas", reason="wrong incident")
    again = conclusions.take_in(installation, file)[0]
    assert (again.state, again.holds) == ("known", False)  # nobody takes it for done
    done = CliRunner().invoke(app, ["disposition", "import", str(tmp_path / "saved.json"), *own])
    assert f"{incident}: known; taken back or concluded otherwise since, which holds" in done.output
    with read(installation.store) as store:
        assert newest(store.dispositions()).empty


def test_what_came_since_the_brief_is_not_concluded_on(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor when the same file is read again, once somebody else has found something."""
    shutil.copytree(small_home, tmp_path / "home", symlinks=True)
    installation = settings.load(tmp_path / "home", settings.PROJECT / "config")
    with read(installation.store) as store:
        run = str(store.last_run()["run_id"])
        known = store.incidents(run)
    grown = known[known["events"].str.contains(";")].iloc[0]
    incident, (first, *since) = str(grown["incident_id"]), str(grown["events"]).split(";")
    as_told = Queries.incidents

    def then(self: Queries, run_id: str) -> pd.DataFrame:
        return (
            as_told(self, run).assign(events=first) if run_id == "then" else as_told(self, run_id)
        )

    monkeypatch.setattr(Queries, "incidents", then)
    mine = {**GOOD["conclusions"][0], "incident_id": incident}
    file = parse(written(run_id="then", conclusions=[mine]))
    [told] = conclusions.take_in(installation, file)
    assert (told.state, told.unseen) == ("recorded", len(since))
    with read(installation.store) as store:
        assert store.dispositions()["event_id"].tolist() == [first]
    record(installation, first, author="x", conclusion="boarded", reason="a", quiet_within_m=0.0)
    again = conclusions.take_in(installation, file)[0]
    assert (again.state, again.holds) == ("known", False)
    with read(installation.store) as store:
        assert len(store.dispositions()) == 2


@pytest.mark.parametrize("author", ["Lt \u202eAminah", GOOD["author"]])
def test_whose_conclusion_it_takes_the_place_of_is_told_before(
    small_home: Path, tmp_path: Path, author: str
) -> None:
    """A phone comes back hours later, and what the desk knows since isn't undone unseen,
    nor is what somebody said by whose name the file calls its author."""
    shutil.copytree(small_home, tmp_path / "home", symlinks=True)
    installation = settings.load(tmp_path / "home", settings.PROJECT / "config")
    with read(installation.store) as store:
        incident = str(store.incidents(str(store.last_run()["run_id"]))["incident_id"].iloc[0])
    said = {"author": author, "conclusion": "boarded", "reason": "47 on board"}
    record(installation, incident, **said, quiet_within_m=0.0)
    saved = tmp_path / "saved.json"
    mine = {"incident_id": incident, "conclusion": "cleared", "reason": "nothing there"}
    saved.write_bytes(written(conclusions=[mine]))
    asked = ["disposition", "import", str(saved), "--home", str(installation.home)]
    told = CliRunner().invoke(app, [*asked, "--dry-run"]).output
    assert told.count("in place of") == 1
    assert f"boarded ({clean(author)}): 47 on board" in told
    assert "\u202e" not in told
    CliRunner().invoke(app, [*asked, "--yes"])
    assert "in place of" not in CliRunner().invoke(app, [*asked, "--dry-run"]).output
    record(installation, incident, **{**said, "reason": "still"}, quiet_within_m=0.0)
    again = CliRunner().invoke(app, [*asked, "--dry-run"]).output
    assert "in place of" not in again, "what is recorded already isn't a second time"


def test_a_file_is_recorded_whole_and_waits_for_who_writes(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two phones' files that came at once one ended with code 5, recorded in part."""
    shutil.copytree(small_home, tmp_path / "home", symlinks=True)
    installation = settings.load(tmp_path / "home", settings.PROJECT / "config")
    with read(installation.store) as store:
        ids = store.incidents(str(store.last_run()["run_id"]))["incident_id"].tolist()[:2]
    mine = [{**GOOD["conclusions"][0], "incident_id": one} for one in ids]
    file = parse(written(conclusions=mine))

    def recorded() -> int:
        with read(installation.store) as store:
            return len(store.dispositions())

    waits: list[float] = []

    def noted(fileno: int, wait_s: float) -> bool:
        waits.append(wait_s)
        return lock_within(fileno, 0.0)

    monkeypatch.setattr(catalogue, "lock_within", noted)
    with write(installation.store), pytest.raises(StoreBusyError):
        conclusions.take_in(installation, file)
    assert (recorded(), waits[-1]) == (0, RUN_WAIT_S)
    one_by_one = conclusions.record

    def meanwhile(*args: Any, **how: Any) -> Any:
        with pytest.raises(StoreBusyError), write(installation.store):
            pass
        return one_by_one(*args, **how)

    monkeypatch.setattr(conclusions, "record", meanwhile)
    told = conclusions.take_in(installation, file)
    assert [one.state for one in told] == ["recorded", "recorded"]
    assert recorded() > 1
