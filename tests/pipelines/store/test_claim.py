"""Two that would write at the same time: one is refused, and whatever happens nothing is undone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pipelines import store
from pipelines.base.settings import PROJECT, StoreSettings
from pipelines.store import StoreBusyError, StoreError
from pipelines.store.check import check
from pipelines.store.claim import Claim, Latest
from tests.pipelines.store.conftest import add

pytestmark = pytest.mark.slow  # processes

s3_only = pytest.mark.parametrize("place", ["s3"], indirect=True)
s3_first = pytest.mark.parametrize(
    "place", ["s3", pytest.param("share", marks=pytest.mark.prove)], indirect=True
)

WRITERS = """
import json, os, sys
from pathlib import Path
from pipelines import store
from pipelines.base.settings import StoreSettings
from pipelines.store.claim import Latest

# Importing takes longer than writing: one process imports and forks the others.
Latest(StoreSettings(url="s3://nowhere/at-all"), "us-east-1")
for line in sys.stdin:
    around, root, settings, *files = json.loads(line)
    child = os.fork()
    if not child:
        os.environ.update(around)
        for number, (file, how) in enumerate(zip(files, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY))):
            os.dup2(os.open(file, how), number)
        with store.write(Path(root), StoreSettings.model_validate_json(settings)) as writer:
            print("writing", flush=True)
            sys.stdin.readline()
            writer.publish()
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()  # until then its number isn't given to another
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass
class Writer:
    """A process that writes somewhere, and on a line of input publishes and ends."""

    pid: int
    wait: Callable[[], int]
    """Waits for it to end; its code. Asked once: then its number may be another's."""
    given: TextIO
    told: TextIO
    code: int | None = None

    def publish(self) -> tuple[int, str]:
        """Let it publish; how it ended, and what it said of that."""
        self.given.write("\n")
        self.given.flush()
        said = self.told.read()
        self.code = self.wait()
        return self.code, said

    def kill(self) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.code = self.wait()


Writing = Callable[[Path, StoreSettings], AbstractContextManager[Writer]]


@pytest.fixture(scope="module")
def processes() -> Iterator["subprocess.Popen[str]"]:
    """One that forks writers."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS],
        cwd=PROJECT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as forking:
        yield forking
        assert forking.stdin
        forking.stdin.close()


@pytest.fixture
def writing(processes: "subprocess.Popen[str]", tmp_path: Path, place: StoreSettings) -> Writing:
    """A writer that is killed in the end if it hasn't ended; of a test one at a time."""
    assert processes.stdin
    assert processes.stdout
    requests, answers = processes.stdin, processes.stdout

    def ask(request: str = "") -> int:
        requests.write(f"{request}\n")
        requests.flush()
        return int(answers.readline())

    @contextmanager
    def one(root: Path, settings: StoreSettings) -> Iterator[Writer]:
        root.mkdir(parents=True, exist_ok=True)
        files = [tmp_path / f"writer-{name}" for name in ("given", "says", "told")]
        for file in files:
            os.mkfifo(file)
        settled = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        pid = ask(json.dumps([settled, str(root), settings.model_dump_json(), *map(str, files)]))
        with files[0].open("w") as given, files[1].open() as says, files[2].open() as told:
            writer = Writer(pid, ask, given, told)
            try:
                assert says.readline() == "writing\n", told.read()
                yield writer
            finally:
                writer.kill()
        for file in files:
            file.unlink()

    return one


def sources(root: Path, place: StoreSettings) -> set[str]:
    with store.read(root, place) as reader:
        return set(reader.ledger()["name"])


def add_once_free(root: Path, place: StoreSettings) -> None:
    """Add b as soon as another's claim has ended."""
    deadline = time.monotonic() + 60
    while True:
        try:
            add(root, place, "b")
            return
        except StoreBusyError:
            assert time.monotonic() < deadline, "the claim never ended"
            time.sleep(0.2)


def test_a_second_writer_is_refused_until_the_first_has_ended(
    place: StoreSettings, tmp_path: Path, writing: Writing
) -> None:
    with writing(tmp_path / "one", place) as process:
        with pytest.raises(StoreBusyError) as refused:
            add(tmp_path / "other", place, "b")
        assert re.search(rf"writing to .*: process {process.pid} on \w", str(refused.value))
        assert "wait for it to end" in refused.value.hint
        assert process.publish() == (0, "")
    add(tmp_path / "other", place, "b")  # at once
    assert sources(tmp_path / "reader", place) == {"b.csv"}


@s3_first
def test_a_command_says_who_writes_and_what_to_do(
    place: StoreSettings,
    tmp_path: Path,
    selat: Callable[..., Any],
    writing: Writing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("url", "endpoint", "region"):
        monkeypatch.setenv(f"SELAT_STORE__{name.upper()}", getattr(place, name))
    add(tmp_path / "one" / "store", place, "a")
    with writing(tmp_path / "one" / "store", place) as process:
        ran = selat("store", "compact", "--home", tmp_path / "other")
        assert ran.code == 5
        assert f"process {process.pid} on" in ran.err
        assert "wait for it to end" in ran.err
        assert selat("store", "check", "--home", tmp_path / "other").code == 0  # readers go on
        process.publish()
    assert selat("store", "compact", "--home", tmp_path / "other").code == 0


@s3_first
def test_the_claim_of_a_writer_that_died_ends(
    place: StoreSettings, tmp_path: Path, writing: Writing
) -> None:
    short = place.model_copy(update={"lease_s": 6.0})
    with writing(tmp_path / "one", short) as process:
        process.kill()
    if place.url.startswith("s3:"):
        with pytest.raises(StoreBusyError) as refused:
            add(tmp_path / "other", short, "b")
        assert re.search(r"its claim ends within \d+ s", refused.value.hint)
    add_once_free(tmp_path / "other", short)
    assert sources(tmp_path / "reader", place) == {"b.csv"}


@s3_first
def test_a_machine_whose_writer_died_goes_on_at_once(
    place: StoreSettings, tmp_path: Path, writing: Writing
) -> None:
    with writing(tmp_path / "one", place) as process:
        process.kill()
    add(tmp_path / "one", place, "a")
    assert sources(tmp_path / "reader", place) == {"a.csv"}


@s3_only
def test_a_writer_that_comes_back_to_life_undoes_nothing(
    place: StoreSettings, tmp_path: Path, writing: Writing
) -> None:
    short = place.model_copy(update={"lease_s": 3.0})
    add(tmp_path / "one", short, "a")
    with writing(tmp_path / "one", short) as process:
        os.kill(process.pid, signal.SIGSTOP)  # as a machine that sleeps, or has lost its network
        add_once_free(tmp_path / "other", short)
        os.kill(process.pid, signal.SIGCONT)
        code, said = process.publish()
        assert code == 1
        assert "another machine has taken over writing" in said
    assert sources(tmp_path / "reader", place) == {"a.csv", "b.csv"}
    assert check(tmp_path / "reader", place) == []
    add(tmp_path / "one", short, "c")
    assert sources(tmp_path / "reader", place) == {"a.csv", "b.csv", "c.csv"}


@s3_only
def test_a_claim_is_renewed_while_its_writer_lives(
    place: StoreSettings, tmp_path: Path, writing: Writing
) -> None:
    short = place.model_copy(update={"lease_s": 3.0})
    with writing(tmp_path / "one", short) as process:
        time.sleep(1.6 * short.lease_s)
        with pytest.raises(StoreBusyError):
            add(tmp_path / "other", short, "b")
        assert process.publish() == (0, "")


@s3_only
def test_a_storage_that_compares_nothing_is_refused(
    place: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(self: Latest, content: dict[str, Any], etag: str | None) -> str:
        seen = Latest.read(self)
        return exchange(self, content, seen.etag if seen else None)

    exchange = Latest.exchange
    with monkeypatch.context() as patch:
        patch.setattr(Latest, "exchange", careless)
        with pytest.raises(StoreError, match="knows no conditional writes"):
            add(tmp_path / "one", place, "a")
    add(tmp_path / "other", place, "b")  # nothing is left of it
    assert sources(tmp_path / "reader", place) == {"b.csv"}


@s3_only
def test_a_storage_that_says_so_is_refused(place: StoreSettings) -> None:
    def put(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")

    latest = Latest(place, place.region)
    latest._client.put_object = put
    with pytest.raises(StoreError, match="knows no conditional writes"):
        latest.exchange({}, None)


@s3_only
@pytest.mark.parametrize("tried_again", [True, False])
def test_a_write_whose_answer_was_lost_counts(
    place: StoreSettings, tmp_path: Path, tried_again: bool
) -> None:
    (tmp_path / "writer.lock").touch()
    latest = Latest(place, place.region)
    claim = Claim(latest, tmp_path, place)

    def put_and_lose_the_answer(**request: Any) -> Any:
        put(**request)
        if tried_again:  # by botocore, since the first answer didn't come
            return put(**request)
        raise EndpointConnectionError(endpoint_url=place.endpoint)

    put = latest._client.put_object
    with claim.held():
        latest._client.put_object = put_and_lose_the_answer
        with nullcontext() if tried_again else pytest.raises(StoreError, match="can't be used"):
            claim.publish({"catalogue": "one", "sha256": ""})
        latest._client.put_object = put
        assert latest.read().content["catalogue"] == "one"  # type: ignore[union-attr]
        claim.publish({"catalogue": "two", "sha256": ""})
    seen = latest.read()
    assert seen is not None
    assert seen.content == {"catalogue": "two", "sha256": "", "writer": None}


@s3_only
def test_no_key_is_told_by_who_writes(place: StoreSettings, tmp_path: Path) -> None:
    gone = place.model_copy(update={"endpoint": "http://127.0.0.1:1"})
    with pytest.raises(StoreError, match="can't be used") as refused:
        add(tmp_path / "one", gone, "a")
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in str(refused.value)
