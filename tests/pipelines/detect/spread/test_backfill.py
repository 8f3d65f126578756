"""A back-fill leaves what the nightly runs of its days would have left, to the last byte.

In whatever order tasks run, on however many workers, whoever dies.
"""

import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from detectors.core.events import written
from detectors.gap import Gap
from pipelines import store
from pipelines.base import allocation
from pipelines.base.progress import Bar, reporter
from pipelines.base.settings import StoreSettings, load
from pipelines.detect import memory, window
from pipelines.detect.days import refresh
from pipelines.detect.spread.dates import work_out
from pipelines.detect.spread.engines import Engine, InProcess, Pending, engine, resolved
from pipelines.detect.window import first_reach
from pipelines.exercise import simulate
from pipelines.publish.files import WRITERS
from pipelines.run import feeds, runs, spread_days
from pipelines.run import fill as fill_module
from pipelines.run import folder as run_folder
from pipelines.run.fill import fill, raise_if_partial
from pipelines.run.setup import Setup, load_zones
from pipelines.run.sightings import import_only
from pipelines.run.spread_days import reach_of
from pipelines.run.windows import NoDataError, utc
from pipelines.store.catalogue import TABLES
from tests.conftest import asking_only, leaving_out_briefs, made_once

DATES = ["2026-01-05", "2026-01-06", "2026-01-07"]
three_days = pytest.mark.parametrize("dates", [3], indirect=True)
BRIEFS = {name: WRITERS[name] for name in ("brief.html", "brief.pdf", "flagged.kml")}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def briefly_remembered() -> Iterator[None]:
    """So short a memory that days ask for vessels which only stored events know of; no briefs."""
    with pytest.MonkeyPatch.context() as patch, leaving_out_briefs():
        patch.setenv("SELAT_DETECTION__REACH_BACK_DAYS", "0.2")
        yield


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory, briefly_remembered: None) -> Path:
    """A home into which three days were ingested, and sightings, and nothing was looked at."""

    def make(folder: Path) -> None:
        home = folder / "home"
        installation = load(home)
        zones = load_zones(installation)
        start = utc("2026-01-04T16:00:00Z").to_pydatetime()
        simulate(folder, seed=8, hours=72, vessels=20, start=start, zones=zones)
        with reporter(quiet=True) as report:
            feeds.ingest_only(
                installation,
                zones,
                [str(folder / "feed.nmea.gz")],
                area=None,
                mapping=None,
                report=report,
            )
            import_only(installation, [str(folder / "sightings.csv")], report)

    return made_once(tmp_path_factory, "back-fill", make) / "home"


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.prove)])
def dates(request: pytest.FixtureRequest) -> list[str]:
    """The dates that are looked at."""
    return DATES[: request.param]


@pytest.fixture(scope="module")
def by_day(
    untouched: Path, dates: list[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What is there when each day is looked at by itself, one after the other."""

    def make(folder: Path) -> None:
        home = copy(untouched, folder)
        with reporter(quiet=True) as report:
            for date in dates:
                runs.detect_only(load(home), date, None, None, report)

    made = made_once(tmp_path_factory, f"back-fill-{len(dates)}-by-day", make)
    found = content(made / "home")
    assert len(found["events"]) > 16 * len(dates)
    assert set(found["run_events"]["status"]) >= {"created", "changed", "unchanged"}
    return found


def copy(home: Path, to: Path) -> Path:
    shutil.copytree(home, to / "home", symlinks=True)
    return to / "home"


def content(home: Path) -> dict[str, Any]:
    """Every table, every file of the runs but those that workers write and this process doesn't."""
    with store.read(home / "store") as reader:
        found: dict[str, Any] = {
            name: reader.sql(f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES
        }
    for path in sorted((home / "runs").rglob("*")):
        if path.is_file() and path.name not in BRIEFS:
            found[str(path.relative_to(home))] = path.read_bytes()
    return {**found, "latest": (home / "latest").resolve().name}


def assert_same(home: Path, expected: dict[str, Any]) -> None:
    found = content(home)
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(found[name], one, obj=name)
        else:
            assert found[name] == one, name
    assert not (home / "backfill").exists()


def span(dates: list[str]) -> tuple[str, str]:
    """From the first date to the end of the last."""
    return dates[0], str((pd.Timestamp(dates[-1]) + pd.Timedelta(days=1)).date())


def run_fill(home: Path, dates: list[str], chosen: Engine) -> list[dict[str, Any]]:
    with reporter(quiet=True) as report:
        filled = fill(load(home), *span(dates), chosen, report)
    raise_if_partial(filled)
    return filled.runs


class AnyOrder:
    """Runs what is ready in any order, all days at once, and some tasks twice."""

    ahead = 3

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.waiting: list[Later] = []
        self.repeated = 0

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        self.waiting.append(Later(task, arguments))
        return self.waiting[-1]

    def begin(self, task: Callable[..., Any], *arguments: Any) -> None:
        task(*arguments)

    def next(self, ready: list["Later"]) -> "Later":
        return self.chance.choice(ready)

    def wait(self, some: Sequence[Pending]) -> None:
        while not any(one.done() for one in some):
            one = self.next([later for later in self.waiting if later.is_ready()])
            self.waiting.remove(one)
            value = one.run()
            if self.chance.random() < 0.2:
                assert one.run() == value
                self.repeated += 1


class NewestFirst(AnyOrder):
    """Works out dates, then runs what came last."""

    def next(self, ready: list["Later"]) -> "Later":
        return next((one for one in ready if one.task is work_out), ready[-1])


class Later:
    """A task to be run."""

    def __init__(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.task, self.arguments = task, arguments
        self.value: list[Any] = []

    def is_ready(self) -> bool:
        every = [x for a in self.arguments for x in (a if isinstance(a, list) else [a])]
        return all(one.done() for one in every if isinstance(one, Later))

    def run(self) -> Any:
        self.value = [self.task(*(resolved(one) for one in self.arguments))]
        return self.value[0]

    def done(self) -> bool:
        return bool(self.value)

    def result(self) -> Any:
        return self.value[0]


def test_a_story_cut_short_is_followed_by_those_that_it_concerns(
    untouched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if all were looked at again by all detectors; and nothing lies ahead of the window."""
    home = load(copy(untouched, tmp_path))
    setup = Setup.load(home)
    end = utc("2026-01-07T13:00:00Z")
    monkeypatch.setattr(window, "longest_history", lambda _: pd.Timedelta(hours=30))
    found = []
    with store.write(home.store) as writer:
        refresh(writer)
        for everything in (False, True):
            if everything:
                monkeypatch.setattr(window, "again", lambda detectors, _: list(detectors))
                monkeypatch.setattr(window, "concerned", lambda *_: {})
            found.append(
                window.detect(
                    writer,
                    setup.detectors,
                    start=end - pd.Timedelta(hours=1),
                    end=end,
                    zones=setup.zones,
                    reach_back=pd.Timedelta(days=14),
                )
            )
        need = writer.need(first_reach(writer, setup.detectors, end, end, pd.Timedelta(days=14)))
        assert writer.tracked(need, end)["time"].max() <= end
    assert [one.passes for one in found] == [2, 2]
    assert found[0].events["end"].isna().any(), "some go on"
    pd.testing.assert_frame_equal(*(written(one.events) for one in found))


def test_of_two_workers_that_write_the_files_of_a_run_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where one was thought dead; whoever is last leaves nothing."""
    folder = tmp_path / "runs" / "20260105T155959Z-0001"
    attempts = ["", ".a", ".b"]

    def slowly(_: Any, to: Path, *__: Any) -> None:
        (to / "manifest.json").write_text(attempts[-1])
        mine = attempts.pop()
        if mine == ".b":  # meanwhile the other begins and ends
            run_folder.write_folder(nothing, folder, {}, attempt=attempts[-1])
            assert folder.is_dir()

    nothing: Any = None
    monkeypatch.setattr(run_folder, "write_all", slowly)
    run_folder.write_folder(nothing, folder, {}, attempt=".b")
    assert (folder / "manifest.json").read_text() == ".a"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    left_over = folder.with_name(f".{folder.name}.c.unfinished")
    left_over.mkdir()
    spread_days.clean(folder)
    assert not left_over.exists()


class StoppedError(BaseException):
    """The driver ends here."""


class Stopping(InProcess):
    """Runs no task more once something is there."""

    def __init__(self, reached: Callable[[], bool]) -> None:
        self.reached = reached

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        if self.reached():
            raise StoppedError
        return super().submit(task, *arguments)


def test_in_this_process_after_one_that_stopped(
    untouched: Path, dates: list[str], by_day: dict[str, Any], tmp_path: Path
) -> None:
    """First while tracks are worked out, then after the first run."""
    home = copy(untouched, tmp_path)
    for reached in (
        lambda: any((home / "store" / "tracks").glob("*/*.parquet")),
        (home / "latest").exists,
    ):
        with pytest.raises(StoppedError):
            run_fill(home, dates, Stopping(reached))
    with store.read(home / "store") as reader:
        assert len(reader.runs()) == 1
    with reporter(quiet=True) as report:
        filled = fill(load(home), *span(dates), InProcess(), report)
    assert filled.done_before == 1
    assert not any(run["looked_at_again"] for run in filled.runs)
    assert_same(home, by_day)


def test_tasks_in_any_order_and_twice(
    untouched: Path,
    dates: list[str],
    by_day: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a day that was planned before another had raised what concerns it is looked at again.

    Dates are judged, and vessels looked at, some at a time.
    """
    monkeypatch.setattr(memory, "rows_in", lambda *_: 15_000)

    def only_half(*arguments: Any) -> pd.DataFrame:
        return reach_of(*arguments).iloc[::2].reset_index(drop=True)

    monkeypatch.setattr(fill_module, "reach_of", only_half)
    home, chosen = copy(untouched, tmp_path), AnyOrder(5)
    found = run_fill(home, dates, chosen)
    assert chosen.repeated > 0
    assert all(run["looked_at_again"] for run in found)
    assert_same(home, by_day)


def test_the_driver_waits_while_a_later_day_is_done_before_the_first(
    untouched: Path, dates: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    monkeypatch.setenv("SELAT_CONFIG", str(asking_only(tmp_path / "config", "gap")))

    def to(*_: Any) -> None:
        nonlocal turns
        turns += 1
        assert turns < 100, "it goes round and round"

    monkeypatch.setattr(Bar, "to", to)
    assert len(run_fill(copy(untouched, tmp_path), dates, NewestFirst(1))) == len(dates)
    assert turns >= len(dates)


def test_a_scheduler_elsewhere_is_asked() -> None:
    from distributed import LocalCluster  # seconds to import: here only who asks pays

    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        engine("dask", cluster.scheduler_address, 0) as chosen,
    ):
        [worker] = pids_by_worker(chosen)
        assert worker in cluster.scheduler_info["workers"]
        pending = chosen.submit(divmod, 17, 5)
        chosen.wait([pending])
        assert pending.result() == (3, 2)


def wait_for(file: Path, result: int) -> int:
    while not file.exists():
        time.sleep(0.05)
    return result


def set_to(name: str) -> str | None:
    return os.environ.get(name)


def test_what_a_worker_did_that_is_killed_another_does_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")  # as a cluster by Dask's own rules leaves
    names = ("PYTHONSAFEPATH", "OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")
    before = [os.environ.get(name) for name in names]
    with engine("dask", None, 2) as chosen:
        for name, value in allocation.ENVIRONMENT.items():
            assert chosen.submit(set_to, name).result() == str(value)
        pending = [chosen.submit(wait_for, tmp_path / "killed", k) for k in range(4)]
        deadline = time.monotonic() + 120
        while not (busy := processing(chosen)) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(busy[0], signal.SIGKILL)
        (tmp_path / "killed").touch()
        while not all(one.done() for one in pending):
            chosen.wait([one for one in pending if not one.done()])
        assert [one.result() for one in pending] == [0, 1, 2, 3]
        assert busy[0] not in pids(chosen)
    assert [os.environ.get(name) for name in names] == before


def test_what_workers_find_is_put_back_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONSAFEPATH", "MKL_NUM_THREADS", "SET_MEANWHILE"):
        monkeypatch.setenv(name, "")  # so that it is as it was once the test is over
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("CHANGED_MEANWHILE", "before")
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), engine("dask", None, 1) as chosen:  # noqa: PT012 (its last line raises)
        assert chosen.submit(set_to, "PYTHONSAFEPATH").result() == "1"
        assert chosen.submit(set_to, "OMP_NUM_THREADS").result() == "1"
        assert os.environ["MKL_NUM_THREADS"] == "1"  # Dask's own
        meanwhile = {"SET_MEANWHILE": "1", "CHANGED_MEANWHILE": "since"}
        os.environ.update(meanwhile)
        raise ZeroDivisionError  # however it ends: the test above has it end well
    assert dict(os.environ) == before | meanwhile


@pytest.mark.prove  # test_what_a_worker_did_…, test_tasks_in_any_order_and_twice
@three_days
def test_a_worker_of_two_is_killed(untouched: Path, by_day: dict[str, Any], tmp_path: Path) -> None:
    """It costs its tasks and nothing else: what was done before isn't done again."""
    home = copy(untouched, tmp_path)
    with engine("dask", None, 2) as chosen:
        assassin = Assassin(chosen)
        run_fill(home, DATES, assassin)
        assert assassin.victim is not None
        assert assassin.victim not in pids(chosen)
    assert_same(home, by_day)


class Assassin:
    """Kills a worker in the middle of a look at a day."""

    def __init__(self, chosen: Engine) -> None:
        self.chosen, self.ahead = chosen, chosen.ahead
        self.victim: int | None = None
        self.looks = 0

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Pending:
        self.looks += task.__name__ == "look"
        return self.chosen.submit(task, *arguments)

    def begin(self, task: Callable[..., Any], *arguments: Any) -> None:
        self.chosen.begin(task, *arguments)

    def wait(self, some: Sequence[Pending]) -> None:
        if self.looks and self.victim is None:
            deadline = time.monotonic() + 120
            while not (busy := processing(self.chosen)) and time.monotonic() < deadline:
                time.sleep(0.01)
            self.victim = busy[0]
            os.kill(self.victim, signal.SIGKILL)
        self.chosen.wait(some)


def processing(chosen: Any) -> list[int]:
    """Process ids of workers that have tasks to do."""
    tasks = chosen.client.processing()
    return [pid for address, pid in pids_by_worker(chosen).items() if tasks.get(address)]


def pids_by_worker(chosen: Any) -> dict[str, int]:
    return dict(chosen.client.run(os.getpid))


def pids(chosen: Any) -> list[int]:
    return list(pids_by_worker(chosen).values())


DRIVERS = """
import os, sys
from pathlib import Path
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.detect.spread.engines import InProcess
from pipelines.publish.files import WRITERS
from pipelines.run.fill import fill
from pipelines.run.setup import load_zones

# Importing takes as long as a day: one process imports and forks the others.
home, since, until = Path(sys.argv[1]), *sys.argv[2:]
zones = load_zones(load(home))
zones.on_land([0.0], [0.0]), zones.reached([0.0], [0.0]), zones.within([0.0], [0.0], ["port"])
zones.coasts, zones.shores
del WRITERS["brief.html"], WRITERS["brief.pdf"], WRITERS["flagged.kml"]
for line in sys.stdin:
    child = os.fork()
    if not child:
        with reporter(quiet=True) as report:
            fill(load(home), since, until, InProcess(), report)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_store_on_a_share_is_found_where_its_folder_here_was_emptied(
    untouched: Path, tmp_path: Path
) -> None:
    """As it may be at any time: what lies there is the store."""
    (share := tmp_path / "share").mkdir()
    home, settings = copy(untouched, tmp_path), StoreSettings(url=str(share))
    with store.write(home / "store", settings):
        pass
    shutil.rmtree(home / "store")
    found = load(home)
    found = replace(found, settings=found.settings.model_copy(update={"store": settings}))
    with (
        reporter(quiet=True) as report,
        pytest.raises(NoDataError, match="no position report in that span"),
    ):
        fill(found, "2020-01-01", "2020-01-02", InProcess(), report)


@pytest.mark.prove  # test_in_this_process_after_one_that_stopped
@three_days
def test_the_driver_is_killed_twice(
    untouched: Path, by_day: dict[str, Any], tmp_path: Path, selat: Callable[..., Any]
) -> None:
    """First while tracks are worked out, then after the first run; the command does the rest."""
    home = copy(untouched, tmp_path)
    command = [sys.executable, "-c", DRIVERS, str(home), *span(DATES)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as drivers:
        killed_when(drivers, lambda: any((home / "store" / "tracks").glob("*/*.parquet")))
        killed_when(drivers, (home / "latest").exists)
        assert drivers.stdin
        drivers.stdin.close()
    with store.read(home / "store") as reader:
        done_before = len(reader.runs())
    assert done_before in {1, 2, 3}
    since, until = span(DATES)
    ran = selat("backfill", "--home", home, "--json", "--since", since, "--until", until)
    assert ran.code == 0, ran.err
    assert f'"done_before": {done_before}' in ran.out
    assert_same(home, by_day)


def killed_when(drivers: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """Start a back-fill and kill -9 it when something is there."""
    assert drivers.stdin
    assert drivers.stdout
    drivers.stdin.write("go\n")
    drivers.stdin.flush()
    driver = psutil.Process(int(drivers.stdout.readline()))
    while not reached():
        assert driver.is_running(), "it ended before it could be killed"
        time.sleep(0.005)
    driver.kill()
    assert int(drivers.stdout.readline()) == -signal.SIGKILL


@pytest.mark.prove  # in one go: run/test_command
def test_a_detector_that_fails_does_not_stop_the_others(
    untouched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a run of that day: it is partial, and what rests on the detector isn't assessed."""
    for name, write in BRIEFS.items():
        monkeypatch.setitem(WRITERS, name, write)

    def fail(*_: Any) -> Any:
        raise ValueError("no gaps tonight")

    monkeypatch.setattr(Gap, "detect", fail)
    one, other = copy(untouched, tmp_path / "one"), copy(untouched, tmp_path / "other")
    with reporter(quiet=True) as report:
        runs.detect_only(load(one), DATES[0], None, None, report)
        filled = fill(load(other), DATES[0], DATES[1], InProcess(), report)
    with pytest.raises(runs.PartialRunError, match="no gaps tonight"):
        raise_if_partial(filled)
    expected, found = content(one), content(other)
    assert found.keys() == expected.keys()
    for name in ("events", "run_events", "flags", "runs"):
        pd.testing.assert_frame_equal(found[name], expected[name], obj=name)
    for name in BRIEFS:
        assert (other / "latest" / name).read_bytes() == (one / "latest" / name).read_bytes()


@pytest.fixture(scope="module")
def last_known(untouched: Path, dates: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That home after the last of these days was looked at."""
    home = copy(untouched, tmp_path_factory.mktemp("last"))
    with reporter(quiet=True) as report:
        runs.detect_only(load(home), dates[-1], None, None, report)
    return home


@pytest.mark.prove  # late feeds and past days: run/test_command
def test_days_before_one_that_was_looked_at(
    last_known: Path, dates: list[str], by_day: dict[str, Any], tmp_path: Path
) -> None:
    """What is known of later days isn't forgotten."""
    one, other = (copy(last_known, tmp_path / name) for name in ("one", "other"))
    with reporter(quiet=True) as report:
        for date in dates[:-1]:
            runs.detect_only(load(one), date, None, None, report)
        fill(load(other), dates[0], dates[-1], InProcess(), report)
    assert_same(other, content(one))
    pd.testing.assert_frame_equal(events_of(content(other)), events_of(by_day))


def events_of(found: dict[str, Any]) -> pd.DataFrame:
    """The events, whichever run found them."""
    events = found["events"][~found["events"]["retracted"]]
    return events.drop(columns=["run_id", "first_run_id"]).reset_index(drop=True)


@pytest.mark.parametrize(
    ("since", "until"), [("2027-01-01", None), (None, "2025-01-01"), ("2026-01-06", "2026-01-06")]
)
def test_a_span_without_reports(untouched: Path, since: str | None, until: str | None) -> None:
    with (
        reporter(quiet=True) as report,
        pytest.raises(NoDataError, match="no position report in that span"),
    ):
        fill(load(untouched), since, until, InProcess(), report)
