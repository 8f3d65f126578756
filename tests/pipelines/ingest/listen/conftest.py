"""Senders, recordings and an independent reader of what was recorded."""

import contextlib
import functools
import io
import operator
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import zstandard

from pipelines.ingest.listen import Backoff, Status, Summary, listen

_ARMOUR = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
PATIENCE_S = 20.0


def sentence(number: int) -> bytes:
    """A right AIVDM sentence of type 1, another one for each number; of 5,000 vessels."""
    mmsi = 525_000_000 + number % 5000
    # An odd factor spreads the numbers, and keeps them apart.
    spread = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**126
    bits = f"{1:06b}{0:02b}{mmsi:030b}{0:04b}{spread:0126b}"
    payload = "".join(_ARMOUR[int(bits[n : n + 6], 2)] for n in range(0, 168, 6))
    body = f"AIVDM,1,1,,A,{payload},0".encode()
    return b"!%s*%02X" % (body, functools.reduce(operator.xor, body))


def _read_file(path: Path) -> list[bytes]:
    reader = zstandard.ZstdDecompressor().stream_reader(
        io.BytesIO(path.read_bytes()), read_across_frames=True
    )
    text = reader.read()
    assert text.endswith(b"\n")
    return text.split(b"\n")[:-1]


def read_back(folder: Path) -> list[bytes]:
    """All lines of the finished files of a folder, in the order of their names."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [line for path in paths for line in _read_file(path)]


def bare(lines: Sequence[bytes]) -> list[bytes]:
    """Sentences without the tag blocks before them."""
    return [line[line.rfind(b"\\") + 1 :] for line in lines]


def wait_for(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE_S:g} s for {what}"
        time.sleep(0.01)


class Recording:
    """`listen` in a thread."""

    def __init__(self, source: str, folder: Path, **options: Any) -> None:
        self.stop = threading.Event()
        self.statuses: list[Status] = []
        self.notices: list[str] = []
        self.error: BaseException | None = None
        self.summary: Summary | None = None
        self._options = {
            "backoff": Backoff(first_s=0.02, most_s=0.1),
            "on_status": self.statuses.append,
            "on_notice": self.notices.append,
            "stop": self.stop,
            **options,
        }
        self._thread = threading.Thread(target=self._run, args=(source, folder))

    def _run(self, source: str, folder: Path) -> None:
        try:
            self.summary = listen(source, folder, **self._options)
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join(PATIENCE_S)

    def has_recorded(self, lines: int) -> bool:
        assert self.error is None
        return bool(self.statuses) and self.statuses[-1].counts.lines >= lines

    def said(self, text: str) -> str | None:
        """The first notice with that text in it."""
        return next((notice for notice in self.notices if text in notice), None)

    def result(self) -> Summary:
        if self.error is not None:
            raise self.error
        assert self.summary is not None
        return self.summary


class Server:
    """A TCP server on the loopback address: calls `serve` with each connection, in turn.

    A connection ends with `serve`, which may wait for `hold`, set when the server ends.
    """

    def __init__(
        self, serve: Callable[[socket.socket, int], None], hold: threading.Event | None = None
    ) -> None:
        self._hold = hold
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._serve = serve
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        number = 0
        while not self._done.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection, contextlib.suppress(ConnectionError):
                connection.settimeout(PATIENCE_S)
                self._serve(connection, number)
            number += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._hold is not None:
            self._hold.set()
        self._thread.join(PATIENCE_S)
        self._listener.close()


@pytest.fixture
def hold() -> threading.Event:
    """For connections that stay open until their server ends."""
    return threading.Event()


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statuses come twenty times a second, so that a test needn't wait for them."""
    monkeypatch.setattr("pipelines.ingest.listen.session._STATUS_S", 0.05)
