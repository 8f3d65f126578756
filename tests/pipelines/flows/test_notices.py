"""Notices: failure and absence, by webhook and e-mail, once each; secrets stay secret."""

import email
import email.policy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

from pipelines import store
from pipelines.ask.notices import compose, tell
from pipelines.ask.watch import watch
from pipelines.base import secrets
from pipelines.base.problems import Problem
from pipelines.base.schedule import Served, write_served
from pipelines.base.settings import load

Selat = Callable[..., Any]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SILENT = Problem("warning", "feed a-#.csv", "silent: its newest report is 2.0 d old", "is it up?")


def test_each_problem_is_told_once_reminded_of_and_over() -> None:
    first, told = compose([SILENT], {}, NOW, DAY, "here")
    assert first is not None
    assert first.title == "Selat here: 1 to look at"
    assert "silent" in first.body
    assert "is it up?" in first.body
    later = Problem("warning", "feed a-#.csv", "silent: its newest report is 2.1 d old")
    assert compose([later], told, NOW + timedelta(hours=1), DAY, "here") == (None, told)
    again, told = compose([later], told, NOW + DAY, DAY, "here")
    assert again is not None
    assert "2.1 d" in again.body
    over, told = compose([], told, NOW + DAY + timedelta(hours=1), DAY, "here")
    assert over is not None
    assert over.body == "over: feed a-#.csv"
    assert told == {}
    assert compose([], told, NOW + 2 * DAY, DAY, "here")[0] is None


def test_what_was_told_by_a_clock_that_was_ahead_is_told_again() -> None:
    _, told = compose([SILENT], {}, NOW + 400 * DAY, DAY, "here")
    notice, told = compose([SILENT], told, NOW, DAY, "here")
    assert notice is not None
    assert compose([SILENT], told, NOW, DAY, "here") == (None, told)


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"\0" * 512,
        b"null",
        b"[]",
        b'{"a": 1}',
        b'{"a": "soon"}',
        b"[" * 100_000,
        b"\xff",
        b'{"warning feed a-#.csv": "2026-03-02T11:00:00"}',  # of no zone
    ],
)
def test_no_file_of_what_was_told_keeps_notices_back(
    tmp_path: Path, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("pipelines.ask.notices.send", lambda notice, _: sent.append(notice.body))
    state = tmp_path / "told.json"
    state.write_bytes(left)
    asked = {"state": state, "now": NOW, "remind": DAY, "name": "here"}
    for _ in range(2):
        tell([SILENT], [SecretStr("json://a")], **asked)
    assert len(sent) == 1
    assert "silent" in sent[0]


def test_a_home_that_cannot_be_written_to_is_told_and_not_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full, or was mounted for reading alone when it failed."""
    sent: list[str] = []
    monkeypatch.setattr("pipelines.ask.notices.send", lambda notice, _: sent.append(notice.body))
    home = tmp_path / "home"
    home.write_text("nothing can be made below a file")
    asked = {"state": home / "told.json", "now": NOW, "remind": DAY, "name": "here"}
    for _ in range(2):
        tell([SILENT], [SecretStr("json://a")], **asked)
    assert len(sent) == 1
    home.unlink()
    tell([SILENT], [SecretStr("json://a")], **asked)
    assert len(sent) == 1
    assert json.loads((home / "told.json").read_text())


def test_a_home_that_cannot_be_read_is_told_whatever_it_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("pipelines.ask.notices.send", lambda notice, _: sent.append(notice.body))

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pipelines.ask.look.gather", broken)
    watch(load(tmp_path), NOW)
    assert "Input/output error" in sent[0]


def test_a_new_problem_beside_a_known_one() -> None:
    _, told = compose([SILENT], {}, NOW, DAY, "here")
    lost = Problem("error", "store", "1 files are missing")
    notice, _ = compose([SILENT, lost], told, NOW + timedelta(hours=1), DAY, "here")
    assert notice is not None
    assert "missing" in notice.body
    assert "silent" not in notice.body


@pytest.fixture
def addresses(
    webhook: tuple[str, list[dict[str, Any]]],
    mail: tuple[int, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_mail = (
        f"mailto://127.0.0.1:{mail[0]}?from=selat@ops.example&to=watch@ops.example&mode=insecure"
    )
    monkeypatch.setenv("SELAT_SECRET_NOTICES", json.dumps([f"json://{webhook[0]}/hook", by_mail]))


@pytest.mark.slow
@pytest.mark.usefixtures("addresses")
def test_failure_absence_and_a_rule_held_back_arrive(
    exercise_home: Path,
    tmp_path: Path,
    webhook: tuple[str, list[dict[str, Any]]],
    mail: tuple[int, list[str]],
) -> None:
    home = Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))
    installation = load(home)
    told = watch(installation, NOW)
    assert told is not None
    assert "clock" in told.body  # the exercise has a receiver whose clock is wrong
    assert watch(installation, NOW) is None  # once said, all is well
    webhook[1].clear()
    mail[1].clear()
    installation.failure.write_text("2026-03-02: the nightly run failed: no room left\n")
    write_served(installation.service, Served(NOW - 30 * DAY, NOW - 2 * DAY))
    notice = watch(installation, NOW)
    assert notice is not None
    for text in (webhook[1][0]["message"], mail[1][0]):
        assert "no room left" in text  # a failure
        assert "that was due at 02 Mar 02:00 MYT" in text  # an absence
    assert watch(installation, NOW + timedelta(hours=1)) is None
    assert len(webhook[1]) == len(mail[1]) == 1

    with store.write(home / "store") as writer:  # a run whose guard held a rule back
        manifest = json.loads(writer.last_run()["manifest"])
        manifest["held_back"] = ["loitering would raise 60 of 200 vessels"]
        writer._connection.execute("UPDATE runs SET manifest = $m", {"m": json.dumps(manifest)})
        writer.publish()
    assert watch(installation, NOW + timedelta(hours=2)) is not None
    assert "loitering would raise 60" in webhook[1][1]["message"]
    assert "loitering would raise 60" in mail[1][1]


@pytest.mark.usefixtures("addresses")
def test_the_addresses_can_be_tried(
    selat: Selat, tmp_path: Path, webhook: tuple[str, list[dict[str, Any]]]
) -> None:
    assert selat("notify", "--test", "--home", tmp_path).code == 0
    assert webhook[1][0]["title"] == "Selat: a test"


def test_what_was_not_sent_is_sent_later_and_no_secret_is_told(
    tmp_path: Path,
    selat: Selat,
    monkeypatch: pytest.MonkeyPatch,
    webhook: tuple[str, list[dict[str, Any]]],
) -> None:
    installation = load(tmp_path)
    installation.failure.write_text("it failed\n")
    monkeypatch.setenv("SELAT_SECRET_NOTICES", '["json://user:hush@127.0.0.1:1/hook"]')
    ran = selat("notify", "--home", tmp_path)
    assert ran.code == 13
    assert "hush" not in ran.out + ran.err
    monkeypatch.setenv("SELAT_SECRET_NOTICES", json.dumps([f"json://{webhook[0]}/hook"]))
    assert selat("notify", "--home", tmp_path).code == 0
    assert "it failed" in webhook[1][0]["message"]


def test_hostile_text_is_made_harmless() -> None:
    evil = Problem("warning", "feed \x1b[2Jx\r\nBcc: all@example", "a\u202eb")
    notice, _ = compose([evil], {}, NOW, DAY, "here")
    assert notice is not None
    assert not {"\x1b", "\r", "\u202e"} & set(notice.body)
    assert notice.body.count("\n") == 0


def test_secrets_come_from_a_file_that_only_its_owner_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("notices: ['json://user:hush@host/x']\n")
    path.chmod(0o600)
    monkeypatch.setenv("SELAT_SECRETS", str(path))
    home = tmp_path / "home"
    found = secrets.load(load(home))
    assert found.notices[0].get_secret_value().endswith("hush@host/x")
    assert "hush" not in repr(found)
    path.chmod(0o644)
    with pytest.raises(Exception, match="others may read"):
        secrets.load(load(home))
    path.chmod(0o600)
    path.write_text("prefect_databass: hush\n")
    with pytest.raises(Exception, match="prefect_databass") as refused:
        secrets.load(load(home))
    assert "hush" not in str(refused.value)
    monkeypatch.setenv("SELAT_SECRET_NOTICES", "hush")
    with pytest.raises(Exception, match="can't be read") as refused:
        secrets.load(load(home))
    assert "hush" not in str(refused.value)
    monkeypatch.delenv("SELAT_SECRET_NOTICES")
    inside = tmp_path / "home" / "secrets.yaml"
    inside.parent.mkdir()
    os.link(path, inside)
    monkeypatch.setenv("SELAT_SECRETS", str(inside))
    with pytest.raises(Exception, match="backed up"):
        secrets.load(load(home))


def as_noaa(positions: pd.DataFrame, newest: datetime, path: Path) -> None:
    """Positions as a feed of others, which ends at a time."""
    time = positions["time"] + (pd.Timestamp(newest) - positions["time"].max())
    table = pd.DataFrame(
        {
            "MMSI": positions["mmsi"],
            "BaseDateTime": time.dt.strftime("%Y-%m-%dT%H:%M:%S"),
            "LAT": positions["lat"],
            "LON": positions["lon"],
            "SOG": positions["sog_kn"],
            "COG": positions["cog_deg"],
            "Heading": positions["heading_deg"].fillna(511),
        }
    )
    nothing = "VesselName IMO CallSign VesselType Status Length Width Draft Cargo TransceiverClass"
    for name in nothing.split():
        table[name] = "A" if name == "TransceiverClass" else ""
    path.write_text(table.to_csv(index=False))


def text_of(message: str) -> str:
    """What a person reads of a mail."""
    mail = email.message_from_string(message, policy=email.policy.default)
    body = mail.get_body(("plain", "html"))
    assert body is not None
    return str(body.get_content())


@pytest.mark.prove  # in this process: test_failure_absence_and_a_rule_held_back_arrive
@pytest.mark.usefixtures("addresses")
def test_silence_a_rule_held_back_and_absence_are_told_by_the_commands_themselves(
    exercise_home: Path,
    tmp_path: Path,
    serving: Callable[..., Any],
    with_records: Callable[[Path], Path],
    clean_environment: dict[str, str],
    webhook: tuple[str, list[dict[str, Any]]],
    mail: tuple[int, list[str]],
) -> None:
    home, feeds = with_records(tmp_path / "home"), tmp_path / "feeds"
    feeds.mkdir()
    with store.read(exercise_home / "store") as reader:
        paths = reader.files()
        positions = reader.day_positions(sorted(paths), pd.Timestamp("2026-01-01", tz="UTC"))
    mmsis = sorted(set(positions.loc[positions["mmsi"] > 200_000_000, "mmsi"]))  # ships' numbers
    positions = positions[positions["mmsi"].isin(mmsis[:40])]
    now = datetime.now(UTC)
    as_noaa(positions, now - timedelta(hours=1), feeds / "harbour-1.csv")
    few = positions[positions["mmsi"].isin(mmsis[:5])]
    as_noaa(few, now - 3 * DAY, feeds / "coast-1.csv")
    settings = {
        "SELAT_SECRET_NOTICES": os.environ["SELAT_SECRET_NOTICES"],
        "SELAT_NOTICES__EVERY_MIN": "0.02",
        "SELAT_ASSESS__MAX_SHARE": "0.02",
        "SELAT_ASSESS__MIN_SHARE_VESSELS": "1",
        "SELAT_SCHEDULE__CRON": "* * * * *",
    }

    def told(text: str) -> bool:
        by_both = ([m["message"] for m in webhook[1]], [text_of(m) for m in mail[1]])
        return all(any(re.search(text, one) for one in came) for came in by_both)

    def selat(*arguments: object) -> None:
        command = [sys.executable, "-m", "pipelines.cli.main", *map(str, arguments)]
        ran = subprocess.run(
            [*command, "--home", str(home)],
            capture_output=True,
            text=True,
            check=False,
            env=clean_environment | settings | {"SELAT_SCHEDULE__LATE_H": "0.001"},
        )
        assert ran.returncode == 0, ran.stderr

    silent = r"feed \S*coast-#\.csv: silent: its newest report is 3\.\d d old"
    with serving(home, feeds, **settings) as service:
        service.wait_for(lambda: told(silent))
        service.wait_for(lambda: told(r"would raise \d+ of \d+ vessels, more than its share"))
        service.stop()
    assert not told(r"harbour-#\.csv: silent")

    # The service is gone. Its timer's look tells that a night that was due since didn't happen.
    webhook[1].clear()
    mail[1].clear()
    done = datetime.now(UTC) - timedelta(minutes=2)
    write_served(load(home).service, Served(done, done))
    selat("notify")
    assert told("the run that was due at .* hasn't been done")
    assert not told(silent)  # once is enough

    # The feed comes back.
    as_noaa(few, now - timedelta(hours=2), feeds / "coast-2.csv")
    selat("ingest", feeds, "--quiet")
    selat("notify")
    assert told(r"over: feed \S*coast-#\.csv")
