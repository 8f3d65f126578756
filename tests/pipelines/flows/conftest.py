"""The service in a process of its own, and receivers on loopback: a webhook and a mail server."""

import base64
import http.server
import json
import os
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Address and what came."""
    came: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", came
        server.shutdown()


@pytest.fixture
def mail() -> Iterator[tuple[int, list[str]]]:
    """Port and the messages that came."""
    came: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            def say(text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

            say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    say("354 go on")
                    text = []
                    while (part := self.rfile.readline().decode()) != ".\r\n":
                        text.append(part)
                    came.append("".join(text))
                    say("250 taken")
                elif word == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 here" if word == "EHLO" else "250 yes")

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], came
        server.shutdown()


@pytest.fixture
def clean_environment() -> dict[str, str]:
    taken = ("PREFECT_", "SELAT_")
    return {k: v for k, v in os.environ.items() if not k.startswith(taken)}


class Serving:
    """`selat serve` in a process of its own."""

    def __init__(self, home: Path, feed: Path, log: Path, environment: dict[str, str]) -> None:
        command = [
            sys.executable,
            "-m",
            "pipelines.cli.main",
            "serve",
            "--home",
            home,
            "--feed",
            feed,
        ]
        self.home, self._log = home, log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                list(map(str, command)), env=environment, stdout=out, stderr=out
            )

    def stop(self) -> None:
        """As an operator does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(90)

    def wait_for(self, what: Callable[[], Any], seconds: float = 600) -> Any:
        """Until it is so, or the service ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := what():
                return found
            assert self.process.poll() is None, self._log.read_text()
            time.sleep(0.5)  # each look may be a request, which costs more than what it waits for
        raise AssertionError(self._log.read_text())

    def pages(self) -> str:
        found = re.findall(r"Prefect's pages: (\S+)", self._log.read_text())
        return str(found[-1]) if found else ""

    def said(self) -> str:
        return self._log.read_text()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def night(self) -> list[psutil.Process]:
        """The process of a night, if one is going on."""
        found = []
        for process in self.family():
            with suppress(psutil.Error):
                if "pipelines.flows.night" in process.cmdline():
                    found.append(process)
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Prefect's runs: flow, state, message."""
        return list(self.ask("/flow_runs/filter", {}))

    def start_a_run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have a run begin now, as whoever knows the password can on Prefect's pages."""
        self.wait_for(self.pages)
        [deployment] = self.wait_for(lambda: self.ask("/deployments/filter", {}))
        return dict(self.ask(f"/deployments/{deployment['id']}/create_flow_run", body))

    def ask(self, path: str, body: dict[str, Any], method: str = "POST") -> Any:
        """What the server says to somebody who knows the password, as JSON."""
        with self._opened("/csrf-token?client=test", None, "GET", {}) as answer:
            token = json.load(answer)["token"]
        headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "test"}
        with self._opened(path, body, method, headers) as answer:
            said = answer.read()
        return json.loads(said) if said else None

    def refusal(self, path: str, body: dict[str, Any]) -> int:
        """The status with which it refuses somebody who knows the password and has no token."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self._opened(path, body, "POST", {})
        with refused.value as answer:
            return int(answer.code)

    def _opened(
        self, path: str, body: dict[str, Any] | None, method: str, headers: dict[str, str]
    ) -> Any:
        auth = base64.b64encode((self.home / "prefect" / "password").read_bytes().strip())
        given = {"Authorization": f"Basic {auth.decode()}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.pages()}/api{path}"
        asked = urllib.request.Request(url, data, given | headers, method=method)
        for _ in range(5):
            with while_busy():
                return urllib.request.urlopen(asked, timeout=30)
        return urllib.request.urlopen(asked, timeout=30)


@contextmanager
def while_busy() -> Iterator[None]:
    """Let a 503 pass: so says a server whose database another process writes to just then, and
    Prefect's own client asks again (`PREFECT_CLIENT_MAX_RETRIES`, five times).
    """
    try:
        yield
    except urllib.error.HTTPError as refused:
        if refused.code != 503:
            raise
        refused.close()
        time.sleep(1)


@pytest.fixture
def serving(
    tmp_path: Path, clean_environment: dict[str, str]
) -> Callable[..., AbstractContextManager[Serving]]:
    """Start `selat serve` on a home and a feed, due every minute, with further settings."""

    @contextmanager
    def start(home: Path, feed: Path, **settings: str) -> Iterator[Serving]:
        environment = clean_environment | {
            "SELAT_SCHEDULE__CRON": "* * * * *",
            "SELAT_SERVICE__PORT": "0",
            **settings,
        }
        one = Serving(home, feed, tmp_path / "serve.log", environment)
        try:
            yield one
        finally:
            one.process.terminate()  # whatever failed, it ends what it started
            one.process.wait(90)

    return start
