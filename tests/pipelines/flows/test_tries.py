"""What fails is tried again, given up after the stated number of times, and stopped in time."""

import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pandas as pd
import psutil
import pytest

from pipelines import ingest, store
from pipelines.base.processes import Stopped
from pipelines.base.schedule import Served, read_served, write_served
from pipelines.base.settings import StoreSettings, load
from pipelines.flows.server import failed
from pipelines.run import feeds
from pipelines.store import StoreBusyError, claimed

Selat = Callable[..., Any]
DUE = datetime(2026, 1, 6, 18, tzinfo=UTC)


def tables(home: Path) -> dict[str, pd.DataFrame]:
    with store.read(home / "store") as reader:
        return {
            name: reader.sql(f"SELECT * EXCLUDE ({without}) FROM {name} ORDER BY ALL")
            for name, without in {"events": "run_id, first_run_id", "flags": "run_id"}.items()
        }


class Flaky:
    """Reads feeds after a file system has failed a number of times."""

    def __init__(self, failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.tries = failures, 0
        self._decode = ingest.decode
        monkeypatch.setattr(ingest, "decode", self)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.tries += 1
        if self.left:
            self.left -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._decode(*arguments, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_a_feed_whose_file_system_fails_is_read_again_and_given_up_in_the_end(
    small_feed: Path,
    small_home: Path,
    tmp_path: Path,
    selat: Selat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SELAT_INGEST__RETRIES", "2")
    monkeypatch.setenv("SELAT_INGEST__RETRY_S", "0.2")
    waited_s: list[float] = []
    monkeypatch.setattr(feeds, "time", SimpleNamespace(sleep=waited_s.append))
    nightly = ["nightly", "--plain", "--feed", small_feed, "--home", tmp_path, "--quiet"]
    broken = Flaky(99, monkeypatch)
    ran = selat(*nightly)
    assert (ran.code, broken.tries) == (3, 3)
    assert "Input/output error" in ran.err
    failed = (tmp_path / "FAILED").read_text()
    assert "Input/output error" in failed
    assert " MYT: the nightly run failed: " in failed  # the hour that people read
    assert selat("store", "check", "--home", tmp_path).code == 0

    broken.left, broken.tries = 2, 0
    waited_s.clear()
    assert selat(*nightly).code == 0
    assert broken.tries == 3
    assert not (tmp_path / "FAILED").exists()
    assert all(s <= w <= 1.5 * s for w, s in zip(waited_s, [0.2, 0.4], strict=True))
    assert waited_s[1] != 2 * waited_s[0]  # jitter
    calm = tables(small_home)
    for name, table in tables(tmp_path).items():
        pd.testing.assert_frame_equal(table, calm[name])


def test_a_night_that_is_cancelled_or_takes_too_long_is_ended(
    tmp_path: Path, prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.flows import night

    monkeypatch.setattr(night, "_LOOK_S", 0.1)
    looks = iter([False, False, True])
    for timeout_h, is_cancelled, expected in (
        (1, lambda: next(looks), "it was cancelled"),
        (1e-4, lambda: False, "it took longer than 0 s (schedule.timeout_h) and was ended"),
    ):
        with night.started(
            [sys.executable, "-c", "import time; time.sleep(600)"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            said, why = night._wait_for(process, "{}", timeout_h, is_cancelled)
            assert (said, why) == (b"", expected)
            assert process.wait(30) == -9


@contextmanager
def somebody_writing(folder: Path) -> Iterator[Callable[[], None]]:
    """Holds the writer's lock as another process would; what is given releases it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(handle, fcntl.LOCK_UN)


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("released_at", [2, None])
def test_a_night_waits_for_whoever_writes_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, released_at: int | None
) -> None:
    monkeypatch.setenv("SELAT_SCHEDULE__WAIT_RETRIES", "3")
    monkeypatch.setenv("SELAT_SCHEDULE__WAIT_S", "0.01")
    installation = load(tmp_path)
    from pipelines.flows import scheduled

    (tmp_path / "store").mkdir()
    with store.write(tmp_path / "store"):
        pass
    write_served(installation.service, Served(DUE, None))
    nights: list[str] = []
    monkeypatch.setattr(scheduled, "run_night", lambda *_: nights.append("one") or "one")
    looks = 0

    with somebody_writing(installation.store) as release:

        @contextmanager
        def looked(root: Path, settings: StoreSettings) -> Iterator[None]:
            nonlocal looks
            looks += 1
            if looks == released_at:
                release()
            with claimed(root, settings):
                yield

        monkeypatch.setattr(scheduled, "claimed", looked)
        if released_at is None:
            with pytest.raises(StoreBusyError, match="another process is writing"):
                scheduled.run_due(installation, [], DUE, DUE)
        else:
            assert scheduled.run_due(installation, [], DUE, DUE) == ["one"]
    served = read_served(installation.service)
    assert served is not None
    if released_at is None:
        assert (looks, nights, served.done) == (4, [], None)
    else:
        assert (looks, nights, served.done) == (2, ["one"], DUE)


FAULT = """
import ctypes, os, signal, sys
if "pipelines.flows.night" in sys.orig_argv:
    from pathlib import Path
    from pipelines.publish.files import WRITERS
    from pipelines.run import feeds
    del WRITERS["brief.html"], WRITERS["brief.pdf"]  # nobody looks at them
    ingest_all = feeds.ingest_all

    def then_stuck(*arguments, **options):
        read = ingest_all(*arguments, **options)
        Path(os.environ["REACHED"], os.environ["STUCK"]).touch()
        if os.environ["STUCK"] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        # Native, with the interpreter locked: no thread runs meanwhile, and no signal handler.
        ctypes.PyDLL(None).sleep(10**6)
        return read

    if os.environ["STUCK"]:
        feeds.ingest_all = then_stuck
"""


def nights_running() -> int:
    family = psutil.Process().children(recursive=True)
    return sum("pipelines.flows.night" in process.cmdline() for process in family)


def runs_since(begin: datetime) -> list[tuple[str, str, str | None]]:
    """Flow, state and message of the runs begun since, in order."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        flows = {flow.id: flow.name for flow in client.read_flows()}
        runs = sorted(client.read_flow_runs(limit=200), key=lambda run: run.created)
    return [
        (flows[run.flow_id], run.state.name, run.state.message)
        for run in runs
        if run.created >= begin and run.state is not None
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize(
    "busy_h",  # a slow machine may not get to where it sticks
    [(), pytest.param((0.004, 0.016, 0.064, 0.256), marks=pytest.mark.prove)],
    ids=["killed", "busy"],
)
def test_a_night_that_takes_too_long_or_is_killed_is_said_and_hinders_nothing(
    small_feed: Path,
    small_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    busy_h: tuple[float, ...],
) -> None:
    from pipelines.flows.scheduled import scheduled

    installation, fault, begin = load(tmp_path), tmp_path / "fault", datetime.now(UTC)
    fault.mkdir()
    (fault / "sitecustomize.py").write_text(FAULT)
    monkeypatch.setenv("PYTHONPATH", str(fault))
    monkeypatch.setenv("REACHED", str(fault))
    nights = []

    def night(stuck: str, timeout_h: float) -> None:
        monkeypatch.setenv("STUCK", stuck)
        monkeypatch.setenv("SELAT_SCHEDULE__TIMEOUT_H", str(timeout_h))
        said: Any
        try:
            said = scheduled(
                str(installation.home), str(installation.config), json.dumps([str(small_feed)])
            )
        except Exception as error:
            said = str(error)
        with store.read(installation.store) as reader:
            feeds, last = len(reader.ledger()), reader.last_run()
        failure = installation.failure.read_text() if installation.failure.exists() else ""
        run = None if last is None else last["run_id"]
        nights.append((said, failure, nights_running(), feeds, run, installation.service.exists()))

    night("killed", 8)
    for timeout_h in busy_h:
        night("busy", timeout_h)
        if (fault / "busy").exists():
            break
    night("", 8)
    assert {p.name for p in fault.iterdir()} >= {"killed", *(["busy"] if busy_h else [])}
    reasons = ["its process was ended by SIGKILL: was there no memory left?"] + [
        f"it took longer than {seconds} s (schedule.timeout_h) and was ended"
        for seconds in (14, 58, 230, 922)[: len(nights) - 2]
    ]
    for (said, failure, running, read, run, done), reason in zip(nights, reasons, strict=False):
        assert said == reason
        assert reason in failure
        assert (running, read, run, done) == (0, 1, None, False)  # read, and still due
    [run], failure, running, read, last, done = nights[-1]
    assert (failure, running, read, last, done) == ("", 0, 1, run, True)
    states = runs_since(begin)
    of = {name: [s for flow, *s in states if flow == name] for name in ("nightly", "scheduled")}
    assert of["nightly"] == [
        ["Crashed", reasons[0]],
        *(["TimedOut", reason] for reason in reasons[1:]),
        ["Completed", None],
    ]
    assert [word for word, _ in of["scheduled"]] == ["Failed"] * len(reasons) + ["Completed"]
    for (_, text), reason in zip(of["scheduled"], reasons, strict=False):
        assert reason in text
    calm = tables(small_home)
    for name, table in tables(tmp_path).items():
        pd.testing.assert_frame_equal(table, calm[name])
    left = {p.name for p in installation.store.iterdir()}
    assert left == {"catalogue.duckdb", "positions", "tracks", "writer.lock"}


def test_a_mistyped_feed_leaves_no_mark_on_the_home(tmp_path: Path, selat: Selat) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ran = selat("nightly", "--feed", tmp_path / "nosuch", "--home", home)
    assert ran.code == 3
    assert "no file or folder" in ran.err
    assert not (home / "FAILED").exists()


def answers_with_an_error(*_: Any) -> None:
    """On a full disk Prefect's server keeps nothing, and answers so."""
    answer = httpx.Response(500, request=httpx.Request("POST", "http://127.0.0.1:1/api"))
    said = "Server error '500 Internal Server Error' for url 'http://127.0.0.1:1/api'"
    raise httpx.HTTPStatusError(said, request=answer.request, response=answer)


def cannot_be_reached(*_: Any) -> None:
    """Prefect asks a server for its version first, and wraps what comes of it."""
    try:
        raise httpx.ConnectError("refused")
    except httpx.ConnectError as error:
        raise RuntimeError("Failed to reach API at http://127.0.0.1:1/api/") from error


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (answers_with_an_error, "Server error '500 Internal Server Error'"),
        (cannot_be_reached, "Failed to reach API at http://127.0.0.1:1/api/"),
    ],
)
def test_a_night_whose_server_fails_is_told_without_a_traceback(
    small_feed: Path,
    tmp_path: Path,
    selat: Selat,
    monkeypatch: pytest.MonkeyPatch,
    fails: Callable[..., None],
    said: str,
) -> None:

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setattr("pipelines.flows.environment.prepare", lambda _: None)
    monkeypatch.setattr("pipelines.flows.nightly.nightly", fails)
    (tmp_path / "home").mkdir()
    ran = selat("nightly", "--feed", small_feed, "--home", tmp_path / "home", "--quiet")
    assert ran.code == 1
    assert f"error: Prefect's server failed: {said}" in ran.err
    assert "does the server that PREFECT_API_URL names run?" in ran.err
    assert "Prefect's server failed" in (tmp_path / "home" / "FAILED").read_text()
    own = failed(load(tmp_path), OSError("no answer"))
    assert "is the disk full?" in own.hint


def test_a_night_whose_server_does_not_start_is_told_in_the_morning(
    small_feed: Path, tmp_path: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow doesn't begin, and can't say so: yesterday's list would be read as tonight's."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("pipelines.flows.environment.prepare", lambda _: None)
    monkeypatch.setattr("pipelines.flows.server.START_S", 0.0)
    (tmp_path / "home" / "prefect").mkdir(parents=True)
    ran = selat("nightly", "--feed", small_feed, "--home", tmp_path / "home", "--quiet")
    assert ran.code == 1
    assert ran.err.count("Prefect's server did not start within 0 s") == 2  # noted once, and told
    assert "did not start" in (tmp_path / "home" / "FAILED").read_text()


def test_a_night_that_was_asked_to_end_is_told_in_the_morning(
    small_feed: Path, tmp_path: Path, selat: Selat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer waits no longer, or the computer is shut down: nobody sits there and reads it."""

    def ended(*_: Any, **__: Any) -> None:
        raise Stopped

    monkeypatch.setattr("pipelines.run.night.run_night", ended)
    home = tmp_path / "home"
    with pytest.raises(Stopped):
        selat("nightly", "--plain", "--feed", small_feed, "--home", home, "--quiet")
    assert "nightly run failed: it was asked to end" in (home / "FAILED").read_text()


def test_a_night_that_failed_in_its_process_is_told_in_the_morning(tmp_path: Path) -> None:
    from pipelines.flows.night import _told
    from pipelines.run.runs import PartialRunError

    home, config = tmp_path, load(tmp_path).config
    assert _told(PartialRunError("gap failed"), home, config)["exit_code"] == 6
    assert not load(home).failure.exists()
    assert _told(RuntimeError("incompatible versions"), home, config) == {
        "exit_code": 1,
        "message": "incompatible versions",
        "hint": "",
    }
    assert "incompatible versions" in load(home).failure.read_text()


@pytest.mark.usefixtures("prefect_server")
def test_the_night_that_is_due_is_done_after_a_clock_was_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it noted as done lies ahead: no night would run until then."""
    from pipelines.flows import scheduled

    installation = load(tmp_path)
    spans = list[tuple[Any, ...]]()
    monkeypatch.setattr(scheduled, "run_night", lambda *given: spans.append(given[2:]) or "one")
    write_served(installation.service, Served(DUE - timedelta(days=9), DUE + timedelta(days=365)))
    for _ in range(2):  # the second was late, and the first has done it
        scheduled.run_due(installation, [], DUE, DUE + timedelta(minutes=1))
    assert spans == [(None, None)]  # one night, up to now
    assert read_served(installation.service) == Served(DUE - timedelta(days=9), DUE)


@pytest.mark.usefixtures("prefect_server")
def test_nights_that_only_a_clock_far_ahead_missed_are_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be thousands, one after the other, while those that are due wait."""
    from pipelines.flows import scheduled

    installation = load(tmp_path)
    nights = list[Any]()
    monkeypatch.setattr(scheduled, "run_night", lambda *given: nights.append(given[3]) or "one")
    now = datetime.now(UTC)
    write_served(installation.service, Served(now - timedelta(days=9), now - timedelta(days=1)))
    ahead = now + timedelta(days=9000)
    scheduled.run_due(installation, [], ahead, ahead)
    assert len(nights) <= 3
    assert nights[-1] is None
