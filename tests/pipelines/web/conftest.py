"""The desk of a simulated night, without and with a server, and a reader that has been let in."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import shapely
from starlette.testclient import TestClient

from pipelines import store
from pipelines.ask.look import look
from pipelines.base.settings import PROJECT, load
from pipelines.reference import learned
from pipelines.reference.layers import load_gazetteer
from pipelines.reference.place import Place
from pipelines.web.app import Desk, application
from pipelines.web.doors import Doors, Keys
from pipelines.web.serving import listening, server_of
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


RECIPIENTS = """
partner: {title: "Partner <b>", holds: [MYS], max_tlp: AMBER, formats: [csv]}
"""


@dataclass
class Own:
    """A desk on a small night with a configuration of its own, that a test may write to."""

    home: Path
    config: Path
    reader: Reader
    about: dict[str, str]

    @property
    def areas(self) -> Path:
        """Where its watch areas lie."""
        return self.config / "zones" / "watch_areas"

    def done(self, address: str) -> Page:
        """The page that an address leads to when what it waits for is done."""
        for _ in range(600):
            answer = self.reader.client.get(address)
            assert answer.status_code == 200, answer.text[:2000]
            page = Page(answer.text)
            if not page.all("div", id="work"):
                return page
            time.sleep(0.1)
        raise TimeoutError(address)

    def sent(self, address: str, **form: str) -> str:
        """Where a form leads to that is taken."""
        answer = self.post(address, **form)
        assert answer.status_code == 303, answer.text[:2000]
        return str(answer.headers["location"])

    def post(self, address: str, **form: str) -> Any:
        """The answer to a form, sent as its page would."""
        return self.reader.client.post(
            address,
            data={"csrf": self.word, **form},
            headers={"origin": HERE},
            follow_redirects=False,
        )

    @property
    def word(self) -> str:
        """The word that its forms bring."""
        session = self.reader.keys.session(self.reader.client.cookies["desk-8765"])
        assert session is not None
        return session.csrf


def area_in_the_way(opened: store.Queries) -> dict[str, str]:
    """A watch area, as it is typed, that a vessel sails into."""
    run = opened.runs().iloc[-1]
    mmsis = opened.vessels(run["end"])["mmsi"].tolist()
    tracks = opened.track_positions(mmsis, run["start"], run["end"])
    length = tracks.groupby("mmsi")["lon"].agg(lambda lon: lon.max() - lon.min())
    track = tracks[tracks["mmsi"] == length.idxmax()]
    lat, lon = track["lat"].iloc[len(track) // 2], track["lon"].iloc[len(track) // 2]
    half = min(length.max() / 6, 0.1)
    corners = [(lat + a * half, lon + b * half) for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
    text = "\n".join(f"{y:.4f} {x:.4f}" for y, x in corners)
    return {"name": "Off Klang", "corners": text, "when": "enter", "operator": "Lt Aminah"}


def place_around(event: Any, zone_class: str = "anchorage") -> Place:
    """A learned place in the middle of which an event lies."""
    outline = shapely.Point(event["lon"], event["lat"]).buffer(0.05)
    return Place(zone_class, outline, 0.7, 12, 30, 5, {"area_km2": 95.0})


def learn(home: Path, *places: Place) -> learned.Snapshot:
    """Write learned places into a home."""
    one = load(home)
    facts = {"since": "2026-01-05", "until": "2026-01-06", "simulated": True, "reports": 1}
    until = pd.Timestamp("2026-01-07T00:00Z")
    gazetteer = load_gazetteer(one.reference)
    return learned.write(one.learned, places, {**facts, "vessels": 80}, until, gazetteer)


@pytest.fixture(scope="module")
def own(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Own:
    """A desk to draw, decide and make packs at."""
    folder = tmp_path_factory.mktemp("own-desk")
    home = Path(shutil.copytree(small_home, folder / "home", symlinks=True))
    config = Path(shutil.copytree(PROJECT / "config", folder / "config"))
    (config / "recipients.yaml").write_text(RECIPIENTS)
    with store.read(home / "store") as opened:
        events = opened.sql("SELECT lat, lon FROM events WHERE kind = 'encounter' LIMIT 1")
        about = area_in_the_way(opened)
    learn(home, place_around(events.iloc[0]))
    return Own(home, config, Reader(Desk(load(home, config), "Lt Aminah")), about)
