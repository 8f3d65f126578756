"""Fixtures that every test may use, and the tiers that tests are run in.

`make test` runs all but what is marked `prove`: long proofs, each with a shorter variant in it; of
each property it tries a tenth of the examples that it is decorated with. `make test-fast` is
units, cases and the contract on small data: it leaves out what is marked `slow` (half a second of
processor time and more), and what needs a simulated night, a browser, a server or object storage
or attacks from outside (marked `whole` here); `make prove` runs the long proofs, and every property
with ten times the examples.
"""

import base64
import fcntl
import gc
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
import yaml
from _pytest.pathlib import import_path
from hypothesis import is_hypothesis_test, settings

from tests.sparing import Doctests, assert_same_frame, compile_in_turn

# As the Makefile has it, whatever the machine has set: without bytecode each process that a test
# starts compiles all that it imports, for three seconds of its four.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is imported and collected stays: to look for cycles in it at every 700 objects took a
# twentieth of a run.
gc.set_threshold(50_000)

# The first example may be the first to call what is compiled, and a busy machine is no fault.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pd.testing.assert_frame_equal = assert_same_frame

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real feeds and reference layers beside the checkout; the test skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared folder with real feeds on this machine")
    return SHARED


WHOLE = {
    "exercise",
    "marked",
    "unmarked",
    "exercise_home",
    "small_feed",
    "small_home",
    "stories",
    "week",
    "night",
    "quiet",
    "page",
    "endpoint",
    "serving",
    "with_records",
    "prefect_server",
    "postgresql",
}
"""Fixtures that take seconds to make: who needs one isn't of the fast tier."""


def is_whole(item: pytest.Item) -> bool:
    """Tell whether a test needs more than what it makes itself."""
    if WHOLE.intersection(getattr(item, "fixturenames", ())):
        return True
    callspec = getattr(item, "callspec", None)
    elsewhere = callspec is not None and callspec.params.get("place") == "s3"
    return elsewhere or PROJECT / "tests/hostile" in item.path.parents


def order_of(item: pytest.Item) -> int:
    """Return 0 and 1 for what comes first."""
    names = getattr(item, "fixturenames", ())
    return 0 if "serving" in names else 1 if "prefect_server" in names else 2


HEAVY = ("scipy.stats", "numba", "geopandas", "fastapi.testclient", "hypothesis", "pyarrow.parquet")
"""Packages that most tests import, which take longest to compile."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Let each worker import a share first: what one has compiled, the others find on disk.

    Else, in a fresh clone, each compiles everything, at the same time.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    files = sorted((PROJECT / "tests").rglob("test_*.py"))
    if count == 1:
        return
    for name in HEAVY[own::count]:
        import_module(name)
    compile_in_turn()
    for path in files[own::count]:
        with suppress(Exception):  # collecting it tells
            import_path(
                path,
                mode="importlib",
                root=session.config.rootpath,
                consider_namespace_packages=False,
            )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Doctests())  # of all folders, not this one's alone


def pytest_collection_finish() -> None:
    gc.freeze()  # it stays, and need not be looked at for cycles again and again


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    factor = float(os.environ.get("SELAT_EXAMPLES", "1"))
    properties = {}
    for item in items:
        if is_whole(item):
            item.add_marker(pytest.mark.whole)
        test = getattr(item, "obj", None)
        if factor != 1 and is_hypothesis_test(test):
            properties[test] = item
    # What waits for a service begins at once, so that nobody waits for it in the end; and those
    # that share a server come together.
    items.sort(key=order_of)
    for test in properties:
        # The only way to change the number that a test was decorated with.
        given = test._hypothesis_internal_use_settings or settings.default
        examples = max(1, round(given.max_examples * factor))
        test._hypothesis_internal_use_settings = settings(given, max_examples=examples)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that the first worker in need of it makes; the others only read it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


MAKE_RECORDS = """
import sys
from pathlib import Path
from pipelines.base.settings import load
from pipelines.flows.environment import prepare
from pipelines.flows.server import new_auth, started_server
prepare(Path(sys.argv[1]))
with started_server(load(Path(sys.argv[1])), new_auth()):
    pass
"""


@pytest.fixture(scope="session")
def with_records(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Give a home Prefect's database, empty, as the first server of a checkout makes it."""
    from pipelines.flows import records

    def make(home: Path) -> None:
        own = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        command = [sys.executable, "-c", MAKE_RECORDS, str(home)]
        if not records.kept().exists():
            subprocess.run(command, env=own, cwd=PROJECT, check=True, capture_output=True)

    made_once(tmp_path_factory, "records", make)

    def give(home: Path) -> Path:
        (home / "prefect").mkdir(parents=True, exist_ok=True)
        records.begin(home / "prefect")
        return home

    return give


@contextmanager
def leaving_out_briefs() -> Iterator[None]:
    """Runs write no briefs and no KML: half of what a small run costs, where nobody looks."""
    from pipelines.publish.files import WRITERS

    with pytest.MonkeyPatch.context() as patch:
        for name in ("brief.html", "brief.pdf", "flagged.kml"):
            patch.delitem(WRITERS, name)
        yield


@pytest.fixture
def without_briefs() -> Iterator[None]:
    """`leaving_out_briefs` for a test."""
    with leaving_out_briefs():
        yield


def asking_only(config: Path, *names: str) -> Path:
    """Make a configuration that asks these detectors alone, where what is found isn't the point.

    Else it is the project's. A small look costs two fifths less without the others.
    """
    shutil.copytree(PROJECT / "config", config)
    blocks = yaml.safe_load((config / "detectors.yaml").read_text())
    kept = {name: blocks[name] for name in names}
    (config / "detectors.yaml").write_text(yaml.safe_dump(kept))
    return config


@pytest.fixture
def quick_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lock keys with what costs next to nothing: age wants a second and a half for each passphrase.

    `test_a_locked_key_opens_with_its_passphrase_only` has the real ones.
    """
    import pyrage
    from cryptography.fernet import Fernet, InvalidToken

    begin = b"age-encryption.org/v1\n"

    def lock(passphrase: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(passphrase.encode()).digest()))

    def decrypt(content: bytes, passphrase: str) -> bytes:
        try:
            return lock(passphrase).decrypt(content.removeprefix(begin))
        except InvalidToken as error:
            raise pyrage.DecryptError("not this passphrase") from error

    monkeypatch.setattr(
        pyrage.passphrase, "encrypt", lambda content, word: begin + lock(word).encrypt(content)
    )
    monkeypatch.setattr(pyrage.passphrase, "decrypt", decrypt)


@pytest.fixture(scope="session")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small simulated feed, with its truth."""
    from pipelines.base.settings import load
    from pipelines.exercise import simulate
    from pipelines.run.setup import load_zones
    from pipelines.run.windows import utc

    start = utc("2026-01-05T16:00:00Z").to_pydatetime()

    def make(folder: Path) -> None:
        zones = load_zones(load())
        simulate(folder, seed=11, hours=12, vessels=80, start=start, zones=zones)

    return made_once(tmp_path_factory, "exercise", make)


@pytest.fixture(scope="session")
def small_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a feed of three hours, where it doesn't matter what is in it."""
    from pipelines.base.settings import load
    from pipelines.exercise import simulate
    from pipelines.run.setup import load_zones
    from pipelines.run.windows import utc

    start = utc("2026-01-05T16:00:00Z").to_pydatetime()

    def make(folder: Path) -> None:
        simulate(folder, seed=11, hours=3, vessels=30, start=start, zones=load_zones(load()))

    return made_once(tmp_path_factory, "small", make) / "feed.nmea.gz"


def ingest(home: Path, feed: Path) -> None:
    """Ingest a feed into a home, in this process."""
    from pipelines.base.progress import reporter
    from pipelines.base.settings import load
    from pipelines.run import feeds
    from pipelines.run.setup import load_zones

    installation = load(home)
    zones = load_zones(installation)
    with reporter(quiet=True) as report:
        feeds.ingest_only(installation, zones, [str(feed)], area=None, mapping=None, report=report)


def look(home: Path) -> None:
    """Look at all that is new in a home, in this process."""
    from pipelines.base.progress import reporter
    from pipelines.base.settings import load
    from pipelines.run import runs

    with reporter(quiet=True) as report:
        runs.detect_only(load(home), None, None, None, report)


def own_copy(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return this worker's copy of a home that is made once, as a test may change it."""
    made = made_once(factory, name, make)
    return Path(shutil.copytree(made, factory.mktemp(name) / "home", symlinks=True))


@pytest.fixture(scope="session")
def ingested_home(exercise: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home in which that feed was ingested, to be copied."""
    feed = exercise / "feed.nmea.gz"
    return own_copy(tmp_path_factory, "ingested-home", lambda home: ingest(home, feed))


@pytest.fixture(scope="session")
def exercise_home(ingested_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home in which that feed was ingested and looked at."""

    def make(home: Path) -> None:
        shutil.copytree(ingested_home, home, symlinks=True, dirs_exist_ok=True)
        look(home)

    return own_copy(tmp_path_factory, "exercise-home", make)


@pytest.fixture(scope="session")
def small_ingested_home(small_feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home in which the small feed was ingested, to be copied."""
    return own_copy(tmp_path_factory, "small-ingested-home", lambda home: ingest(home, small_feed))


@pytest.fixture(scope="session")
def small_home(small_ingested_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home in which the small feed was ingested and looked at."""

    def make(home: Path) -> None:
        shutil.copytree(small_ingested_home, home, symlinks=True, dirs_exist_ok=True)
        look(home)

    return own_copy(tmp_path_factory, "small-home", make)


@pytest.fixture
def home(small_home: Path, tmp_path: Path) -> Path:
    """A copy of that one, for a test to change."""
    return Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))


@pytest.fixture(scope="session")
def stories(exercise: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exercise's first half of the night looked at (`early`), and then all of it (`home`)."""
    from pipelines.base.progress import reporter
    from pipelines.base.settings import load
    from pipelines.run import runs

    def make(folder: Path) -> None:
        early, home = folder / "early", folder / "home"
        ingest(early, exercise / "feed.nmea.gz")
        with leaving_out_briefs(), reporter(quiet=True) as report:
            runs.detect_only(load(early), None, None, "2026-01-05T22:00Z", report)
        shutil.copytree(early, home, symlinks=True)
        with leaving_out_briefs():
            look(home)

    return made_once(tmp_path_factory, "stories", make)


@pytest.fixture(scope="session")
def story_home(stories: Path) -> Path:
    """The small exercise, looked at twice: the first half of the night, then all of it."""
    return stories / "home"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no right to mount a small tmpfs here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # an error may hold a file open
