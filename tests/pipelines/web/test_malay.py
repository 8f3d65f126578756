"""What stands on a Malay page as on the English one: names, numbers and users' own words."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest

from pipelines import store
from pipelines.base.failure import _KILLED, _UNSAID
from pipelines.base.labels import labels
from pipelines.base.schedule import LOOK, NIGHT
from pipelines.base.settings import load
from pipelines.base.spoken import spoken
from pipelines.publish.packs import recipients
from pipelines.reference.codes import load_mid
from pipelines.reference.layers import load_gazetteer
from pipelines.run.setup import load_zones
from pipelines.web import rooms
from pipelines.web.night import Nights
from pipelines.web.places import _called
from tests.pipelines.web.conftest import VOID, Reader, ask, few

BEGAN = "2026-01-07 02:05 MYT"
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-play", "data-pause")
PAGES = (
    *("/", "/places", "/area/new", "/zones/sungai-linggi-sts", "/zones/territorial-sea-mys"),
    *("/packs", "/plan", "/nights", "/health", "/find?q=star", "/find?q=zzzzqq", "/nowhere"),
    "/?q=nothing+is+called+so",
)
BOTH = {"SIM", "Status", "English", "Bahasa Melayu", "Space", "PgDn", "Esc", "Enter"}
"""Words that both languages have, names of languages and of keys."""
MAX_KINDS = 3
NEUTRAL = re.compile(
    r"[^a-z]*"  # capitals and digits: call signs, states, times in UTC
    r"|[\d.,]+ (?:min|min/s|kn|nm|km)"
    r"|[0-9a-f]{16}|\S+\.\w{2,8}|/\S+"  # ids, files and folders
    r"|.*\d MYT|\d\d \w{3} \d{4}"
    r"|MMSI \d+|SELATSIM-\w+|zzzzqq|star"
    r"|(?:anchoring|ais|transfer|entry): .*"  # a rule as its file has it
    r"|\S+, \w+\.(?:geojson|yaml)"
    r"|(?:(?:brief|pdf|csv|geoparquet|geojson|kmz|gpx|gpkg|rtz|tak|xlsx)(?:, )?)+"
    r"|.*[!$]AIVD.*"  # as received
)


class Texts(HTMLParser):
    """The texts of a page that are in the page's own language, those of attributes too."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        language = given.get("lang") or (self._open[-1][1] if self._open else "")
        if language != "en" or not self._open:
            self.found += [" ".join((given.get(name) or "").split()) for name in SPOKEN]
        if tag not in VOID:
            self._open.append((tag, language))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        tag, language = self._open[-1] if self._open else ("", "en")
        page = self._open[0][1] if self._open else ""
        if tag not in ("script", "style", "noscript") and language == page:
            self.found.append(" ".join(data.split()))


def pages(reader: Reader) -> Iterator[tuple[str, str]]:
    """Every kind of page; one incident of each behaviour, with an event and a vessel of it."""

    def html(path: str) -> str:
        return str(reader.client.get(path).text)

    yield from ((path, html(path)) for path in PAGES if path != "/")
    tonight = html("/")
    yield "/", tonight
    lines = tonight.split("<li data-rank=")[1:]
    kinds = {re.findall(r'href="#k-(\w+)"', line)[0]: line for line in reversed(lines)}
    for line in list(kinds.values())[:MAX_KINDS]:
        [incident, *_] = re.findall(r'href="(/incident/[0-9a-f]+)"', line)
        told = html(incident)
        yield incident, told
        for kind in (r"/event/[0-9a-f]+", r"/vessel/\d+"):
            for path in re.findall(f'href="({kind})"', told)[:1]:
                yield path, html(path)


@pytest.fixture(scope="module")
def names(desk_home: Path) -> set[str]:
    """What is called so in every language: vessels, places, what zones are drawn by."""
    one = load(desk_home)
    zones = load_zones(one).frame
    places = load_gazetteer(one.reference)
    with store.read(one.store) as opened:
        end = opened.runs()["end"].iloc[-1]
        vessels, known = opened.names(end)["value"], opened.vessels(end)
        sightings = opened.sql("SELECT * FROM sightings").select_dtypes("object").stack()
    said = {
        *vessels,
        *known["callsign"],
        *known["destination"],
        *sightings,
        *places._name,
        *(name for name in zones["name"] if labels("ms").zone(name) == name),
        *zones["source"],
    }
    said |= {each.title for each in recipients.load(one.config).values()}
    said |= {
        *load_mid(one.reference)["name"],
        *zones["licence_source"],
        "Lt Aminah",
    }
    return {" ".join(str(text).split()) for text in said} - {""}


@pytest.mark.parametrize(
    ("english", "malay"),
    [
        (
            "2 more events, 1 more vessel, it ended, score 0.88 to 0.74",
            "2 kejadian lagi, 1 vesel lagi, ia telah tamat, skor 0.88 kepada 0.74",
        ),
        ("split from incident 0c60b49d", "berpisah daripada insiden 0c60b49d"),
        (
            "feed feeds/klang.nmea.gz failed: is binary, not text",
            "suapan feeds/klang.nmea.gz gagal: ia binari, bukan teks",
        ),
        ("feed a.csv: is binary, not text", "suapan a.csv: ia binari, bukan teks"),
        ("detector gap: ValueError: no", "pengesan gap: ValueError: no"),
        ("feed a.csv failed: is empty", "suapan a.csv gagal: ia kosong"),
        (
            "Boat, west holds leads that no longer stand here: 3 cleared, 1 moved",
            "Boat, west memegang petunjuk yang tidak lagi benar di sini: 3 bersih, 1 berpindah",
        ),
        (
            "feed a.csv failed: is empty; feed b.csv failed: is empty",
            "suapan a.csv gagal: ia kosong; suapan b.csv gagal: ia kosong",
        ),
        ("risk sectors", "sektor risiko"),
        (
            f"{BEGAN}: {NIGHT} failed: {_KILLED}",
            f"{BEGAN}: larian malam gagal: ia bermula ketika itu dan tamat tanpa sebarang kata: "
            "adakah ia dimatikan, atau mesin terhenti?",
        ),
        (
            f"{BEGAN}: {NIGHT} failed: {_UNSAID}",
            f"{BEGAN}: larian malam gagal: tiada ruang untuk mencatat sebabnya: adakah cakera "
            "penuh?",
        ),
        (
            f"{BEGAN}: {NIGHT} failed: KeyError: a; b",
            f"{BEGAN}: larian malam gagal: KeyError: a; b",
        ),
        (f"{BEGAN}: {LOOK} failed: no feed", f"{BEGAN}: tinjauan antara malam gagal: no feed"),
        ("file brief.pdf failed: ValueError: no", "fail brief.pdf gagal dibuat: ValueError: no"),
        ("file brief.pdf: ValueError: no", "fail brief.pdf: ValueError: no"),
    ],
)
def test_news_and_what_failed_are_told_in_malay(english: str, malay: str) -> None:
    assert spoken(labels("ms"), english) == (malay, False)
    assert spoken(labels("en"), english) == (english, False)


def test_whatever_is_new_of_an_incident_is_told_in_malay() -> None:
    source = str(import_module("pipelines.assess.incidents.lasting").__file__)
    texts = re.findall(r'say\("([^"]+)"', Path(source).read_text(encoding="utf-8"))
    assert len(texts) > 10
    for text in texts:
        news = re.sub(r"\{(\w+)(:[^}]*)?\}", "3", text)
        for english in (news, f"it ended, {news}"):
            if ", " in news and english != news:
                continue  # is told alone
            told, left = spoken(labels("ms"), english)
            assert not left, english
            assert told != english


def test_a_vessels_page_tells_incidents_of_other_nights_in_malay(desk_home: Path) -> None:
    """They are kept as they were told when they were found, in English."""
    shown = Nights(load(desk_home)).shown("", "ms")
    row = shown.incidents[shown.incidents["mmsi"] > 0].iloc[0]
    other = replace(shown, incidents=shown.incidents.iloc[:0], certainties=[])
    [title] = [
        one[2]
        for one in rooms.vessel(other, int(row["mmsi"])).incidents
        if one[0] == row["incident_id"]
    ]
    assert title == row["title"]
    assert title not in set(shown.night.incidents["title"])


@pytest.mark.slow
def test_a_partial_night_with_news_and_one_that_was_killed_are_told_in_malay(
    own_reader: Reader, own_home: Path
) -> None:
    failed = """json_merge_patch(manifest, '{"failures": {"feed a.gz": "is binary, not text"}}')"""
    ask(own_home, f"UPDATE runs SET manifest = {failed}")
    ask(own_home, "UPDATE incidents SET status = 'changed', news = '2 more events' WHERE rank = 1")
    few(own_home, 1)
    load(own_home).under_way.touch()  # nobody holds it: the night after that one was killed
    own_reader.send("/settings", language="ms", operator="Lt Aminah")
    tonight, health = own_reader.page("/").text, own_reader.page("/health").text
    assert "suapan a.gz gagal: ia binari, bukan teks" in tonight
    assert "2 kejadian lagi" in tonight
    for text in (tonight, health):
        assert "larian malam gagal: ia bermula ketika itu" in text
        assert _KILLED not in text


@pytest.mark.slow
def test_no_english_is_left_on_a_page_in_malay(reader: Reader, names: set[str]) -> None:
    english = {path: set(Texts(html).found) for path, html in pages(reader)}
    reader.send("/settings", language="ms", operator="Lt Aminah")
    left: dict[str, str] = {}
    for path, same in english.items():
        for text in Texts(reader.client.get(path).text).found:
            if text in same and not NEUTRAL.fullmatch(text) and text not in BOTH:
                left.setdefault(text, path)
    reader.send("/settings", language="en", operator="Lt Aminah")
    assert {text: path for text, path in left.items() if not called_so(text, names)} == {}
    for said in ("less than 0.01", "it was there first", "ferry route (2)", "name STAR"):
        assert not called_so(said, names)  # it is looked for


def called_so(text: str, names: set[str]) -> bool:
    """Whether nothing but names is in a text, maybe cut off, and what no language changes."""
    if text in names or (text.endswith("…") and any(one.startswith(text[:-1]) for one in names)):
        return True
    for one in sorted((name for name in names if len(name) > 3), key=len, reverse=True):
        text = text.replace(one, "")
    return not re.search(r"[a-z]{3}", text)


def test_whom_a_vessel_met_before_is_told_by_name_in_malay_too(
    reader: Reader, desk_home: Path
) -> None:
    with store.read(desk_home / "store") as opened:
        events = opened.events_as_of(int(opened.runs()["ordinal"].max()))
        known = opened.vessels(opened.runs()["end"].iloc[-1])
    named = known.loc[known["name"] != "", "mmsi"]
    pairs = events[events["other_mmsi"].isin(named) & ~events["retracted"]]
    first = pairs.drop_duplicates("mmsi").set_index("mmsi")
    later = events[events["mmsi"].isin(first.index) & (events["other_mmsi"] == 0)]
    later = later[later["start"].to_numpy() > first.loc[later["mmsi"], "start"].to_numpy()]
    assert len(later) > 0
    reader.send("/settings", language="ms", operator="Lt Aminah")
    numbers = "|".join(f"{mmsi:09d}" for mmsi in named)
    for one in later.drop_duplicates("mmsi")["event_id"].head(3):
        text = reader.page(f"/event/{one}").text
        assert not re.findall(f"(?:bersama|bertemu) MMSI (?:{numbers})", text)
    reader.send("/settings", language="en", operator="Lt Aminah")


@pytest.mark.parametrize(
    ("name", "zone_class", "malay"),
    [
        ("Lane 12 nm SW of Sungai Linggi", "lane", "Lorong 12 nm BD dari Sungai Linggi"),
        ("Pilot ground off Muar", "pilot_ground", "Kawasan malim berhampiran Muar"),
        ("Lane 01°30.00′N 100°00.00′E", "lane", "Lane 01°30.00′N 100°00.00′E"),
    ],
)
def test_a_learned_place_is_called_in_malay(name: str, zone_class: str, malay: str) -> None:
    assert _called(name, zone_class, labels("ms")) == malay
    assert _called(name, zone_class, labels("en")) == name
