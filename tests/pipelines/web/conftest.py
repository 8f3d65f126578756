"""The desk of a simulated night, without and with a server, and a reader that has been let in."""

import gc
import json
import re
import shutil
import socket
import threading
import time
import urllib.request
import warnings
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
import uvicorn
from markupsafe import Markup
from starlette.testclient import TestClient

from pipelines import store
from pipelines.ask import desk as notebooks
from pipelines.ask.look import look
from pipelines.base.marks import Tlp
from pipelines.base.progress import reporter
from pipelines.base.settings import PROJECT, Installation, load
from pipelines.exercise import simulate
from pipelines.reference import learned
from pipelines.reference.layers import load_gazetteer
from pipelines.reference.place import Place
from pipelines.run import dispositions
from pipelines.run.cleared import prepare
from pipelines.run.feeds import ingest_only
from pipelines.run.runs import detect_only
from pipelines.run.setup import load_zones
from pipelines.run.windows import utc
from pipelines.web import accounts, tls, tonight
from pipelines.web.accounts import Accounts
from pipelines.web.app import Desk, application
from pipelines.web.charts import Charts, Drawn
from pipelines.web.clearances import Desks
from pipelines.web.doors import Doors
from pipelines.web.gate import Gate
from pipelines.web.night import Nights, Shown
from pipelines.web.serving import _nothing, gate_of, listening, server_of
from pipelines.web.sessions import Keys
from pipelines.web.tries import Tries
from tests.conftest import leaving_out_briefs, made_once, own_copy
from tests.pipelines.publish import conftest as publishing
from tests.pipelines.publish.packs.conftest import configured

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
            data={"csrf": session.csrf, **seen_on(self.client, address), **form},
            headers={"origin": HERE},
            follow_redirects=False,
        )
        assert answer.status_code == status, answer.text[:2000]
        return Page(answer.text)


def seen_on(client: TestClient, address: str) -> dict[str, str]:
    """What the page of an incident says that it shows, which its form brings; else nothing."""
    if not re.fullmatch(r"/incident/[0-9a-f]{16}(\?.*)?", address):
        return {}
    return dict(re.findall(r'name="(seen)" value="(\w+)"', client.get(address).text))


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


def examined(made: Path, name: str, factory: pytest.TempPathFactory) -> Path:
    """Return this worker's copy of a home that was examined once."""

    def make(home: Path) -> None:
        shutil.copytree(made, home, symlinks=True, dirs_exist_ok=True)
        look(load(home), datetime.now(UTC), afresh=True)

    return own_copy(factory, name, make)


@pytest.fixture(scope="session")
def desk_home(exercise_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home to be read; who changes one does so in `own_home`."""
    return examined(exercise_home, "desk-home", tmp_path_factory)


@pytest.fixture(scope="session")
def reader(desk_home: Path) -> Reader:
    """A reader of that night, who concludes nothing, and goes back to English."""
    return Reader(Desk(load(desk_home), "Lt Aminah"))


@pytest.fixture(scope="session")
def night(desk_home: Path) -> notebooks.Night:
    """The same night as notebooks have it."""
    return notebooks.night(desk_home)


@pytest.fixture(scope="session")
def table(night: notebooks.Night) -> pd.DataFrame:
    """Its incidents."""
    return pd.DataFrame(night.opened.incidents)


@pytest.fixture(scope="session")
def shown(desk_home: Path) -> Shown:
    """The night as the desk has it open, to be read."""
    return Nights(load(desk_home)).shown("", "en")


@pytest.fixture
def own_home(desk_home: Path, tmp_path: Path) -> Path:
    """A home of one test that changes it, as tests may run in any order."""
    return Path(shutil.copytree(desk_home, tmp_path / "home", symlinks=True))


@contextmanager
def drawing_no_maps() -> Iterator[None]:
    """No map is drawn of incidents, half of what a home's first page costs, where nobody looks."""
    nothing = Drawn(Markup("{}"), ())
    with pytest.MonkeyPatch.context() as patch:
        for name in ("night", "incident"):
            patch.setattr(Charts, name, lambda *_: nothing)
        yield


@pytest.fixture
def without_maps() -> Iterator[None]:
    """`drawing_no_maps` for a test."""
    with drawing_no_maps():
        yield


@pytest.fixture
def own_reader(own_home: Path) -> Iterator[Reader]:
    """A reader of that home, whose conclusions nobody else reads; `reader` has the maps."""
    with drawing_no_maps():
        yield Reader(Desk(load(own_home), "Lt Aminah"))


def recorded(home: Path) -> pd.DataFrame:
    """Return what was concluded in a home."""
    with store.read(home / "store") as reader:
        return reader.dispositions()


@pytest.fixture
def own_nights(own_home: Path) -> Nights:
    """What a desk keeps open of that home: what was concluded meanwhile is read again."""
    return Nights(load(own_home))


def first_of(nights: Nights) -> tuple[tonight.First, ...]:
    """Return the cards of the newest night."""
    return tonight.tonight(nights.shown("", "en"), tonight.Asked(), None, ()).first


def ask(home: Path, statement: str) -> None:
    """Change the catalogue of a home behind the back of its desk."""
    with duckdb.connect(str(home / "store" / "catalogue.duckdb")) as connection:
        connection.execute(statement)


def few(home: Path, n: int) -> None:
    """Leave the first so many incidents on its list: to conclude one takes half a second."""
    ask(home, f"UPDATE incidents SET rank = 0 WHERE rank > {n}")


def conclude(home: Path, incident_id: str, conclusion: str = "cleared", **more: Any) -> None:
    """Record what somebody concludes as the desk does, where its pages aren't the point."""
    said = {"author": "Lt Aminah", "reason": "nets", "quiet_within_m": 0.0, **more}
    dispositions.record(load(home), incident_id, conclusion=conclusion, **said)


ONE_SITE = (
    "--in-process-gpu --process-per-site --renderer-process-limit=1 --disable-extensions "
    "--disable-site-isolation-trials "
    "--disable-features=SpareRendererForSitePerProcess,IsolateOrigins,site-per-process"
)
"""No new process for each page that is opened: a third of what opening one costs."""


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[publishing.Page]:
    """Return a browser for the desk's own pages."""
    yield from publishing.browser(tmp_path_factory, ONE_SITE)


@contextmanager
def served(desk: Desk, at: int = 0) -> Iterator[Callable[[], str]]:
    """A desk's server, at a port; gives a new address each time it is asked."""
    sock = listening("127.0.0.1", at)
    port = sock.getsockname()[1]
    keys = Keys()

    def address() -> str:
        return f"http://127.0.0.1:{port}/?token={keys.token()}"

    with _running(server_of(Doors(application(desk, address), keys, port)), sock):
        yield address


@contextmanager
def _running(server: uvicorn.Server, sock: socket.socket) -> Iterator[None]:
    """Run a server in a thread for the length of a with block.

    The connections that a browser still had are let go of at its end, and not in a later test.
    """
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
        del server, thread
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(scope="session")
def address(desk_home: Path) -> Iterator[Callable[[], str]]:
    """A desk's server, as `served`."""
    with served(Desk(load(desk_home), "Lt Aminah")) as given:
        yield given


@pytest.fixture(scope="session")
def desk(address: Callable[[], str], page: publishing.Page) -> str:
    """A browser that has been let in; gives where the desk is."""
    return let_in(page, address())


@pytest.fixture
def own_desk(own_home: Path, page: publishing.Page) -> Iterator[str]:
    """The same at a desk of one test, which changes its home."""
    with served(Desk(load(own_home), "Lt Aminah")) as given:
        yield let_in(page, given())


def let_in(page: publishing.Page, first: str) -> str:
    """Let a browser in by the cookie that a new address is exchanged for; returns where it is.

    `test_the_token_is_left_behind` opens the address itself, which draws a page.
    """
    desk = first.split("/?", maxsplit=1)[0]
    with urllib.request.urlopen(first, timeout=60) as answer:
        name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    page.call("Network.setCookie", name=name, value=value, url=desk, httpOnly=True)
    return desk


def leads(home: Path) -> list[str]:
    """Return the addresses of its night's incidents in rank order, without drawing a page."""
    with store.read(home / "store") as reader:
        run = reader.last_run()
        assert run is not None
        table = reader.incidents(run["run_id"])
    ranked = table[table["rank"] > 0].sort_values("rank")
    return [f"/incident/{one}" for one in ranked["incident_id"]]


def one_of_each(home: Path) -> list[str]:
    """Return the addresses of the first incident, of an event of it and of a vessel in it."""
    with store.read(home / "store") as reader:
        [row] = reader.sql("SELECT * FROM incidents WHERE rank = 1").to_dict("records")
    event, mmsi = str(row["events"]).partition(";")[0], str(row["vessels"])[:9]
    return [f"/incident/{row['incident_id']}", f"/event/{event}", f"/vessel/{mmsi}"]


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
            for thread in threading.enumerate():
                if thread.name.endswith(" (_run)"):  # `working` is at it: a look costs, too
                    thread.join(60)
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
            data={"csrf": self.word, **seen_on(self.reader.client, address), **form},
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


@pytest.fixture(scope="session")
def made_own(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small night and a configuration, to be copied."""

    def make(folder: Path) -> None:
        home = Path(shutil.copytree(small_home, folder / "home", symlinks=True))
        shutil.copytree(PROJECT / "config", folder / "config")
        (folder / "config" / "recipients.yaml").write_text(RECIPIENTS)
        with store.read(home / "store") as opened:
            found = "SELECT lat, lon FROM events WHERE kind = 'encounter' ORDER BY score DESC"
            events = opened.sql(found)
            (folder / "about.json").write_text(json.dumps(area_in_the_way(opened)))
        learn(home, place_around(events.iloc[0]))

    return made_once(tmp_path_factory, "made-own", make)


@pytest.fixture
def own(made_own: Path, tmp_path: Path) -> Own:
    """A desk for one test to draw, decide and make packs at."""
    return own_of(made_own, tmp_path)


@pytest.fixture(scope="module")
def refusing(made_own: Path, tmp_path_factory: pytest.TempPathFactory) -> Own:
    """A desk for tests that leave nothing behind: what they send is refused, or taken back."""
    return own_of(made_own, tmp_path_factory.mktemp("refusing"))


def own_of(made_own: Path, beside: Path) -> Own:
    folder = Path(shutil.copytree(made_own, beside / "own-desk", symlinks=True))
    home, config = folder / "home", folder / "config"
    about = json.loads((folder / "about.json").read_text())
    return Own(home, config, Reader(Desk(load(home, config), "Lt Aminah")), about)


# ---- accounts: a home of which not everybody may see everything

AWAY = "https://desk.example:8443"
COOKIE = "__Host-desk-8443"
PASSWORDS = {
    "Lt Aminah": "seven boats off Lumut",  # may see everything that is marked
    "Guest": "one ferry to Langkawi",  # may not
    "Chief": "nobody else is awake",  # everything, and change what belongs to all
}


def sails(folder: Path, small: Path, *feeds: str) -> Installation:
    """A home with some feeds, their marks and accounts; a feed that is called so is secret.

    `small`: the small exercise's folder, which is the open one.
    """
    installation = load(folder / "home", configured(folder, "{}", 50))
    zones = load_zones(installation)
    start = utc("2026-01-05T16:00:00Z").to_pydatetime()
    made = {"open": small, "secret": folder / "secret"}
    if "secret" in feeds:
        simulate(made["secret"], seed=12, hours=4, vessels=20, start=start, zones=zones)
    paths, seen = (
        [str(shutil.copy(made[feed] / name, folder / f"{feed}{end}")) for feed in feeds]
        for name, end in (("feed.nmea.gz", ".nmea.gz"), ("sightings.csv", ".csv"))
    )
    with leaving_out_briefs(), reporter(quiet=True) as report:
        ingest_only(installation, zones, paths, area=None, mapping=None, report=report)
        if "secret" in feeds:
            _list_all(installation)
        detect_only(installation, None, None, None, report, seen)
        _sign_up(installation)
        for one in Accounts(installation.home).all():
            prepare(installation, one.may, report)
    return installation


def _list_all(installation: Installation) -> None:
    """A secret watch-list of every third vessel heard."""
    with store.read(installation.store) as reader:
        heard = reader.sql("SELECT DISTINCT mmsi FROM presence ORDER BY mmsi")["mmsi"]
    installation.watchlists.mkdir(exist_ok=True)
    heard[::3].to_csv(installation.watchlists / "secret.csv", index=False)
    about = "title: National list\nsource: a test\nlicence: CC0-1.0\n"
    (installation.watchlists / "secret.yaml").write_text(about)


def _sign_up(installation: Installation) -> None:
    with cheap():
        known = Accounts(installation.home)
        known.add("Lt Aminah", PASSWORDS["Lt Aminah"], Tlp.AMBER, ("MYS",))
        known.add("Guest", PASSWORDS["Guest"], Tlp.GREEN)
        known.add("Chief", PASSWORDS["Chief"], "ALL", admin=True)


@contextmanager
def cheap() -> Iterator[None]:
    """Passwords that cost next to nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "COST", 1)
        yield


@pytest.fixture(scope="session")
def marked(small_feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An open feed and a secret one, for every test to read."""

    def make(folder: Path) -> None:
        sails(folder, small_feed.parent, "open", "secret")

    folder = made_once(tmp_path_factory, "marked", make)
    return load(folder / "home", folder / "config")


@pytest.fixture(scope="session")
def unmarked(small_feed: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The same, to which the secret feed never came."""

    def make(folder: Path) -> None:
        sails(folder, small_feed.parent, "open")

    folder = made_once(tmp_path_factory, "unmarked", make)
    return load(folder / "home", folder / "config")


@pytest.fixture
def own_marked(marked: Installation, tmp_path: Path) -> Installation:
    """A copy of that home for one test, to be changed."""
    own = Path(shutil.copytree(marked.home.parent, tmp_path / "own-marked", symlinks=True))
    return load(own / "home", own / "config")


class Watch:
    """The desk of a home on the network, without the network."""

    def __init__(self, installation: Installation, language: str = "en") -> None:
        self.now = 1000.0
        self.said: list[str] = []
        with cheap():
            known = Accounts(installation.home)
        self.gate = Gate(
            known,
            Keys(lambda: self.now),
            Desks(Desk(installation)),
            frozenset({b"desk.example:8443"}),
            COOKIE,
            language,
            self.said.append,
            Tries(lambda: self.now),
        )
        self.doors = Doors(_nothing, self.gate.keys, 8443, gate=self.gate)

    def browser(self, address: str = "192.0.2.9") -> TestClient:
        """One that nobody has signed in with."""
        where = (address, 50_000)
        return TestClient(
            self.doors, AWAY, raise_server_exceptions=False, client=where, follow_redirects=False
        )

    def sign_in(self, client: TestClient, name: str, password: str, **more: str) -> Any:
        """Send the form of the page to sign in."""
        about = Page(client.get("/login").text)
        hidden = {one["name"]: one["value"] for one, _ in about.all("input", type="hidden")}
        form = {**hidden, "name": name, "password": password, **more}
        return client.post("/login", data=form, headers={"origin": AWAY})

    def signed_in(self, name: str) -> "Signed":
        """A browser that an account has signed in with."""
        client = self.browser()
        answer = self.sign_in(client, name, PASSWORDS[name])
        assert answer.status_code == 303, answer.text
        return Signed(self, client)


class Signed:
    """A browser in which somebody is signed in."""

    def __init__(self, watch: Watch, client: TestClient) -> None:
        self.watch, self.client = watch, client

    @property
    def csrf(self) -> str:
        session = self.watch.gate.keys.session(self.client.cookies[COOKIE])
        assert session is not None
        return session.csrf

    def page(self, address: str, status: int = 200) -> Page:
        """A page, read."""
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text[:2000]
        return Page(answer.text)

    def send(self, address: str, **form: str) -> Any:
        """Send a form as its page would."""
        data = {"csrf": self.csrf, **seen_on(self.client, address), **form}
        return self.client.post(address, data=data, headers={"origin": AWAY})


@contextmanager
def served_tls(
    installation: Installation, certified: tuple[Path, Path]
) -> Iterator[tuple[int, Gate]]:
    """The server of a desk on the network; gives its port, and who signs in there."""
    with listening("127.0.0.1", 0, network=True) as sock:
        port = int(sock.getsockname()[1])
        gate = gate_of(Desk(installation), sock, ("desk.example",), lambda _: None)
        doors = Doors(_nothing, gate.keys, port, gate=gate)
        with _running(server_of(doors, tls.context(*certified)), sock):
            yield port, gate
