"""The store under readers, kill -9 and full disks."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import store
from pipelines.base.settings import StoreSettings
from pipelines.store import DiskFullError, StoreError, feeds
from pipelines.store.check import check
from tests.pipelines.store.conftest import assert_same, batch, content

pytestmark = pytest.mark.slow  # processes, full disks

REPORT = {"simulated": False}


def add(writer: store.Writer, key: str, batches: Any) -> None:
    writer.add_feed(key, sha256=key, name=f"{key}.csv", batches=batches, report=REPORT)


# ---- readers

READER = """
    import json, sys, time
    from collections import Counter
    from pathlib import Path
    from pipelines import store

    root, hold, rows_per_feed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    seen = Counter()
    passes = (root.parent / f"passes {hold}").open("a", buffering=1)
    print("reading", flush=True)
    while not (root.parent / "stop").exists():
        try:
            with store.read(root) as reader:
                for _ in range(hold):
                    [feeds] = reader.sql("SELECT count(*) AS n FROM ledger")["n"]
                    files = reader.sql("SELECT path FROM files")["path"]
                    rows = reader._connection.sql(
                        "SELECT count(*), count(DISTINCT feed_key), sum(source_offset) "
                        "FROM received($f)", params={"f": [str(root / f) for f in files]},
                    ).fetchall()[0]
                    [heard] = reader.sql("SELECT sum(reports)::BIGINT AS n FROM presence")["n"]
                    n = rows_per_feed
                    whole = rows == (feeds * n, feeds, feeds * n * (n - 1) // 2)
                    seen["whole" if whole and heard == feeds * n else "torn"] += 1
                    print(feeds, file=passes)
                seen[f"generation {feeds}"] += 1
        except Exception as error:
            seen[f"error {type(error).__name__}: {error}"[:300]] += 1
    print(json.dumps(seen))
"""


@pytest.mark.parametrize("wanted", [16, pytest.param(200, marks=pytest.mark.prove)])
def test_readers_see_no_error_and_no_torn_result_during_publishes(
    tmp_path: Path, wanted: int
) -> None:
    root, rows = tmp_path / "store", 40
    feed = batch([533000001], hours=rows / 6)
    feed.positions["source_offset"] = np.arange(rows)
    holds = ("1", "5")

    def waits(hold: str, reader: "subprocess.Popen[str]") -> bool:
        """Tell whether a reader, on a busy machine, is yet to see what it is asked about."""
        feeds = (tmp_path / f"passes {hold}").read_text().split()
        few = len(feeds) <= wanted // 4 + int(hold) or len(set(feeds)) <= wanted // 8 + 1
        return few and reader.poll() is None

    with store.write(root) as writer:
        add(writer, "k000", [feed])
        command = [sys.executable, "-c", textwrap.dedent(READER), str(root)]
        readers = [
            subprocess.Popen([*command, hold, str(rows)], stdout=subprocess.PIPE, text=True)
            for hold in holds
        ]
        for reader in readers:
            assert reader.stdout
            assert reader.stdout.readline() == "reading\n"
        publishes, added, took_s = 0, 1, []
        while publishes < wanted or any(map(waits, holds, readers)):
            if publishes % 40 == 15:
                before = writer._publishes
                for date in list(writer.files_by_date()["date"]):
                    writer.compact(date)
                publishes += writer._publishes - before
            elif publishes % 4:  # what a run publishes: changes of the catalogue alone
                writer._connection.execute("UPDATE ledger SET name = $n", {"n": f"{publishes}"})
                begin = time.perf_counter()
                writer.publish()
                took_s.append(time.perf_counter() - begin)
                publishes += 1
            else:
                add(writer, f"k{added:03d}", [feed])
                added, publishes = added + 1, publishes + 1
        (tmp_path / "stop").touch()
        results = []
        for reader in readers:
            results.append(json.loads(reader.communicate(timeout=60)[0]))
    assert check(root) == []
    for seen in results:
        assert not [kind for kind in seen if kind.startswith("error")], seen
        assert "torn" not in seen
        assert seen["whole"] > wanted // 4
        assert len([kind for kind in seen if kind.startswith("generation")]) > wanted // 8
    print(f"{publishes} publishes, median {np.median(took_s) * 1e3:.0f} ms")  # noqa: T201
    print([(seen["whole"], len(seen) - 1) for seen in results])  # noqa: T201


# ---- kill -9

INGEST = """
    import os, sys
    from pathlib import Path
    import numpy as np, pandas as pd
    from detectors.core import frames
    from pipelines import store
    from pipelines.base.settings import StoreSettings
    from pipelines.store import feeds

    feeds.FLUSH_ROWS = 4000

    class Batch:
        def __init__(self, feed, number):
            n = 1500
            chance = np.random.default_rng([feed, number])
            time = 1_767_600_000 + feed * 20_000 + number * 15_000 + np.sort(
                chance.integers(0, 40_000, n)
            )
            self.positions = frames.conform(pd.DataFrame({
                "mmsi": 533000000 + chance.integers(0, 50, n),
                "time": frames.from_epoch_us(time * 1_000_000),
                "lat": chance.integers(0, 9 * 600_000, n) / 600_000,
                "lon": chance.integers(0, 99_000_000, n) / 1e6,
                "sog_kn": chance.integers(0, 300, n) / 10, "cog_deg": np.nan,
                "heading_deg": np.nan, "nav_status": 0, "msg_type": 1, "ais_class": "A",
                "source": f"f{feed}", "source_offset": number * n + np.arange(n),
            }), frames.POSITIONS)
            self.statics = frames.empty(frames.STATICS)

    def ingest(root):
        with store.write(root, StoreSettings(grace_h=0)) as writer:
            for feed in range(4):
                if not writer.has_feed(f"f{feed}") and not writer.has_feed("f9"):
                    writer.add_feed(
                        f"f{feed}", sha256="", name="", report={"simulated": False},
                        batches=(Batch(feed, number) for number in range(5)),
                    )
            for date in list(writer.files_by_date()["date"]):
                writer.compact(date)
            if not writer.has_feed("f9"):
                writer.add_feed(
                    "f9", sha256="", name="", report={"simulated": False},
                    batches=[Batch(9, 0)], replaces=["f1"],
                )
            writer.expire()

    # Importing takes longer than ingesting: one process imports and forks the others.
    for line in sys.stdin:
        child = os.fork()
        if not child:
            ingest(Path(line.strip()))
            os._exit(0)
        print(child, flush=True)
        sys.stdin.readline()  # until then its number isn't given to another
        print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def ingest() -> Iterator[Callable[[Path, float | None], bool]]:
    """Ingests into a folder, and kills -9 after some time; whether it got to the end."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INGEST)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        requests, answers = server.stdin, server.stdout

        def run(root: Path, kill_after_s: float | None) -> bool:
            requests.write(f"{root}\n")
            requests.flush()
            child = int(answers.readline())
            if kill_after_s is not None:
                time.sleep(kill_after_s)
                os.kill(child, signal.SIGKILL)
            requests.write("wait\n")
            requests.flush()
            status = int(answers.readline())
            assert status in (0, signal.SIGKILL)
            return status == 0

        yield run
        requests.close()


@pytest.mark.parametrize(
    ("wanted", "between"), [(3, 0), pytest.param(24, 5, marks=pytest.mark.prove)]
)
def test_kill_at_many_moments_of_an_ingest(
    tmp_path: Path,
    ingest: Callable[[Path, float | None], bool],
    wanted: int,
    between: int,
) -> None:
    assert ingest(tmp_path / "warm", None)
    begin = time.perf_counter()
    assert ingest(tmp_path / "calm", None)
    calm_s = time.perf_counter() - begin
    calm = content(tmp_path / "calm")
    assert sorted(calm["ledger"]["feed_key"]) == ["f0", "f2", "f3", "f9"]
    assert len(calm["received"]) == 3 * 7500 + 1500
    chance = random.Random(5)
    kills = in_the_middle = homes = 0
    while kills < wanted:
        root = tmp_path / f"rough{homes}"
        homes += 1
        done = False
        while not done and kills < wanted:
            done = ingest(root, chance.uniform(0, 0.6 * calm_s))
            kills += not done
            if (root / "catalogue.duckdb").exists():
                found = check(root)
                assert [p for p in found if p.level == "error"] == []
                in_the_middle += bool(found)
        if not done:
            assert ingest(root, None)
        assert_same(content(root), calm)
        assert check(root) == []
    assert in_the_middle >= between  # kills that left something to clean up
    print(f"{kills} kills, {in_the_middle} with left-overs, {homes} stores")  # noqa: T201


# ---- full disks


class Random:
    """A batch that doesn't compress."""

    def __init__(self, batch: Callable[..., Any], rows: int, source: str) -> None:
        made = batch([533000001], hours=rows / 3600, step_s=1, source=source)
        chance = np.random.default_rng(3)
        made.positions["lat"] = chance.uniform(0, 9, rows)
        made.positions["lon"] = chance.uniform(94, 106, rows)
        self.positions, self.statics = made.positions, made.statics


def test_a_full_disk_leaves_what_was_published(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "FLUSH_ROWS", 100_000)
    root = small_disk / "home" / "store"
    with store.write(root) as writer:
        add(writer, "a", [batch([533000001])])
        before = content(root)
        parts = (Random(batch, 60_000, f"s{k}") for k in range(40))
        with pytest.raises(DiskFullError, match="no room left") as told:
            add(writer, "b", parts)
        assert "free some space" in told.value.hint
        assert_same(content(root), before)
        add(writer, "c", [batch([533000002], source="cc")])  # what fits still goes in
    assert check(root) == []
    with store.read(root) as reader:
        assert list(reader.ledger()["feed_key"]) == ["a", "c"]


@pytest.mark.parametrize(
    ("step_kb", "upto_kb"), [(500, 3000), pytest.param(250, 6000, marks=pytest.mark.prove)]
)
def test_a_disk_that_fills_up_at_any_moment(small_disk: Path, step_kb: int, upto_kb: int) -> None:
    root, ballast = small_disk / "store", small_disk / "ballast"
    feed = Random(batch, 30_000, "s")
    with store.write(root) as writer:
        add(writer, "a", [batch([533000001])])
    failed = 0
    kept = ["a"]
    for number, free_kb in enumerate([*range(0, upto_kb, step_kb), 6000]):
        free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        ballast.write_bytes(bytes(max(free - free_kb * 1024, 0)))
        key = f"k{number:02d}"
        try:
            with store.write(root, StoreSettings(grace_h=0)) as writer:
                add(writer, key, [feed])
                kept.append(key)
                writer.compact("2026-01-06")
                writer.delete_feed(key)
                kept.remove(key)
        except DiskFullError:
            failed += 1
        assert [path.name for path in root.glob("work*")] == [], free_kb
        # Readable while the disk is full.
        with store.read(root) as reader:
            assert list(reader.ledger()["feed_key"].sort_values()) == sorted(kept), free_kb
            assert len(reader.sql("FROM presence"))
        ballast.unlink()
        assert [p.message for p in check(root) if p.level == "error"] == []
    assert failed >= 3
    with store.write(root, StoreSettings(grace_h=0)) as writer:
        for key in kept[1:]:
            writer.delete_feed(key)
        writer.expire()
    assert check(root) == []


def test_a_limit_on_the_size_of_files_reads_like_a_full_disk(tmp_path: Path) -> None:
    """Where no disk can be mounted, this stands for it; quotas answer alike."""
    with store.write(tmp_path) as writer:
        add(writer, "a", [batch([533000001])])
    before = content(tmp_path)
    script = textwrap.dedent(f"""
        import resource, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from conftest import batch
        import numpy as np
        from pipelines import store
        feed = batch([533000001], hours=60_000 / 3600, step_s=1)
        feed.positions["lat"] = np.random.default_rng(3).uniform(0, 9, 60_000)
        with store.write(Path({str(tmp_path)!r})) as writer:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
            try:
                writer.add_feed(
                    "b", sha256="b", name="b", batches=[feed], report={{"simulated": False}}
                )
            except store.StoreError as error:
                print(type(error).__name__, error.message, error.hint)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("DiskFullError no room left"), done
    assert_same(content(tmp_path), before)
    assert check(tmp_path) == []


def test_what_sorting_may_spill_is_a_limit_that_is_named(tmp_path: Path) -> None:
    with store.write(tmp_path) as writer:
        for key in ("a", "b"):
            add(writer, key, [Random(batch, 200_000, key)])
    before = content(tmp_path)
    tight = StoreSettings(memory_limit="24MB", temp_limit="1MB", threads=1)
    with pytest.raises(StoreError, match="temp_limit") as told:
        store.compact(tmp_path, tight)
    assert "memory_limit" in told.value.hint
    assert_same(content(tmp_path), before)
    assert check(tmp_path) == []
