"""The desk of a simulated night, without and with a server, and a reader that has been let in."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from pipelines.ask.look import look
from pipelines.base.settings import load
from pipelines.web.app import Desk, application
from pipelines.web.doors import Doors
from pipelines.web.serving import listening, server_of
from pipelines.web.sessions import Keys
from tests.conftest import own_copy

HERE = "http://127.0.0.1:8765"
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "rect", "circle"}


class Reader:
    """A browser that was let in, without the browser."""

    def __init__(self, desk: Desk) -> None:
        self.keys = Keys()
        self.doors = Doors(application(desk, lambda: f"{HERE}/?token=another"), self.keys, 8765)
        self.client = TestClient(self.doors, HERE, raise_server_exceptions=False)
        assert self.client.get(f"/?token={self.keys.token()}").status_code == 200

    def page(self, address: str, status: int = 200) -> "Page":
        """A page, read."""
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text[:2000]
        return Page(answer.text)

    def send(self, address: str, status: int = 303, **form: str) -> "Page":
        """Send a form as its page would."""
        session = self.keys.session(self.client.cookies["desk-8765"])
        assert session is not None
        answer = self.client.post(
            address,
            data={"csrf": session.csrf, **form},
            headers={"origin": HERE},
            follow_redirects=False,
        )
        assert answer.status_code == status, answer.text[:2000]
        return Page(answer.text)


class Page(HTMLParser):
    """What a page's HTML holds: its elements with their attributes and texts, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(html)
        assert not self._open, [name for name, *_ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = (tag, {name: value or "" for name, value in attrs}, [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        name, *_ = self._open.pop()
        assert name == tag

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def all(self, tag: str, **having: str) -> list[tuple[dict[str, str], str]]:
        """Attributes and text of elements."""
        return [
            (about, " ".join("".join(texts).split()))
            for name, about, texts in self.elements
            if name == tag and all(about.get(k) == v for k, v in having.items())
        ]

    @property
    def text(self) -> str:
        """All that is read, data for scripts aside."""
        [(_, text)] = self.all("body")
        data = self.all("script", id="data")
        return text.replace(data[0][1], "") if data else text

    def lines(self) -> list[str]:
        """Ids of the incidents on a list."""
        links = [about["href"] for about, _ in self.all("a") if about.get("class") == "title"]
        return [link.split("/")[-1].split("?")[0] for link in links]


@pytest.fixture(scope="module")
def desk_home(exercise_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own for each module, since people conclude things here."""

    def make(home: Path) -> None:
        shutil.copytree(exercise_home, home, symlinks=True, dirs_exist_ok=True)
        look(load(home), datetime.now(UTC), afresh=True)  # is examined once

    return own_copy(tmp_path_factory, "desk-home", make)


@pytest.fixture(scope="module")
def reader(desk_home: Path) -> Reader:
    """A reader of that night."""
    return Reader(Desk(load(desk_home), "Lt Aminah"))


def ask(home: Path, statement: str) -> None:
    """Change the catalogue of a home behind the back of its desk."""
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as connection:
        connection.execute(statement)


@contextmanager
def served(desk: Desk) -> Iterator[Callable[[], str]]:
    """A desk's server; gives a new address each time it is asked."""
    sock = listening("127.0.0.1", 0)
    port = sock.getsockname()[1]
    keys = Keys()

    def address() -> str:
        return f"http://127.0.0.1:{port}/?token={keys.token()}"

    server = server_of(Doors(application(desk, address), keys, port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(20)
