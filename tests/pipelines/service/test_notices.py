"""Notices: failure and absence, by webhook and e-mail, once each; secrets stay secret."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import secrets
from pipelines.doctor import Problem
from pipelines.flows.watch import watch
from pipelines.notices import compose
from pipelines.schedule import Served, write_served
from pipelines.settings import load

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


@pytest.mark.usefixtures("addresses")
def test_failure_absence_and_a_rule_held_back_arrive(
    exercise_home: Path,
    tmp_path: Path,
    webhook: tuple[str, list[dict[str, Any]]],
    mail: tuple[int, list[str]],
) -> None:
    home = Path(shutil.copytree(exercise_home, tmp_path / "home", symlinks=True))
    installation = load(home)
    assert watch(installation, NOW) is None  # all is well
    installation.failure.write_text("2026-03-02: the nightly run failed: no room left\n")
    write_served(installation.service, Served(NOW - 30 * DAY, NOW - 2 * DAY))
    notice = watch(installation, NOW)
    assert notice is not None
    for text in (webhook[1][0]["message"], mail[1][0]):
        assert "no room left" in text  # a failure
        assert "that was due at 02 Mar 02:00 MYT" in text  # an absence
    assert watch(installation, NOW + timedelta(hours=1)) is None
    assert len(webhook[1]) == len(mail[1]) == 1

    from pipelines import store

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
    tmp_path: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch,
    webhook: tuple[str, list[dict[str, Any]]],
) -> None:  # fmt: skip
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
