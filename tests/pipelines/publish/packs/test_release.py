"""A recipient's pack holds nothing of what it may not have."""

import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pypdf
import pytest
import yaml

from detectors.core import events as event_schema
from detectors.core.errors import ConfigError
from detectors.core.evidence import Explained
from pipelines import store
from pipelines.ask import recall
from pipelines.ask.examine import examine
from pipelines.assess.incidents import first
from pipelines.assess.reasons import by_own_vessel
from pipelines.assess.watchlists import ABOUT_NUMBERS
from pipelines.base.labels import labels
from pipelines.base.marks import Mark, MarkRules, Tlp
from pipelines.base.progress import reporter
from pipelines.base.settings import Installation, load
from pipelines.publish import brief, checks
from pipelines.publish import release as cut
from pipelines.publish.packs import issued, recipients
from pipelines.publish.packs.recipients import Recipient
from pipelines.publish.plan import tables
from pipelines.publish.products import Planned, Products
from pipelines.run import feeds, release_marks, runs
from pipelines.run.night import NightRequest, run_night
from pipelines.run.packs import Sent, export_to
from pipelines.run.plan import plan_run
from pipelines.run.release import release_run
from pipelines.run.release_manifest import UNTOLD, known_to_fail
from pipelines.run.setup import load_zones
from pipelines.run.windows import FOREVER
from tests.conftest import leaving_out_briefs
from tests.making import event_row
from tests.pipelines.publish.packs.conftest import FORMATS, MARKS, configured

RECIPIENTS = f"""
ally: {{title: An ally, holds: [AUS], max_tlp: RED, formats: {FORMATS}, plan: all}}
home: {{title: At home, holds: [MYS], max_tlp: RED, formats: [csv, geojson], plan: all}}
low: {{title: Low, holds: [MYS], max_tlp: GREEN, formats: [csv]}}
boat: {{title: Boat, holds: [MYS], max_tlp: RED, formats: [csv, geojson], top: 3, language: ms,
       area: "99,1,104,4", plan: [Sampel 3 (Port Klang)],
       redact: ["*_source", feeds, callsign, median_sog_kn]}}
"""


@pytest.fixture(scope="module")
def two_feeds(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An open feed and a secret one with vessels of its own, looked at together."""
    from pipelines.exercise import simulate
    from pipelines.run.windows import utc

    folder = tmp_path_factory.mktemp("two")
    installation = load(folder / "home", configured(folder, RECIPIENTS, 50))
    zones = load_zones(installation)
    start = utc("2026-01-05T16:00:00Z").to_pydatetime()
    simulate(folder / "a", seed=11, hours=8, vessels=45, start=start, zones=zones)
    simulate(folder / "b", seed=12, hours=6, vessels=25, start=start, zones=zones)
    shutil.copy(folder / "a" / "feed.nmea.gz", folder / "open.nmea.gz")
    shutil.copy(folder / "b" / "feed.nmea.gz", folder / "secret.nmea.gz")
    shutil.copy(folder / "a" / "sightings.csv", folder / "secret-radar.csv")
    with leaving_out_briefs(), reporter(quiet=True) as report:
        feeds.ingest_only(
            installation,
            zones,
            [str(folder / "open.nmea.gz"), str(folder / "secret.nmea.gz")],
            area=None,
            mapping=None,
            report=report,
        )
        _list_everyone(installation)
        runs.detect_only(installation, None, None, None, report, [str(folder / "secret-radar.csv")])
    return installation


@pytest.fixture(scope="module")
def sent(
    two_feeds: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Sent]:
    """The pack of the newest run for a recipient, made once."""
    folder = tmp_path_factory.mktemp("sent")
    return cache(lambda name: export_to(two_feeds, name, out=folder, unsigned=True))


@pytest.fixture(scope="module")
def released(sent: Callable[[str], Sent]) -> Callable[[str], Products]:
    """The newest run for a recipient, as it is in its pack."""
    return lambda name: sent(name).products


def _list_everyone(installation: Installation) -> None:
    """A watch-list of every second vessel heard."""
    with store.read(installation.store) as reader:
        heard = reader.sql("SELECT DISTINCT mmsi FROM presence ORDER BY mmsi")["mmsi"]
    folder = installation.config / "watchlists"
    folder.mkdir(exist_ok=True)
    heard[::2].to_csv(folder / "secret.csv", index=False)
    about = "title: National list\nsource: a test\nlicence: CC0-1.0\n"
    (folder / "secret.yaml").write_text(about)


def places_in(frame: pd.DataFrame) -> set[str]:
    """Latitudes and longitudes as files have them; of thousands some are alike by chance."""
    return {f"{value:.6f}" for value in [*frame["lat"], *frame["lon"]]}


def any_of(words: set[str]) -> str:
    """Return a pattern of any of these, by their beginnings: five times as fast."""
    ends: dict[str, set[str]] = {}
    for word in words - {""}:
        ends.setdefault(word[0], set()).add(word[1:])
    begun = "|".join(re.escape(first) + any_of(rest) for first, rest in sorted(ends.items()))
    return f"(?:{begun})" + "?" * ("" in words) if begun else ""


def every_file(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a pack and of the archives in it, and the rows of every database."""
    for path in sorted(folder.rglob("*")):
        yield from _inside(path.name, path.read_bytes(), path)


def _inside(name: str, content: bytes, path: Path | None) -> Iterator[tuple[str, bytes]]:
    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from _inside(f"{name}/{member}", archive.read(member), None)
    if name.endswith(".pdf"):
        pages = pypdf.PdfReader(io.BytesIO(content)).pages
        yield f"{name} text", "\n".join(page.extract_text() for page in pages).encode()
    if name.endswith(".parquet"):
        yield f"{name} rows", gpd.read_parquet(io.BytesIO(content)).to_csv().encode()
    if name.endswith(".gpkg") and path is not None:
        with closing(sqlite3.connect(path)) as database:
            yield f"{name} rows", "\n".join(database.iterdump()).encode()


@pytest.mark.slow
@pytest.mark.prove  # byte by byte: hostile/test_release
def test_the_pack_of_an_ally_holds_no_value_of_the_secret_feed(
    two_feeds: Installation, sent: Callable[[str], Sent]
) -> None:
    with store.read(two_feeds.store) as reader:
        ledger = reader.ledger()
        ledger = ledger.set_index(ledger["name"].str.rsplit("/", n=1).str[-1])
        run = reader.last_run()
        assert run is not None
        key, sha256 = ledger.loc["secret.nmea.gz", ["feed_key", "sha256"]]
        feeds_of = reader.sql(
            "SELECT mmsi, list(DISTINCT feed_key) AS feeds FROM presence GROUP BY 1"
        )
        events, flags = reader.events(run["run_id"]), reader.flags(run["run_id"])
        query = (
            "SELECT mmsi, max(name) AS name, max(imo) AS imo, max(callsign) AS callsign "
            "FROM statics WHERE feed_key = $key GROUP BY mmsi"
        )
        named = reader.sql(query, {"key": key}).set_index("mmsi")
    only = {
        m for m, of in zip(feeds_of["mmsi"], feeds_of["feeds"], strict=True) if set(of) == {key}
    }
    involved = [only & vessels for vessels in cut.vessels_of(events)]
    secret = events[[bool(vessels) for vessels in involved]]
    assert len(secret) > 20
    assert flags["mmsi"].isin(only).sum() > 3

    pack = sent("ally")
    products = pack.products
    assert 0 < len(products.flagged) < len(flags)
    values = {f"{m:09d}" for m in only}
    values |= set(secret["event_id"]) | {sha256[:16], "secret.nmea.gz", key}
    values |= places_in(secret) - places_in(products.tracks) - places_in(products.events)
    theirs = named.loc[named.index.isin(only)]
    open_names = " | ".join(products.vessels["name"])
    values |= {n for n in theirs["name"] if len(n) > 6 and n not in open_names}
    values |= {str(imo) for imo in theirs["imo"] if imo}
    values |= {c for c in theirs["callsign"] if len(c) > 3}
    withheld = events[events["kind"] == "unmatched_sighting"]
    assert len(withheld)
    values |= set(withheld["event_id"]) | {"secret-radar.csv", "National list"}
    values |= {str(one["seen_by"]) for one in withheld["evidence"]}
    searched = 0
    pattern = re.compile(rf"(?<!\d)(?:{any_of(values)})(?!\d)".encode())
    for name, content in every_file(pack.paths[0]):
        searched += 1
        assert not pattern.search(content), (name, pattern.search(content))
    assert searched > len(FORMATS) + 20
    counts = products.manifest["counts"]
    assert counts["feeds"] == 1
    assert sum(counts["events"].values()) == len(products.events)
    ranks = products.flagged["incident_id"].map(products.incidents.set_index("incident_id")["rank"])
    assert list(products.flagged["rank"]) == list(ranks)
    assert set(products.incidents["rank"]) == set(range(1, len(products.incidents) + 1))
    assert not set(products.tracks["mmsi"]) & only
    assert not set(products.tracks["source"]) & {sha256[:16]}


@pytest.mark.slow
@pytest.mark.prove  # the search of the test above
def test_the_search_would_find_them(sent: Callable[[str], Sent]) -> None:
    pack = sent("ally")
    mmsi = str(pack.products.flagged["mmsi"].iloc[0])
    found = {
        n.split(".")[1].split(" ")[0].split("/")[0]
        for n, c in every_file(pack.paths[0])
        if mmsi.encode() in c
    }
    assert found >= {
        "html",
        "pdf",
        "csv",
        "parquet",
        "geojson",
        "kml",
        "kmz",
        "gpx",
        "gpkg",
        "xlsx",
        "zip",
    }


@pytest.mark.slow
def test_a_plan_is_in_the_brief_and_the_workbook(sent: Callable[[str], Sent]) -> None:
    folder = sent("ally").paths[0]
    brief = (folder / "brief.html").read_text(encoding="utf-8")
    data = re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', brief, re.DOTALL)
    assert data
    shown = brief[brief.index('id="plan"') :]
    routes = list(folder.glob("plan-*.gpx"))
    assert len(routes) > 0
    ways = [way for way in json.loads(data[1])["ways"] if "sortie" in str(way)]
    assert len(ways) >= len(routes)  # a sortie has one to each stop, and one back
    assert "depth is NOT checked" in shown
    paper = [page.extract_text() for page in pypdf.PdfReader(folder / "brief.pdf").pages]
    assert len(paper) == 3
    assert "Patrol plan" in paper[1]
    assert re.search(r"Patrol plan, [^:]*:[^:]*:[^:]*: page 2", " ".join(paper[0].split()))
    book = openpyxl.load_workbook(folder / "flagged.xlsx", read_only=True)
    assert {"Patrol plan", "Not sailed for", "Earliest meetings"} <= set(book.sheetnames)


@pytest.mark.slow
def test_a_label_that_is_too_strict_keeps_a_record_out(
    two_feeds: Installation, released: Callable[[str], Products]
) -> None:
    # What low may have is what an ally may have, for another reason.
    low, ally = release_run(two_feeds, "low", None).products, released("ally")
    assert list(low.events["start"]) == list(ally.events["start"])
    assert list(low.events["reason"]) == list(ally.events["reason"])
    assert list(low.flagged["mmsi"]) == list(ally.flagged["mmsi"])
    assert set(low.events["tlp"]) == {"GREEN"}


def test_each_record_has_its_own_mark_and_the_pack_the_strictest(
    released: Callable[[str], Products],
) -> None:
    home = released("home")
    assert home.release is not None
    assert set(zip(home.events["tlp"], home.events["rel"], strict=True)) == {
        ("GREEN", "ALL"),
        ("AMBER", "MYS"),
    }
    assert home.release.mark == Mark(Tlp.AMBER, frozenset({"MYS"}))
    assert set(home.release.track_marks) == set(home.tracks["track_id"])


@pytest.mark.slow
def test_who_may_have_everything_gets_the_plan_as_it_is(
    two_feeds: Installation, released: Callable[[str], Products]
) -> None:
    home = released("home")
    assert home.planned is not None
    ours = plan_run(two_feeds)
    theirs = tables.document(home.planned)
    assert (theirs.pop("tlp"), theirs.pop("rel")) == ("AMBER", "MYS")
    assert theirs.pop("run_id") == home.run_id  # the recipient's, not the home's own
    theirs["notes"] = theirs["notes"][1:]
    document = tables.document(Planned(ours))
    document.pop("run_id")
    document["notes"] = document["notes"][1:]
    assert theirs == document


@pytest.mark.slow
@pytest.mark.parametrize(
    "told",  # every format that a plan has a place in
    [
        "[csv, geojson, gpx, rtz]",
        pytest.param("[brief, csv, geojson, gpx, rtz, xlsx]", marks=pytest.mark.prove),
    ],
)
def test_a_plan_is_made_from_what_its_recipient_may_have(
    two_feeds: Installation, released: Callable[[str], Products], tmp_path: Path, told: str
) -> None:
    secret = set(released("home").flagged["mmsi"]) - set(released("ally").flagged["mmsi"])
    newest = released("home").flagged.sort_values("last_seen").set_index("mmsi")
    known = set().union(*cut.vessels_of(released("ally").events))
    events = released("home").events
    silent = (events["kind"] == "gap") & events["end"].isna()
    anywhere = set(events.loc[silent | (events["kind"] == "spoofing"), "mmsi"])
    near = newest[newest.index.isin(secret - known - anywhere)].iloc[-1]
    # A boat that lies where one of the secret vessels was heard last would go for it, unless it is
    # silent since, or says that it is where it isn't: then it may be anywhere.
    config = Path(shutil.copytree(two_feeds.config, tmp_path / "config"))
    boat = {
        "name": "Near",
        "base": {"name": "There", "lat": float(near["lat"]), "lon": float(near["lon"])},
        "cruise_kn": 20,
        "max_kn": 30,
        "boardings": 9,
        "search_nm": 20,
    }
    plan = {"units": [boat], "planning": {"iterations": 50}}
    (config / "patrol.yaml").write_text(yaml.safe_dump(plan))
    (config / "recipients.yaml").write_text(RECIPIENTS.replace(str(FORMATS), told))
    changed = load(two_feeds.home, config)
    home = release_run(changed, "home", None).products
    sent = export_to(changed, "ally", unsigned=True, out=tmp_path)
    assert home.planned is not None
    met = {s.target.mmsi for one in home.planned.plan.sailed for s in one.stops if s.target}
    assert met & secret
    assert any(f"{mmsi:09d}" in tables.to_json(home.planned) for mmsi in met & secret)
    ally = sent.products
    assert ally.planned is not None
    assert {t.mmsi for t in ally.planned.plan.targets} == set(ally.flagged["mmsi"])
    assert ally.planned.plan.prediction.mmsi.tolist() == sorted(set(ally.flagged["mmsi"]))
    # A few are partners in what the ally may know; the others are nowhere.
    unknown = secret.difference(*cut.vessels_of(ally.events))
    assert met & unknown
    for name, content in every_file(sent.paths[0]):
        assert not [mmsi for mmsi in unknown if f"{mmsi:09d}".encode() in content], name
    counts = ally.manifest["plan"]
    assert counts["boardings"] + counts["left_out"] == len(ally.flagged)


@pytest.mark.slow
def test_a_recipient_gets_the_sorties_of_its_units_only(sent: Callable[[str], Sent]) -> None:
    pack = sent("boat")
    planned = pack.products.planned
    assert planned is not None
    assert {one.sortie.unit.name for one in planned.plan.sailed} <= {"Sampel 3 (Port Klang)"}
    assert {pair.unit for pair in planned.plan.intercepts} == {"Sampel 3 (Port Klang)"}
    names = {path.name for path in pack.paths[0].iterdir()}
    assert names >= {"plan.csv", "plan.json", "plan.geojson"}
    assert not [name for name in names if name.startswith("plan-")], "neither gpx nor rtz"
    for name in ("plan.csv", "plan.json", "plan.geojson", "README.txt"):
        text = (pack.paths[0] / name).read_text()
        assert not re.search("Sampel [124]|Langkawi|Penang|Johor", text)
        assert name == "plan.csv" or "SIMULASI" in text
    assert "kedalaman TIDAK diperiksa" in (pack.paths[0] / "README.txt").read_text()


@pytest.mark.slow
def test_a_plan_goes_only_where_its_mark_lets_it(two_feeds: Installation, tmp_path: Path) -> None:
    config = shutil.copytree(two_feeds.config, tmp_path / "config")
    stricter = MARKS.replace("plan: {tlp: GREEN, rel: ALL}", "plan: {tlp: AMBER, rel: [MYS]}")
    (config / "marks.yaml").write_text(stricter)
    told = "[csv, geojson, gpx, rtz]"
    (config / "recipients.yaml").write_text(RECIPIENTS.replace(str(FORMATS), told))
    changed = load(two_feeds.home, config)
    sent = export_to(changed, "ally", out=tmp_path, unsigned=True)
    assert sent.products.planned is None
    assert not [p for p in sent.paths[0].iterdir() if p.name.startswith("plan")]
    boat = release_run(changed, "boat", None).products
    assert boat.planned is not None
    assert boat.planned.mark == Mark(Tlp.AMBER, frozenset({"MYS"}))
    assert boat.release is not None
    assert boat.release.mark == Mark(Tlp.AMBER, frozenset({"MYS"}))
    told = [p for p in examine(changed) if p.where == "recipients.yaml, ally"]
    assert ["patrol plan is TLP:AMBER" in p.message for p in told] == [True]
    profile = (config / "recipients.yaml").read_text()
    (config / "recipients.yaml").write_text(profile.replace("Sampel 3 (Port Klang)", "Nobody"))
    with pytest.raises(ConfigError, match="no patrol unit 'Nobody'"):
        release_run(changed, "boat", None)


def test_who_may_have_everything_gets_what_the_run_found(
    two_feeds: Installation, sent: Callable[[str], Sent]
) -> None:
    pack = sent("home")
    home, own = pack.products, pack.released.own
    assert pack.released.not_held.empty
    with store.read(two_feeds.store) as reader:
        run = reader.last_run()
        assert run is not None
        assert pack.released.own_run == run["run_id"]
        flags, events = reader.flags(run["run_id"]), reader.events(run["run_id"])
    # Ids are the recipient's own; what explains an event is told as the desk tells it.
    other = {"event_ids", "incident_id", "explanations"}
    said = [name for name in flags.columns if name not in other]
    pd.testing.assert_frame_equal(home.flagged[said], flags[said], check_dtype=False)
    evidence = zip(events["explanation"], events["evidence"], strict=True)
    why = [labels("en").explained(text, one.explained) for text, one in evidence]
    assert list(home.events["explanation"]) == why
    of = dict(zip(events["event_id"], why, strict=True))
    assert list(home.flagged["explanations"]) == [
        " | ".join(of[one] for one in ids.split(";") if of[one]) for ids in flags["event_ids"]
    ]
    theirs, ours = (pd.factorize(one["incident_id"])[0] for one in (home.flagged, flags))
    assert theirs.tolist() == ours.tolist()
    assert (home.start, home.end) == (run["start"], run["end"])
    assert list(own["event_id"]) == list(events["event_id"])
    assert list(home.events["reason"]) == list(events["reason"])
    assert list(home.events["status"]) == list(events["status"])


@pytest.mark.slow
def test_a_pack_says_when_nothing_was_heard_and_what_its_feeds_lack(tmp_path: Path) -> None:
    minutes = [m for m in range(24 * 60) if not 600 <= m < 780]  # three hours of nothing
    rows = [
        f"{533000001 + k},{pd.Timestamp('2026-01-06') + pd.Timedelta(minutes=m)},{lat},101.0"
        for m in minutes
        for k, lat in enumerate((2.5, 2.6, 2.7))
    ]
    feed = tmp_path / "plain.csv"
    feed.write_text("\n".join(["mmsi,timestamp,lat,lon", *rows]))
    installation = load(tmp_path / "home", configured(tmp_path, RECIPIENTS, 50))
    request = NightRequest(feeds=(str(feed),))
    with leaving_out_briefs():
        run_night(installation, request, quiet=True, steps=None)
        made = export_to(installation, "boat", out=tmp_path / "out", unsigned=True)
    told = made.products.manifest
    assert (told["reception"]["gaps"], told["reception"]["poor"]) == (1, None)
    assert told["reception"]["longest_gap_s"] == 3 * 3600
    readme = (made.paths[0] / "README.txt").read_text()
    assert "3.0 jam dari 06 Jan 2026 18:00 MYT" in readme
    assert {"speed", "type"} <= set(told["lacking"])


def test_few_vessels_are_those_to_look_at_first_then_those_ranked_highest(
    released: Callable[[str], Products],
) -> None:
    whole = released("low")
    frames_of = whole.incidents, whole.events, whole.flagged
    flagging = set(whole.flagged["incident_id"])
    urgent = [one.incident_id for one in first(*frames_of, whole.end)]
    urgent = [one for one in urgent if one in flagging]  # not of a boat that somebody saw
    last = whole.flagged["incident_id"].iloc[-1]
    late = whole.incidents.assign(  # what is ranked last is the most urgent
        score=whole.incidents["score"].where(whole.incidents["incident_id"] != last, 99.0)
    )
    assessed = SimpleNamespace(incidents=late, events=whole.events, flagged=whole.flagged)
    made = SimpleNamespace(window=whole, recipient=SimpleNamespace(top=4))
    kept = release_marks.most_urgent(made, whole.flagged, assessed)
    assert len(kept) == 4 < len(whole.flagged)
    assert last in set(kept["incident_id"])
    assert list(kept["rank"]) == sorted(kept["rank"])
    assert len(urgent) > 1
    assert len(set(urgent) - set(kept["incident_id"])) <= 1, "the last takes the place of one"
    made.recipient.top = None
    pd.testing.assert_frame_equal(
        release_marks.most_urgent(made, whole.flagged, assessed), whole.flagged
    )


def test_area_top_redaction_and_language(
    sent: Callable[[str], Sent], two_feeds: Installation
) -> None:
    pack = sent("boat")
    products = pack.products
    assert len(products.flagged) == 3
    ids = set(";".join(products.flagged["event_ids"]).split(";"))
    chosen = products.incidents["incident_id"].isin(products.flagged["incident_id"])
    of_none = set(";".join(products.incidents.loc[~chosen, "events"]).split(";")) - {""}
    assert of_none - ids, "what others saw is a lead of the pack too, with its evidence"
    assert set(products.events["event_id"]) == ids | of_none
    told = products.incidents["incident_id"][~chosen].iloc[0]
    noted = issued.events_of(two_feeds.exported, told)
    assert noted, "what is concluded on it finds its way home"
    assert issued.events_of(two_feeds.exported, told[:8]) == noted
    with store.read(two_feeds.store) as reader:
        assert recall.meant(reader, two_feeds, told[:8])[1], (
            "it is said also where no vessel is known"
        )
        lead = products.flagged.iloc[0]
        meant, said = recall.meant(reader, two_feeds, lead["incident_id"][:8])
        assert lead["mmsi"] in meant
        assert said
        assert recall.meant(reader, two_feeds, "0" * 16) == ([], "")
        named = recall.of_numbers(reader.names(FOREVER), reader.vessels(FOREVER), meant)
        assert set(named["mmsi"]) <= set(meant)
    assert products.events["lon"].between(99, 104).all()
    assert products.events["lat"].between(1, 4).all()
    flagged = pd.read_csv(pack.paths[0] / "flagged.csv", dtype=str, keep_default_na=False)
    assert set(flagged["callsign"]) == {""}
    assert flagged["reasons"].str.startswith("DATA SIMULASI – LATIHAN: ").all()
    english = r"\b(?:Drifted|Stopped|Silent|Sent|Waited|Entered|Crossed|outside|since|off)\b"
    assert not products.events["reason"].str.contains(english).any()
    assert not flagged["reasons"].str.contains(english).any()
    for evidence in products.events["evidence"]:
        held = checks.values(evidence)
        assert not [key for key in held if key.endswith("_source") or key == "median_sog_kn"]
        assert {k for k in evidence.redacted if k.endswith("_source")}
    manifest = json.loads((pack.paths[0] / "MANIFEST.json").read_text())
    assert all("name" not in feed for feed in manifest["inputs"])
    assert "Tanda ialah petunjuk" in (pack.paths[0] / "README.txt").read_text()


RULES = MarkRules.model_validate(
    {
        "default": {"tlp": "GREEN", "rel": "ALL"},
        "groups": {"FVEY": ["AUS", "GBR"]},
        "feeds": [
            {"feed": "a*", "tlp": "AMBER", "rel": ["MYS", "AUS"]},
            {"feed": "b*", "tlp": "CLEAR", "rel": ["FVEY"]},
        ],
        "sightings": [{"source": "informant *", "tlp": "RED", "rel": ["MYS"]}],
    }
)


SOURCES = {
    **{key: RULES.of_feed(f"{key}.nmea") for key in "abc"},
    "sighting s1": RULES.of_sighting("x.csv", "Informant 7"),
}
DEFAULT = Mark(Tlp.GREEN, frozenset({"AUS"}))


@pytest.mark.parametrize(
    ("heard", "evidence", "kind", "expected"),
    [
        ({(1, "position"): "a"}, {}, "gap", "TLP:AMBER · REL AUS, MYS"),
        ({(1, "position"): "a", (2, "position"): "b"}, {}, "gap", "TLP:AMBER · REL AUS"),
        ({(1, "position"): "c"}, {"visitors": "533000003 5"}, "gap", "TLP:GREEN · REL ALL"),
        (
            {(1, "position"): "c", (3, "position"): "a"},
            {"visitors": "533000003"},
            "gap",
            "TLP:AMBER · REL AUS, MYS",
        ),
        (
            {(1, "position"): "c", (3, "position"): "a"},
            {"false_track_id": "53300000302"},
            "gap",
            "TLP:AMBER · REL AUS, MYS",
        ),
        (
            {(1, "position"): "c"},
            {"last_report_source": "aaaaaaaaaaaaaaaa:5"},
            "gap",
            "TLP:AMBER · REL AUS, MYS",
        ),
        (
            {(1, "position"): "c"},
            {"last_report_source": "0123456789abcdef:5"},
            "gap",
            "TLP:RED · REL NONE",
        ),
        ({(1, "position"): "c", (1, "static"): "a"}, {}, "gap", "TLP:AMBER · REL AUS, MYS"),
        (
            {(1, "position"): "c"},
            {"sighting_source": "s1"},
            "unmatched_sighting",
            "TLP:RED · REL MYS",
        ),
        ({}, {"sighting_source": "s1"}, "unmatched_sighting", "TLP:RED · REL MYS"),
        ({}, {}, "gap", "TLP:GREEN · REL AUS"),  # as all that the pack is made from
    ],
)
def test_an_event_has_the_strictest_mark_of_what_it_rests_on(heard, evidence, kind, expected):
    assert [str(mark) for mark in marks_of(heard, evidence, kind, "2026-01-05")] == [expected]


def test_what_was_said_on_another_day_counts_where_it_is_about_identity():
    heard = {(1, "position"): "c"}
    earlier = {(1, "static"): "a"}
    for kind, expected in (
        ("gap", "TLP:GREEN · REL ALL"),
        ("identity", "TLP:AMBER · REL AUS, MYS"),
    ):
        assert [str(m) for m in marks_of(heard, {}, kind, "2026-01-05", earlier)] == [expected]


def marks_of(heard, evidence, kind, date, earlier=None):
    """Marks of one event of the vessels 533000001 and …2 on a date; feeds a, b and c."""
    from detectors.core import events

    base, start = 533000000, pd.Timestamp(f"{date}T20:00Z")
    rows = [(base + m, date, feed, what) for (m, what), feed in heard.items()]
    rows += [(base + m, "2026-01-02", feed, what) for (m, what), feed in (earlier or {}).items()]
    known = cut.lineage(
        pd.DataFrame({"feed_key": list("abc"), "sha256": [letter * 64 for letter in "abc"]}),
        ["s1"],
        pd.DataFrame(rows, columns=["mmsi", "date", "feed_key", "what"]),
    )
    mmsi = 0 if kind == "unmatched_sighting" and not heard else base + 1
    end = start + pd.Timedelta(hours=1)
    row = event_row(kind, start, end, mmsi=mmsi, other_mmsi=base + 2, evidence=evidence)
    return cut.event_marks(
        events.build([row]), known, SOURCES, start + pd.Timedelta(hours=4), DEFAULT
    )


def test_an_event_has_the_marks_of_the_events_that_it_names():
    from detectors.core import events

    start = pd.Timestamp("2026-01-05T20:00Z")
    first = events.build([event_row("gap", start, start)])
    naming = {"lead_event": first["event_id"].iloc[0]}
    later = start + pd.Timedelta(minutes=1)
    other = event_row("gap", start, start, mmsi=533000002, anchor=later, evidence=naming)
    alone = {**other, "anchor": later + pd.Timedelta(minutes=1), "evidence": {}}
    each = events.concat([first, events.build([other]), events.build([alone])])
    known = cut.lineage(
        pd.DataFrame({"feed_key": ["a", "c"], "sha256": ["a" * 64, "c" * 64]}),
        [],
        pd.DataFrame(
            {
                "mmsi": [533000001, 533000002],
                "date": "2026-01-05",
                "feed_key": ["a", "c"],
                "what": "position",
            }
        ),
    )
    marks = cut.event_marks(each, known, SOURCES, later, DEFAULT)
    assert list(map(str, marks)) == ["TLP:AMBER · REL AUS, MYS"] * 2 + ["TLP:GREEN · REL ALL"]


def test_a_pack_names_failed_feeds_only_of_those_released() -> None:
    failures = ["feed /in/secret-2.nmea", "feed /in/*", "feed /in/open-2.nmea", "detector gap"]
    assert known_to_fail(failures, {"/in/open-2.nmea"}) == ["feed open-2.nmea"]
    [said] = brief.problems({"state": "partial", "failures": {"feed open-2.nmea": UNTOLD}})
    assert said == "feed open-2.nmea failed: its owner can say why"


def test_a_recipient_file_says_what_to_mend(tmp_path: Path) -> None:
    from detectors.core.errors import ConfigError

    text = "ally:\n  title: x\n  holds: [AUS]\n  max_tlp: PINK\n  formats: [csv]\n"
    for wrong, line, words in (
        (text, 4, "max_tlp"),
        (text.replace("PINK", "RED").replace("[csv]", "[csv, doc]"), 5, "formats"),
        (text.replace("PINK", "RED").replace("[csv]", "[csv, csv]"), 5, "twice"),
        (text.replace("PINK", "RED") + "  plan: []\n", 6, "no unit"),
        (text.replace("PINK", "RED").replace("title: x", 'title: "x\\u202e"'), 2, "can't be seen"),
        (text.replace("PINK", "RED") + "  redact: ['*']\n", 6, "must stay"),
        (text.replace("PINK", "RED") + "  redact: [score]\n", 6, "must stay"),
        (text.replace("PINK", "RED") + "  redact: [status]\n", 6, "must stay"),
        (text.replace("PINK", "RED") + "  redact: [end]\n", 6, "must stay"),
        (text.replace("PINK", "RED") + "  colour: red\n", 6, "colour"),
        (text.replace("PINK", "RED").replace("ally", "../ally"), 1, "ally"),
        (text.replace("PINK", "RED") + "  encrypt_to: [age1x]\n", 6, "encrypt_to"),
    ):
        (tmp_path / "recipients.yaml").write_text(wrong)
        with pytest.raises(ConfigError) as error:
            recipients.load(tmp_path)
        assert words in error.value.message
        assert f"line {line} " in error.value.hint


def test_who_or_what_isnt_there_is_said_with_what_is(tmp_path: Path) -> None:
    text = "ally: {title: x, holds: [AUS], max_tlp: RED, formats: [csv], plan: [A, Nowhere]}\n"
    (tmp_path / "recipients.yaml").write_text(text)
    with pytest.raises(ConfigError, match="no recipient 'foe'") as error:
        recipients.find(tmp_path, "foe")
    assert "known: ally" in error.value.hint
    config: Any = SimpleNamespace(units=[SimpleNamespace(name=name) for name in "AB"])
    ally = recipients.find(tmp_path, "ally")
    with pytest.raises(ConfigError, match="no patrol unit 'Nowhere'") as error:
        recipients.units_of(ally, config)
    assert "known: A, B" in error.value.hint
    for plan, units in ((("B",), {"B"}), ("all", {"A", "B"}), (None, set())):
        assert recipients.units_of(ally.model_copy(update={"plan": plan}), config) == units


@pytest.mark.slow
def test_what_own_vessels_do_is_told_to_those_alone_who_may_have_their_list(
    two_feeds: Installation, sent: Callable[[str], Sent], tmp_path: Path
) -> None:
    leads = sent("low").products.flagged
    ours = leads["mmsi"][leads["mmsi"] >= 100_000_000].iloc[0]  # a list holds no others
    config = shutil.copytree(two_feeds.config, tmp_path / "config")
    (config / "watchlists" / "secret.csv").write_text(f"mmsi\n{ours}\n")
    with (config / "watchlists" / "secret.yaml").open("a") as about:
        about.write("own: true\n")
    changed = load(two_feeds.home, config)
    low, boat = (release_run(changed, name, None).products for name in ("low", "home"))
    assert ours not in {*low.flagged["mmsi"], *low.vessels["mmsi"], *low.tracks["mmsi"]}
    assert ours not in set().union(*cut.vessels_of(low.events))
    assert len(low.flagged)
    assert "of_own_vessels" not in low.manifest["counts"]
    theirs = boat.events[(boat.events["mmsi"] == ours) | (boat.events["other_mmsi"] == ours)]
    assert len(theirs)
    assert theirs["reason"].str.endswith(by_own_vessel()).all()
    assert ours not in set(boat.flagged["mmsi"])


@pytest.mark.slow
def test_what_asks_about_an_own_vessels_number_and_counts_for_little_is_not_told_either(
    two_feeds: Installation, sent: Callable[[str], Sent], tmp_path: Path
) -> None:
    told = sent("low").products.events
    asks = told[told["detector"].isin(ABOUT_NUMBERS) & (told["mmsi"] >= 100_000_000)]
    ours = asks["mmsi"].iloc[0]
    config = shutil.copytree(two_feeds.config, tmp_path / "config")
    (config / "watchlists" / "secret.csv").write_text(f"mmsi\n{ours}\n")
    with (config / "watchlists" / "secret.yaml").open("a") as about:
        about.write("own: true\n")
    changed = load(two_feeds.home, config)
    settings = changed.settings
    little = settings.assess.model_copy(update={"min_score": 0.99})
    for assess, among in ((settings.assess, True), (little, False)):
        given = replace(changed, settings=settings.model_copy(update={"assess": assess}))
        low = release_run(given, "low", None).products
        assert (ours in set().union(*cut.vessels_of(low.events))) == among
        assert (ours in {*low.vessels["mmsi"], *low.tracks["mmsi"]}) == among


def test_a_flag_has_the_mark_of_each_feed_that_its_last_position_rests_on() -> None:
    """Though its events rest on others."""
    free, held = Mark(Tlp.GREEN, None), Mark(Tlp.AMBER, frozenset({"MYS"}))
    ours, last = 533000009, pd.Timestamp("2026-01-05T20:00Z")
    flagged = pd.DataFrame({"mmsi": [ours], "event_ids": ["e"]})
    parts, none = pd.DataFrame({"part": ["loitering"], "mmsi": [ours]}), event_schema.empty()
    assessed: Any = SimpleNamespace(flagged=flagged, parts=parts)
    rights = SimpleNamespace(marks={"open": free, "secret": held})
    made: Any = SimpleNamespace(window=SimpleNamespace(end=last), lists=[], rights=rights)
    known: Any = SimpleNamespace(
        of_vessel=lambda *_: frozenset({"open"}),
        of_report=lambda source: {"secret"} if source == 2 else {"open"},
    )

    def mark(*sources: int) -> Mark:
        heard = pd.DataFrame({"mmsi": [ours] * len(sources), "source": sources})
        given = assessed, {"e": free}, none, [], known, heard
        return release_marks.vessel_marks(made, *given)[ours]

    assert mark(1, 1) == free
    assert mark(1, 2) == held


@pytest.mark.parametrize(
    ("part", "label"), [("gap", "GREEN"), ("watch-list", "RED"), ("history", "AMBER")]
)
def test_a_flag_has_the_mark_of_a_list_or_of_earlier_events_where_they_count_for_it(
    part: str, label: str
) -> None:
    free, before, listed = (Mark(Tlp(name), None) for name in ("GREEN", "AMBER", "RED"))
    ours, last = 533000009, pd.Timestamp("2026-01-05T20:00Z")
    assessed: Any = SimpleNamespace(
        flagged=pd.DataFrame({"mmsi": [ours], "event_ids": ["e"]}),
        parts=pd.DataFrame({"part": [part], "mmsi": [ours]}),
    )
    made: Any = SimpleNamespace(
        window=SimpleNamespace(end=last),
        lists=[SimpleNamespace(name="theirs")],
        rules=SimpleNamespace(of_watchlist=lambda _: listed),
        rights=SimpleNamespace(marks={"open": free}),
    )
    known: Any = SimpleNamespace(of_vessel=lambda *_: {"open"}, of_report=lambda _: {"open"})
    past = pd.DataFrame({"mmsi": [533000001], "other_mmsi": [ours]})
    heard = pd.DataFrame({"mmsi": [ours], "source": [1]})
    marks = release_marks.vessel_marks(made, assessed, {"e": free}, past, [before], known, heard)
    assert marks == {ours: Mark(Tlp(label), None)}


def test_all_that_a_pack_is_made_from_counts_for_its_mark_sightings_too() -> None:
    whom = Recipient(title="x", holds=("MYS",), max_tlp=Tlp.RED, formats=("csv",))
    window = SimpleNamespace(start=pd.Timestamp("2026-01-05T16:00Z"), end=None)
    rights, inputs = SimpleNamespace(marks=SOURCES), [{"feed_key": "c"}]
    asked: dict[str, Any] = {"window": window, "rights": rights, "inputs": inputs}
    for seen, mark in (([], "TLP:GREEN · REL ALL"), (["s1"], "TLP:RED · REL MYS")):
        sightings = pd.DataFrame({"sighting_id": seen})
        held = SimpleNamespace(sightings=lambda *_, found=sightings: found)
        made: Any = SimpleNamespace(**asked, store=held, recipient=whom, rules=RULES)
        assert str(release_marks.default(made)) == mark


def test_what_is_left_out_of_the_evidence_leaves_evidence() -> None:
    where = pd.Timestamp("2026-01-05T20:00Z")
    told = event_schema.build([event_row("gap", where, None, evidence={"a": 1, "b": 2})])
    names = ("evidence", "a")
    whom = Recipient(title="x", holds=(), max_tlp=Tlp.RED, formats=("csv",), redact=names)
    [left] = cut.redact_evidence(told, whom)["evidence"]
    assert (dict(left.facts), [*left.redacted]) == ({"b": 2}, ["a"])


def test_what_mentions_a_vessel_of_which_nothing_is_told_doesnt_name_it() -> None:
    def told(**facts: object) -> pd.DataFrame:
        where = pd.Timestamp("2026-01-05T20:00Z")
        return event_schema.build([event_row("mother_ship", where, None, evidence=facts)])

    ours = {533000009}
    visited = told(visitors="533000007 533000009", n_visits=2)
    seen = told(best_match="533000009", best_match_distance_m=120.0, length_m=20.0)
    for before, left in ((visited, ["n_visits"]), (seen, ["length_m"])):
        after = cut.unnamed(before, ours)
        assert list(after["evidence"].iloc[0].facts) == left
        assert not cut.vessels_of(after)[0] & ours
        same = cut.unnamed(before, {533000008})
        assert same["evidence"].iloc[0] == before["evidence"].iloc[0]


@pytest.mark.parametrize("side", ["mmsi", "other_mmsi"])
def test_who_is_left_out_is_left_out_as_a_partner_too(side: str) -> None:
    where = pd.Timestamp("2026-01-05T20:00Z")
    both = {"mmsi": 533000001, "other_mmsi": 533000002}
    told = event_schema.build([event_row("encounter", where, None, **both)])
    assert cut.without(told, {both[side]}).empty
    assert len(cut.without(told, {533000003})) == 1


def test_what_a_recipient_doesnt_get_is_empty_whatever_it_is_and_all_else_stays() -> None:
    held = pd.DataFrame(
        {"n": [3], "at_m": [2.5], "text": ["x"], "seen": [pd.Timestamp(0, tz="UTC")]}
    )
    for name in held:
        whom = Recipient(title="x", holds=(), max_tlp=Tlp.RED, formats=("csv",), redact=(name,))
        left = cut.blank(held, whom)
        pd.testing.assert_frame_equal(left.drop(columns=name), held.drop(columns=name))
        assert left.dtypes.equals(held.dtypes)
        assert left[name].iloc[0] in (0, "") or pd.isna(left[name].iloc[0])


def test_all_ids_in_an_event_are_those_that_its_recipient_knows() -> None:
    """Of what isn't an event, and of events that the recipient has nothing of, none is made."""
    where = pd.Timestamp("2026-01-05T20:00Z")
    other, unknown, place = "0123456789abcdef", "f" * 16, "fedcba9876543210:5"
    facts = {"lead_event": other, "told": f"{other}, {unknown}; {place}", "n": 3, "event": "none"}
    said = Explained(0.5, 1.0, says="x", values={"of": other, "n": 3})
    row = event_row("gap", where, None, evidence=facts)
    grouped = event_schema.build([row, {**row, "mmsi": 533000002, "track_ids": "53300000201"}])
    grouped = grouped.assign(group_id=["", other])
    own = grouped["event_id"].iloc[0]
    told = [
        replace(one, facts={**one.facts, "own": f"see {own}"}, explained=said)
        for one in grouped["evidence"]
    ]
    before = grouped.assign(evidence=event_schema.objects(told, grouped.index))
    after = cut.renamed_ids(before, lambda one: f"<{one}>", {other})
    assert list(after["event_id"]) == [f"<{one}>" for one in before["event_id"]]
    assert list(after["group_id"]) == ["", f"<{other}>"]
    assert dict(after["evidence"].iloc[0].facts) == {
        "lead_event": f"<{other}>",
        "told": f"<{other}>, {unknown}; {place}",
        "n": 3,
        "event": "none",
        "own": f"see <{own}>",
    }
    assert after["evidence"].iloc[0].explained.values == {"of": f"<{other}>", "n": 3}


def test_an_incident_has_the_strictest_mark_of_all_that_it_tells_of() -> None:
    """Its events, its vessels, and who fell silent then and there, as its title says."""
    low, mid, high = (Mark(Tlp(name), None) for name in ("GREEN", "AMBER", "RED"))
    when = pd.Timestamp("2026-01-05T20:00Z")
    silent = [
        event_row("gap", when, None, mmsi=mmsi, lat=2.0 + far, score=0.9)
        for mmsi, far in ((533000001, 0.0), (533000002, 0.001), (533000003, 1.0))
    ]
    events = event_schema.build(silent)
    one, beside, away = events.sort_values("mmsi")["event_id"]
    incidents = pd.DataFrame(
        {
            "incident_id": ["i", "j", "k", "l"],
            "events": [one, away, away, away],
            "vessels": ["533000001 a", "533000003 b", "", "533000004 c"],
            "title": "t",
            "made_of": "[1]",
        }
    )
    flagged = pd.DataFrame({"mmsi": [533000001], "incident_id": ["i"]})

    def made(*redact: str) -> Any:
        whom = Recipient(title="x", holds=(), max_tlp=Tlp.RED, formats=("csv",), redact=redact)
        return SimpleNamespace(recipient=whom)

    def told(of_vessel: dict[int, Mark], *redact: str, next_to: Mark = high) -> pd.DataFrame:
        mark_of = {one: low, beside: next_to, away: low}
        given = incidents, events, flagged, mark_of, of_vessel
        return release_marks.marked_incidents(made(*redact), *given)

    vessels = {533000001: low, 533000003: low}
    kept = told(vessels)
    assert list(kept["incident_id"]) == ["i", "k", "l"], "j's vessel is flagged, and isn't in it"
    assert list(kept["tlp"]) == ["RED", "GREEN", "GREEN"]
    assert list(told({**vessels, 533000001: mid}, next_to=low)["tlp"]) == [
        "AMBER",
        "GREEN",
        "GREEN",
    ]
    assert set(kept) == {*incidents, "tlp", "rel"}, "nothing says how many others there are"
    assert set(kept["title"]) == {"t"}
    assert set(kept["made_of"]) == {"[1]"}
    for field in ("name", "reasons"):
        bare = told(vessels, field)
        assert {*bare["title"], *bare["vessels"]} == {""}
        assert set(bare["made_of"]) == {"[1]"}
    for field in ("explanation", "explanations", "evidence"):
        bare = told(vessels, field)
        assert set(bare["made_of"]) == {"[]"}
        assert set(bare["title"]) == {"t"}


def test_of_the_nights_before_changes_of_numbers_in_its_area_alone_are_told() -> None:
    when = pd.Timestamp("2026-01-05T20:00Z")
    rows = [
        event_row(kind, when, None, mmsi=mmsi, lat=lat)
        for mmsi, kind, lat in (
            (533000001, "identity", 2.0),
            (533000002, "identity", 9.0),
            (533000003, "gap", 2.0),
            (533000004, "identity", 2.0),
        )
    ]
    past = event_schema.build(rows).sort_values("mmsi", ignore_index=True)
    marks = [Mark(Tlp(name), None) for name in ("GREEN", "AMBER", "RED", "CLEAR")]
    area = SimpleNamespace(contains=lambda lat, _: lat < 5)
    again = past[past["mmsi"] == 533000004]  # looked at tonight too: what is found now counts
    made: Any = SimpleNamespace(events=again, area=area)
    told, theirs = release_marks.changes(made, past, marks)
    assert (list(told["mmsi"]), theirs) == ([533000001], [marks[0]])
    assert list(told) == list(past)


def test_the_first_to_look_at_are_in_a_pack_of_few_and_in_their_order() -> None:
    flagged = pd.DataFrame({"mmsi": [1, 2, 3], "incident_id": ["i", "j", "k"]})
    chosen = {None: [1, 2, 3], 2: [1, 3], 1: [3]}
    for top, kept in chosen.items():
        made: Any = SimpleNamespace(
            window=SimpleNamespace(end=None), recipient=SimpleNamespace(top=top)
        )
        assessed: Any = SimpleNamespace(incidents=None, events=None, flagged=None)
        with pytest.MonkeyPatch.context() as patch:
            early = [SimpleNamespace(incident_id="k")]
            patch.setattr(release_marks, "first", lambda *_, found=early: found)
            told = release_marks.most_urgent(made, flagged, assessed)
        assert list(told["mmsi"]) == kept
        assert list(told) == list(flagged), "nothing says how many others there are"


@pytest.mark.parametrize(
    ("marks", "whole"),
    [
        ([], "TLP:GREEN · REL AUS"),
        (["c"], "TLP:GREEN · REL ALL"),
        (["a", "b"], "TLP:AMBER · REL AUS"),
        (["b", "s1"], "TLP:RED · REL AUS, MYS"),  # on each list by another of its names
    ],
)
def test_the_mark_of_a_whole_lets_its_recipient_have_it(marks: list[str], whole: str) -> None:
    whom = Recipient(title="x", holds=("MYS", "AUS"), max_tlp=Tlp.RED, formats=("csv",))
    given = [SOURCES.get(one, SOURCES.get(f"sighting {one}", DEFAULT)) for one in marks]
    assert str(cut.of_whole(given, whom, DEFAULT)) == whole
