"""The service as it runs: server, schedule, missed nights in order, nothing left behind."""

import asyncio
import errno
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from detectors.core.errors import SelatError
from pipelines import store
from pipelines.base import secrets
from pipelines.base.progress import reporter
from pipelines.base.schedule import Served, read_served, write_served
from pipelines.base.settings import PROJECT, Installation, WatchSettings, load
from pipelines.flows.environment import of_server, prepare
from pipelines.run import feeds, runs
from pipelines.run.setup import load_zones

UNITS = sorted((PROJECT / "config" / "systemd").iterdir())


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_the_units_are_sound(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text().replace("/opt/selat/", f"{PROJECT}/")
        # The environment that these tests run in stands for the one of a real installation.
        text = text.replace(
            f"{PROJECT}/.venv/bin/selat", str(Path(sys.executable).parent / "selat")
        )
        (tmp_path / unit.name).write_text(text)
    paths = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_unit_has_a_bound_on_its_memory() -> None:
    for unit in UNITS:
        if unit.suffix == ".service":
            assert re.search(r"^MemoryMax=\d+[GM%]$", unit.read_text(), re.M), unit.name


class Plain:
    """A night without Prefect and in this process, and the spans asked for."""

    def __init__(self) -> None:
        self.spans: list[tuple[str | None, str | None]] = []

    def __call__(
        self,
        installation: Installation,
        feeds: tuple[str, ...],
        since: str | None,
        until: str | None,
    ) -> str:
        self.spans.append((since, until))
        with reporter(quiet=True) as report:
            ingest(installation, feeds)
            return runs.detect_only(installation, None, since, until, report).run_id


class Free:
    """Nobody else writes to the store."""

    def with_options(self, **_: Any) -> Callable[[Installation], None]:
        return lambda _: None


def ingest(installation: Installation, named: tuple[str, ...]) -> None:
    with reporter(quiet=True) as report:
        feeds.ingest_only(
            installation,
            load_zones(installation),
            named,
            area=None,
            mapping=None,
            report=report,
        )


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
def test_missed_nights_come_first_and_in_order(
    small_feed: Path, small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path / "home")  # before Prefect is imported
    from pipelines.flows import scheduled

    plain = Plain()
    monkeypatch.setattr(scheduled, "run_night", plain)
    monkeypatch.setattr(scheduled, "wait_for_the_store", Free())
    monkeypatch.setenv("SELAT_SCHEDULE__CRON", "0 * * * *")  # nights of an hour
    monkeypatch.setenv("SELAT_SCHEDULE__TIMEZONE", "UTC")
    installation = load(tmp_path / "home")
    start = datetime(2026, 1, 5, 16, tzinfo=UTC)  # of the feed, which lasts three hours
    write_served(installation.service, Served(start, start))
    now = start + timedelta(hours=3, minutes=10)
    feed = (str(small_feed),)
    late = [start + timedelta(hours=n) for n in (1, 2, 3)]  # what Prefect has waiting

    made = [run for wanted in late for run in scheduled.run_due(installation, feed, wanted, now)]
    assert len(made) == 3
    assert [until for _, until in plain.spans] == [late[0].isoformat(), late[1].isoformat(), None]
    with store.read(installation.store) as reader:
        done = reader.runs()
    assert list(done["run_id"]) == made
    ends = [end.to_pydatetime() for end in done["end"]]
    assert ends == sorted(ends)
    assert all(late[n] - timedelta(minutes=1) < ends[n] <= late[n] for n in (0, 1))
    served = read_served(installation.service)
    assert served is not None
    assert served.done == late[-1]
    # The result is that of nights that came on time.
    with store.read(installation.store) as one, store.read(small_home / "store") as other:
        query = 'SELECT event_id, start, "end", score FROM events WHERE NOT retracted ORDER BY ALL'
        assert one.sql(query).equals(other.sql(query))


# One that is stopped leaves nothing: test_nobody_has_the_service_run_anything.
@pytest.mark.prove
def test_a_service_that_is_killed_leaves_nothing_and_starts_again(
    small_feed: Path,
    tmp_path: Path,
    serving: Callable[..., Any],
    with_records: Callable[[Path], Path],
) -> None:
    home = with_records(tmp_path / "home")
    with serving(home, small_feed, SELAT_SCHEDULE__CRON="0 0 1 1 *") as first:
        first.start_a_run({})  # the one after the kill is the schedule's
        first.wait_for(first.night)
        first.wait_for(lambda: [r for r in first.runs() if r["state_type"] == "RUNNING"])
        going_on = {r["id"] for r in first.runs() if r["state_type"] in {"RUNNING", "PENDING"}}
        family = first.family()
        first.process.kill()
        first.process.wait()
    _, alive = psutil.wait_procs(family, 90)
    assert alive == []

    with serving(home, small_feed) as second:
        second.wait_for(lambda: is_done(home))
        second.wait_for(lambda: [r for r in second.runs() if r["state_type"] == "COMPLETED"])
        pages = second.pages()
        assert pages.startswith("http://127.0.0.1:")
        assert f"the password is the line in {home}" in second.said()
        assert_works_without_network(pages)
        runs = {r["id"]: r for r in second.runs()}
        for cut_off in going_on:
            assert runs[cut_off]["state_type"] == "CRASHED"
            assert "the service ended" in runs[cut_off]["state"]["message"]
        family = second.family()
        second.stop()
    _, alive = psutil.wait_procs(family, 10)
    assert alive == []
    with store.read(home / "store") as reader:
        assert reader.last_run() is not None


def test_a_second_service_of_a_home_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.flows import serve

    monkeypatch.setattr(serve, "ALONE_S", 0.1)
    installation = load(tmp_path)
    (tmp_path / "prefect").mkdir()
    refused = pytest.raises(SelatError, match="another selat serve")
    with serve._alone(installation), refused, serve._alone(installation):
        pass
    with serve._alone(installation):
        pass


def test_looks_between_nights_begin_again_and_end_with_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.flows import serve

    installation = load(tmp_path)
    with serve.looking(installation, []):  # the setting says none
        assert "looks" not in [one.name for one in threading.enumerate()]
    settings = installation.settings.model_copy(update={"watch": WatchSettings(every_min=15)})
    begun = tmp_path / "begun"
    command = ["sh", "-c", f"echo x >> {begun}; test $(wc -l < {begun}) = 2 && exec sleep 60"]
    asked: list[Any] = []
    monkeypatch.setattr(serve, "looks_of", lambda *given: asked.append(given) or command)
    monkeypatch.chdir(tmp_path)  # they run elsewhere
    monkeypatch.setattr(serve, "AGAIN_S", 0.01)
    others = set(psutil.Process().children())
    with serve.looking(replace(installation, settings=settings), ["feeds", "-"]):
        while not begun.exists() or len(begun.read_text()) < 4:
            time.sleep(0.01)
        [child] = set(psutil.Process().children()) - others
    assert not child.is_running()
    assert asked == [(replace(installation, settings=settings), [f"{tmp_path}/feeds", "-"], 15)]


def test_looks_that_cannot_be_started_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipelines.flows import serve

    installation = load(tmp_path)
    settings = installation.settings.model_copy(update={"watch": WatchSettings(every_min=15)})
    begun, tries, really = tmp_path / "begun", list[Any](), serve.started

    def start(command: list[str], **options: Any) -> Any:
        tries.append(command)
        if len(tries) == 1:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return really(command, **options)

    command = ["sh", "-c", f"touch {begun}; exec sleep 60"]
    monkeypatch.setattr(serve, "looks_of", lambda *_: command)
    monkeypatch.setattr(serve, "started", start)
    monkeypatch.setattr(serve, "AGAIN_S", 0.01)
    with serve.looking(replace(installation, settings=settings), []):
        while not begun.exists():
            time.sleep(0.01)
    said = "looks between nights can't be started: Resource temporarily unavailable\n"
    assert capsys.readouterr().err == said


def is_done(home: Path) -> bool:
    served = read_served(home / "service.json")
    return served is not None and served.done is not None


def assert_works_without_network(pages: str) -> None:
    """Whatever Prefect's pages load comes from the server itself."""
    with urllib.request.urlopen(f"{pages}/", timeout=20) as answer:
        page = answer.read().decode()
    loaded = re.findall(r"<(?:script|link)[^>]+(?:src|href)=\"([^\"]+)\"", page)
    assert len(loaded) > 3
    assert all(address.startswith("/") for address in loaded)
    for address in loaded:
        if address.endswith(".css"):
            with urllib.request.urlopen(pages + address, timeout=20) as answer:
                assert b"url(http" not in answer.read()


@pytest.fixture
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server of our own on loopback."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL of Debian on this machine")
    folder = tmp_path_factory.mktemp("postgresql")
    run: list[str] = []
    if os.getuid() == 0:  # which PostgreSQL refuses to run as
        run = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
        for above in folder.parents:
            if above.stat().st_uid == os.getuid() and above != Path("/"):
                above.chmod(above.stat().st_mode | 0o011)
    port = free_port()
    data, binaries = folder / "data", found[-1].parent
    subprocess.run(
        [*run, binaries / "initdb", "-D", data, "-A", "trust", "-U", "selat"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -F"
    subprocess.run(
        [*run, binaries / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    try:
        yield f"postgresql+asyncpg://selat:hush@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*run, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd="/",
        )


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


HOSTILE_JOB = {
    "command": "id",
    "env": {"LD_PRELOAD": "x"},
    "name": "y",
    "working_dir": "/",
    "env.PATH": "/evil",
    "stream_output": False,
}

REGISTERED = """
import asyncio, json, sys
from pathlib import Path
from pipelines.base import secrets
from pipelines.flows.environment import prepare
from pipelines.base.settings import load
installation = load(Path(sys.argv[1]))
known = secrets.load(installation)
prepare(installation.home)
from pipelines.flows import serve
with serve._own_server(installation, known):
    from prefect.client.orchestration import get_client
    from prefect.workers.process import ProcessJobConfiguration
    from pipelines.flows import runner
    with get_client(sync_client=True) as client:
        serve.register(installation, ["/feeds"])  # for workers
        found = [client.read_deployments()[0].model_dump(mode="json")]
        pool = client.read_work_pool(serve.POOL)
        done = asyncio.run(ProcessJobConfiguration.from_template_and_values(
            pool.base_job_template, json.loads(sys.argv[2]), client=None))
        print(json.dumps(done.model_dump(mode="json")))
        runner.deploy(client, installation)  # ours, which runs them itself
        runner.remove_pool(client, serve.POOL)
        runner.remove_pool(client, serve.POOL)
        runner.end_what_was_cut_off(client, None)
        found += [one.model_dump(mode="json") for one in client.read_deployments()]
        print(json.dumps(found))
"""


VACUUM = """
import asyncio, os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pipelines.flows.environment import of_server
from pipelines.base.settings import load
installation = load(Path(sys.argv[1]))
os.environ.update(of_server(installation.home, "selat:x", installation.settings.service))
from prefect.server import models
from prefect.server.database import provide_database_interface
from prefect.server.schemas import core, states
from prefect.server.services.db_vacuum import vacuum_old_flow_runs
from prefect.settings import get_current_settings
from sqlalchemy import select

async def main():
    db = provide_database_interface()
    await db.create_db()
    async with db.session_context(begin_transaction=True) as session:
        flow = await models.flows.create_flow(session=session, flow=core.Flow(name="f"))
        for days in (40, 20):
            ended = datetime.now(UTC) - timedelta(days=days)
            run = core.FlowRun(flow_id=flow.id, name=f"{days} days ago", end_time=ended,
                               state=states.Completed(timestamp=ended))
            await models.flow_runs.create_flow_run(session=session, flow_run=run)
    await vacuum_old_flow_runs(db=db)
    async with db.session_context() as session:
        print(sorted((await session.execute(select(db.FlowRun.name))).scalars()))
    print(sorted(get_current_settings().server.services.db_vacuum.enabled_vacuum_types))

asyncio.run(main())
"""


def test_prefect_is_told_how_long_to_keep_what(tmp_path: Path) -> None:
    service = load(tmp_path).settings.service.model_copy(update={"retention_days": 30})
    told = of_server(tmp_path, "selat:x", service)
    kept_s = str(30 * 86_400)
    assert told["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"] == "true"
    assert told["PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"] == kept_s
    assert told["PREFECT_SERVER_EVENTS_RETENTION_PERIOD"] == f"PT{kept_s}S"


@pytest.mark.prove  # what it is told: test_prefect_is_told_how_long_to_keep_what
def test_old_runs_of_prefect_go(
    tmp_path: Path, clean_environment: dict[str, str], with_records: Callable[[Path], Path]
) -> None:
    with_records(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", VACUUM, str(tmp_path)],
        env=clean_environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    runs_left, kinds = done.stdout.splitlines()[-2:]
    assert runs_left == "['20 days ago']"  # service.retention_days is 30
    assert {"flow_runs", "orphans"} <= set(re.findall(r"'(\w+)'", kinds))


AGED = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pipelines.flows.environment import prepare
prepare(Path(sys.argv[1]))
from prefect.server import models
from prefect.server.database import provide_database_interface
from prefect.server.schemas import core, states

async def main():
    db = provide_database_interface()
    await db.create_db()
    async with db.session_context(begin_transaction=True) as session:
        flow = await models.flows.create_flow(session=session, flow=core.Flow(name="f"))
        for days in (40, 20):
            then = datetime.now(UTC) - timedelta(days=days)
            # One was killed: Prefect never learned that it ended.
            for state in (states.Completed(timestamp=then), states.Running(timestamp=then)):
                run = await models.flow_runs.create_flow_run(
                    session=session,
                    flow_run=core.FlowRun(flow_id=flow.id, name=f"{days} days ago", state=state,
                                          expected_start_time=then, start_time=then),
                )
                await models.task_runs.create_task_run(
                    session=session, task_run=core.TaskRun(
                        flow_run_id=run.id, task_key="t", dynamic_key="0", name=f"{days} days ago"),
                )
                await models.artifacts.create_artifact(
                    session=session,
                    artifact=core.Artifact(key="a", data=f"{days} days ago", flow_run_id=run.id),
                )

asyncio.run(main())
"""


@pytest.mark.prove  # with a service: test_old_runs_of_prefect_go
def test_a_home_without_a_service_forgets_old_runs_of_prefect_too(
    small_feed: Path,
    tmp_path: Path,
    clean_environment: dict[str, str],
    with_records: Callable[[Path], Path],
) -> None:
    with_records(tmp_path)

    def python(*arguments: object) -> None:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=clean_environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
        )
        assert done.returncode == 0, done.stderr
        assert "stay" not in done.stderr

    python("-c", AGED, tmp_path)
    python(
        "-m",
        "pipelines.cli.main",
        "nightly",
        "--feed",
        small_feed,
        "--home",
        tmp_path,
        "--quiet",
    )
    [database] = (tmp_path / "prefect").glob("*.db")
    with closing(sqlite3.connect(database)) as records:

        def ages(table: str, column: str = "name") -> list[str]:
            found = records.execute(f"SELECT {column} FROM {table} ORDER BY 1")
            return [name for (name,) in found if "days ago" in str(name)]

        assert ages("flow_run") == ["20 days ago"] * 2
        assert ages("task_run") == ["20 days ago"] * 2
        assert ages("artifact", "data") == ['"20 days ago"'] * 2
        assert "nightly" in {name for (name,) in records.execute("SELECT name FROM flow")}


def test_a_database_of_ones_own_is_told_to_the_server_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELAT_SECRET_PREFECT_DATABASE", "postgresql+asyncpg://selat:hush@host/x")
    installation = load(tmp_path)
    known = secrets.load(installation)
    told = of_server(tmp_path, "selat:x", installation.settings.service, known)
    assert told["PREFECT_SERVER_DATABASE_CONNECTION_URL"].endswith("selat:hush@host/x")
    told = of_server(tmp_path, "selat:x", installation.settings.service)
    assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" not in told


def test_what_a_worker_does_is_settled_by_the_pool_whatever_a_run_asks_for() -> None:
    from prefect.workers.process import ProcessJobConfiguration

    from pipelines.flows.serve import JOB_TEMPLATE

    nobody: Any = object()  # a client, of which nothing is asked
    job = asyncio.run(
        ProcessJobConfiguration.from_template_and_values(JOB_TEMPLATE, HOSTILE_JOB, client=nobody)
    )
    assert (job.command, job.env, job.name) == (None, {}, None)
    assert (str(job.working_dir), job.stream_output) == (str(PROJECT), True)


@pytest.mark.prove  # test_a_database_of_ones_own_…, test_what_a_worker_does_…; with SQLite: hostile
def test_prefect_on_postgresql(
    postgresql: str, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    environment = clean_environment | {
        "SELAT_SECRET_PREFECT_DATABASE": postgresql,
        "SELAT_SERVICE__PORT": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", REGISTERED, str(tmp_path), json.dumps(HOSTILE_JOB)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    job, (deployment, ours) = map(json.loads, done.stdout.splitlines())
    # What a worker of one's own does is settled by the pool, whatever a run asks for.
    assert (job["command"], job["env"], job["name"]) == (None, {}, None)
    assert (job["working_dir"], job["stream_output"]) == (str(PROJECT), True)
    assert ours["id"] == deployment["id"]
    assert (ours["work_pool_name"], ours["parameters"], ours["pull_steps"]) == (None, {}, [])
    assert ours["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert deployment["name"] == "nightly"
    assert deployment["work_pool_name"] == "selat"
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert deployment["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert deployment["schedules"][0]["schedule"]["timezone"] == "Asia/Kuala_Lumpur"
    assert deployment["parameters"]["feeds"] == '["/feeds"]'
    assert not list((tmp_path / "prefect").glob("*.db"))  # nothing went to SQLite
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert not [p for p in written if b"hush" in p.read_bytes()]
