"""The brief without a browser: one file, no address, complete without scripts."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import detectors
from detectors.surroundings.zones import Zones
from pipelines.base import labels
from pipelines.detect.lacking import LACKING
from pipelines.publish import brief, notices
from pipelines.publish.brief import problems, render
from pipelines.publish.brief import scene as scenes
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import vessel_cards
from pipelines.publish.maps import canvas, page, style
from pipelines.publish.maps.canvas import data_of, delta_coded
from pipelines.publish.maps.thin import kept
from pipelines.publish.products import Products
from tests.pipelines.conftest import holds_its_policy
from tests.pipelines.publish.conftest import decoded


def json_of(page: str) -> Any:
    return json.loads(
        re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[0]
    )


def map_of(products: Products, cards: Any) -> dict[str, Any]:
    """What the scripts of the brief's map draw."""
    return data_of(scene_of(products, cards))


class _Words(HTMLParser):
    """What is read with scripts off."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def words(text: str) -> str:
    reader = _Words()
    reader.feed(text)
    return " ".join(" ".join(reader.words).split())


@pytest.fixture(scope="module")
def page_text(products: Products) -> str:
    return render(products)


@pytest.fixture(scope="module")
def empty_text(empty: Products) -> str:
    return render(empty)


@pytest.fixture(scope="module")
def hostile_text(hostile: Products) -> str:
    return render(hostile)


@pytest.fixture(scope="module")
def coastless_text(coastless: Products) -> str:
    return render(coastless)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["page_text", "empty_text", "hostile_text"])
def test_no_address_is_named(which: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(which)
    assert len(text.encode()) < 2_000_000
    tags = re.findall(
        r"<[a-zA-Z][^>]*>", re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.S)
    )
    for tag in tags:
        assert not re.search(r"\s(src|srcset|action|formaction|data|poster|ping|on\w+)=", tag), tag
        for link in re.findall(r'\shref="([^"]*)"', tag):
            assert link == "data:," or link.startswith("#")
    code = "".join(re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, re.S))
    assert "sourceMappingURL" not in code  # debuggers would look for it
    for vendored in (
        canvas.leaflet(),
        page.text_of("pipelines.publish.maps", "leaflet/leaflet.css"),
    ):
        assert vendored in code
        code = code.replace(vendored, "")
    for asks in (
        "http:",
        "https:",
        "url(",
        "@import",
        "fetch(",
        "XMLHttp",
        "import(",
        "Beacon",
        "WebSocket",
        "EventSource",
        "new Image",
        "Worker",
    ):
        assert asks not in code, asks


def test_policy_allows_one_script_and_one_sheet_by_hash(page_text: str) -> None:
    holds_its_policy(page_text)
    leaflet, script = re.findall(r"<script>(.*?)</script>", page_text, re.DOTALL)
    assert "BSD 2-Clause License" in leaflet
    assert "innerHTML" not in script
    assert "eval(" not in script


def test_the_list_is_whole_without_scripts(products: Products, page_text: str) -> None:
    shown = words(page_text)
    assert shown.count("SIMULATED DATA – EXERCISE") >= 2
    assert "Flags are leads, not findings." in shown
    assert "Small boats often carry no AIS" in shown
    assert "20 Nov 2026 16:00 – 21 Nov 2026 16:00 UTC" in shown
    assert "21 Nov 2026 00:00 – 22 Nov 2026 00:00 MYT" in shown
    assert products.run_id in shown
    assert "no name reported" in shown
    for card in vessel_cards(products):
        assert card.name in shown
        for event in card.events:
            assert event.reason.split(" (")[0] in shown
            assert event.when_utc in shown
            assert event.when_local in shown
            assert event.where in shown
    assert "Innocent explanation: bunkering in port limits" in shown
    assert "median sog" in shown
    assert "bad checksum 1,739" in shown
    assert "in · rows 812,044" in shown


@pytest.mark.slow
def test_nothing_flagged(empty_text: str) -> None:
    shown = words(empty_text)
    assert "No vessel was flagged." in shown
    assert "This isn't “all clear”" in shown
    assert "Small boats often carry no AIS" in shown
    assert json_of(empty_text)["land"]


def test_a_night_without_a_flag_says_first_what_it_looked_at_and_could_not_judge(
    empty: Products,
) -> None:
    counts = {"vessels_looked_at": 12, "reports_looked_at": 345, "out_of_reach": 1662}
    told = {**empty.manifest, "counts": counts, "lacking": ["speed"]}
    first = words(render(replace(empty, manifest=told))).partition("This isn't “all clear”")[0]
    assert "Complete." in first
    assert "Vessels looked at: 12; reports of the night and before it: 345" in first
    assert LACKING["speed"] in first
    assert "1,662 events aren't assessed, as no land layer reaches them" in first


@pytest.mark.parametrize(
    ("language", "n", "said"),
    [
        ("en", 1, "1 event isn't assessed, as no land layer reaches it: it isn't on the list."),
        ("en", 2, "2 events aren't assessed, as no land layer reaches them: none is on the list."),
        ("ms", 1, "1 kejadian tidak dinilai, kerana tiada lapisan daratan sampai ke tempatnya: ia"),
        ("ms", 2, "2 kejadian tidak dinilai, kerana tiada lapisan daratan sampai ke tempatnya"),
    ],
)
def test_one_event_that_could_not_be_judged_is_one(language: str, n: int, said: str) -> None:
    (told,) = notices.unassessed({"counts": {"out_of_reach": n}}, labels.labels(language))
    assert told.startswith(said)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "49 of 72 silences began within five minutes, from 06 Jan 2026 23:57 MYT: a feed or",
        ),
        ("ms", "49 daripada 72 kesenyapan bermula dalam masa lima minit, dari 06 Jan 2026 23:57"),
    ],
)
def test_silences_of_the_same_minutes_are_told(language: str, said: str) -> None:
    at_once = {"n": 49, "of": 72, "from": "2026-01-06T15:57:17Z"}
    end = datetime(2026, 1, 7, 16, tzinfo=UTC)
    told = notices.reception({"silent_at_once": at_once}, end, labels.labels(language))
    assert [text[: len(said)] for text in told] == [said]


def test_a_real_run_has_no_exercise_banner(coastless: Products) -> None:
    assert "SIMULATED" not in words(render(replace(coastless, simulated=False)))


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ({"detector gap": "ValueError: no"}, "detector gap failed: ValueError: no"),
        ({"file flagged.gpx": "ValueError: no"}, "file flagged.gpx failed: ValueError: no"),
        ([{"detector": "gap", "message": "no"}], "detector gap failed: no"),
        (["gap broke"], "gap broke"),
        ({}, "names no step"),
    ],
)
def test_a_partial_run_says_what_failed(failures: Any, said: str) -> None:
    manifest = {"state": "partial", "failures": failures}
    assert said in problems(manifest)[0]


def test_a_partial_run_says_so(coastless: Products) -> None:
    manifest = {"state": "partial", "failures": {"detector gap": "ValueError: no", "x": "y"}}
    shown = words(render(replace(coastless, manifest=manifest)))
    assert "Partial run." in shown
    for said in problems(manifest):
        assert said in shown


def test_a_complete_run_says_nothing_of_it(page_text: str) -> None:
    assert "Partial run." not in words(page_text)


def test_what_isnt_assessed_isnt_called_innocent(coastless: Products) -> None:
    text = "not assessed: no land or zone layer reaches this place"
    events = coastless.events.assign(explanation=text)
    flagged = coastless.flagged.assign(explanations=text)
    shown = words(render(replace(coastless, events=events, flagged=flagged)))
    assert "Not assessed: no land or zone layer" in shown
    assert "Innocent explanation" not in shown


def test_a_reason_is_told_from_the_vessels_own_side(products: Products) -> None:
    flagged = products.flagged.head(1).assign(reasons="Met the other | Then went home")
    [card] = vessel_cards(replace(products, flagged=flagged))
    assert [event.reason for event in card.events] == ["Met the other", "Then went home"]


def test_more_than_the_page_holds_is_said(coastless: Products) -> None:
    parts = [coastless.flagged.assign(rank=coastless.flagged["rank"] + 40 * i) for i in range(3)]
    shown = words(render(replace(coastless, flagged=pd.concat(parts, ignore_index=True))))
    assert f"Flagged below these: {120 - brief.VESSEL_LIMIT} more" in shown


def test_without_land_the_page_says_so(products: Products) -> None:
    text = render(replace(products, zones=Zones.none()))
    assert "No coastline was at hand" in words(text)
    assert "OpenStreetMap" not in text
    assert json_of(text)["land"] == []


@pytest.mark.slow
def test_size_of_a_big_night(products: Products, tmp_path: Path) -> None:
    tracks = []
    for i in range(13):
        tracks.append(
            products.tracks.assign(
                mmsi=products.tracks["mmsi"] + i * 100,
                lat=products.tracks["lat"] + i / 100,
                track_id=products.tracks["track_id"] + i * 10_000,
            )
        )
    many = pd.concat(tracks).sort_values(["track_id", "time"], ignore_index=True)
    flagged = pd.concat(
        [
            products.flagged.assign(
                rank=products.flagged["rank"] + 40 * i, mmsi=products.flagged["mmsi"] + 100 * i
            )
            for i in range(3)
        ],
        ignore_index=True,
    )
    assert len(many) > 250_000
    file = brief.write(replace(products, tracks=many, flagged=flagged), tmp_path / "brief.html")
    assert file.stat().st_size < 2_000_000


# ---- the data of the map


def test_delta_coding_loses_less_than_half_a_unit() -> None:
    xy = np.random.default_rng(1).uniform(-3, 3, (50, 2))
    assert np.abs(decoded(delta_coded(xy, 10_000), 2) / 10_000 - xy).max() <= 0.5 / 10_000 + 1e-12


def test_tracks_on_the_map_stay_near_the_reports(coastless: Products) -> None:
    data = map_of(coastless, vessel_cards(coastless))
    assert len(data["tracks"]) == coastless.tracks["track_id"].nunique()
    for track in data["tracks"][:8]:
        mine = coastless.tracks[coastless.tracks["mmsi"] == track["mmsi"]]
        drawn = np.concatenate([decoded(piece, 3) for piece in track["pieces"]])
        line = shapely.LineString(drawn[:, :2] / data["track_scale"] + [data["lon0"], 0])
        away = shapely.distance(line, shapely.points(mine["lon"], mine["lat"]))
        assert away.max() < 0.0003  # 30 m
        # And at its time: a mark that moves along the line is where the vessel was
        seconds = (mine["time"] - coastless.start).dt.total_seconds()
        for k, name in enumerate(("lon", "lat")):
            at = np.interp(seconds, drawn[:, 2], drawn[:, k] / data["track_scale"])
            at += data["lon0"] if name == "lon" else 0
            assert np.abs(at - mine[name]).max() < 0.0003
        assert len(drawn) < len(mine)


def test_a_silence_parts_a_track(coastless: Products) -> None:
    data = map_of(coastless, vessel_cards(coastless))
    silent = set(coastless.events["mmsi"][coastless.events["kind"] == "gap"])
    assert silent
    for track in data["tracks"]:
        if track["mmsi"] in silent:
            assert len(track["pieces"]) >= 2


def test_an_incident_has_one_mark_from_afar(coastless: Products) -> None:
    table = coastless.incidents.sort_values("rank", ignore_index=True)
    first, second = table.loc[0], table.loc[1]
    own, other = str(first["events"]).split(";")[0], str(second["events"]).split(";")[0]
    table.loc[0, "events"] = f"{other};{own}"  # it is told by what its second vessel did
    named = coastless.flagged["incident_id"].replace(second["incident_id"], first["incident_id"])
    together = replace(
        coastless,
        incidents=table.drop(index=1),
        flagged=coastless.flagged.assign(incident_id=named),
    )
    main = {one["id"] for one in map_of(together, vessel_cards(together))["events"] if one["main"]}
    assert other in main
    assert own not in main
    before = map_of(coastless, vessel_cards(coastless))["events"]
    assert main | {own} == {one["id"] for one in before if one["main"]}


@pytest.mark.slow
def test_what_is_told_of_lies_in_the_first_view(products: Products) -> None:
    data = map_of(products, vessel_cards(products))
    box = data["box"]
    told = [event for event in data["events"] if event["main"]]
    for items, (west, south, east, north) in ((told, data["fit"]), (data["vessels"], box)):
        assert items
        for item in items:
            assert west <= item["x"] <= east
            assert south <= item["y"] <= north
    land = np.concatenate([decoded(ring, 2) for ring in data["land"]]) / data["scale"]
    assert land[:, 0].min() >= box[0] - 1e-3
    assert land[:, 0].max() <= box[2] + 1e-3
    assert {label["text"] for label in data["states"]} >= {"MALAYSIA", "INDONESIA", "SINGAPORE"}


def test_the_antimeridian_has_no_seam(products: Products) -> None:
    def shifted(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(lon=(frame["lon"] + 79 + 180) % 360 - 180)

    moved = replace(
        products,
        events=shifted(products.events),
        flagged=shifted(products.flagged),
        tracks=shifted(products.tracks),
        zones=Zones.none(),
    )
    here = map_of(replace(products, zones=Zones.none()), vessel_cards(products))
    there = map_of(moved, vessel_cards(moved))
    assert there["fit"] == pytest.approx(here["fit"], abs=1e-3)
    assert [e["x"] for e in there["events"]] == pytest.approx(
        [e["x"] for e in here["events"]], abs=1e-3
    )
    assert [len(t["pieces"]) for t in there["tracks"]] == [len(t["pieces"]) for t in here["tracks"]]


def test_what_isnt_listed_is_counted(coastless: Products, coastless_text: str) -> None:
    said = "gap would raise 60 of 100 vessels, more than its share"
    counts = {"over_budget": 17, "of_own_vessels": 9}
    manifest = {**coastless.manifest, "held_back": [said], "counts": counts}
    page = words(render(replace(coastless, manifest=manifest)))
    assert said in page
    [malay] = notices.held_back(manifest, labels.labels("ms"), 400)
    assert malay == (
        "kejadian senyap akan menimbulkan 60 daripada 100 vesel, lebih daripada bahagiannya"
    )
    assert "are over the night's budget: 17" in page
    assert "which flag nobody: 9;" in page
    without = words(coastless_text)
    assert not any(text in without for text in ("Held back", "flag nobody"))


@pytest.mark.slow
def test_boundaries_and_lanes_are_drawn(products: Products) -> None:
    zones = products.zones
    assert len(map_of(products, vessel_cards(products))["borders"]) > 3
    frame = zones.frame.assign(
        zone_class=["tss_lane", *zones.frame["zone_class"][1:]],
        direction_deg=[130.0, *[float("nan")] * (len(zones.frame) - 1)],
    )
    with_lane = replace(products, zones=Zones(frame, zones.land, zones.reach))
    data = map_of(with_lane, vessel_cards(products))
    assert [(z["look"], z["toward_deg"]) for z in data["zones"] if z["toward_deg"] is not None] == [
        ("lane", 130)
    ]
    assert data["borders"] == []
    page = words(render(with_lane))
    assert "lane and its direction" in page
    assert "agreed boundary" not in page


def test_leaflet_is_the_one_that_was_published() -> None:
    # The hashes of leaflet-1.9.4.tgz's files; maps/leaflet/SOURCE.txt has that of the package
    published = {
        "leaflet.js": "db49d009c841f5ca34a888c96511ae936fd9f5533e90d8b2c4d57596f4e5641a",
        "leaflet.css": "a7837102824184820dfa198d1ebcd109ff6d0ff9a2672a074b9a1b4d147d04c6",
    }
    for name, digest in published.items():
        content = resources.files("pipelines.publish.maps").joinpath(f"leaflet/{name}").read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest


def test_a_stop_on_a_straight_way_is_kept() -> None:
    seconds = np.arange(0, 7200, 60)
    moved = np.minimum(seconds, 1800) + np.maximum(seconds - 5400, 0)
    x, y = 100 + moved / 7200, np.full(len(seconds), 3.0)
    found = kept(x, y, seconds, np.array([0, len(seconds)]), 0.0001)
    assert set(seconds[found]) == {0, 1800, 5400, 7140}


def test_every_kind_has_a_mark_of_its_own(page_text: str) -> None:
    assert set(detectors.names()) <= set(style.MARKS) - {"other"}
    drawn = dict(re.findall(r'<g id="k-(\w+)">(.*?)</g>', page_text))
    assert set(drawn) == set(style.MARKS)
    assert len(set(drawn.values())) == len(drawn)


def test_no_reach_is_drawn_of_a_hull_that_went_on_under_another_number(
    products: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "_pace_kn", lambda *_: 9.0)

    def paces(of: Products) -> dict[str, float]:
        scene = scene_of(of, vessel_cards(of))
        return {one.id: one.pace_kn for one in scene.events if one.kind == "gap"}

    before = paces(products)
    gap = next(iter(before))
    assert set(before.values()) == {9.0}
    events = products.events
    went_on = events[events["event_id"] == gap].assign(
        event_id="went on", kind="identity", subkind="hand_over", other_mmsi=533_000_009
    )
    after = paces(replace(products, events=pd.concat([events, went_on], ignore_index=True)))
    assert after == {**before, gap: 0.0}
    silent = events[events["event_id"] == gap].iloc[0]
    earlier = {(silent["mmsi"], silent["start"]): 533_000_009}  # a night before told of it
    assert paces(replace(products, heard_since=earlier)) == {**before, gap: 0.0}


def test_what_to_do_stands_on_the_first_screen(page_text: str) -> None:
    first, _, _ = page_text.partition('class="find"')
    _, _, first = first.partition('class="first"')
    assert first.count("<li>") == first.count("<i>Next:</i>") > 0


def test_poor_reception_stands_on_the_first_screen(
    coastless: Products, coastless_text: str
) -> None:
    poor = {"blocks": 3, "usual": 11, "lat": 2.5, "lon": 101.25}
    told = {"poor": poor, "gaps": 2, "longest_gap_s": 5400.0}
    page = render(replace(coastless, manifest={**coastless.manifest, "reception": told}))
    first, _, _ = page.partition('class="first"')
    assert "3 of 11 areas" in first
    assert "02°30.00′N 101°15.00′E" in first
    assert (
        "there were 2 gaps, the longest 1.5 h, in which nothing, or next to nothing, was heard"
        in first
    )
    since = {"longest_gap_from": "2026-01-06T01:10:00Z"}
    one = {**coastless.manifest, "reception": {**told, **since, "gaps": 1}}
    assert "one gap, of 1.5 h from 06 Jan 2026 09:10 MYT, in which" in render(
        replace(coastless, manifest=one)
    )
    good = {"poor": None, "gaps": 0, "longest_gap_s": 0.0}
    fine = replace(coastless, manifest={**coastless.manifest, "reception": good})
    for page in (render(fine), coastless_text):
        assert "Poor reception" not in page


def test_what_the_feeds_lack_stands_on_the_first_screen(
    coastless: Products, coastless_text: str
) -> None:
    """Also where the night found nothing to fault them for; a name of a later version is left."""
    told = {**coastless.manifest, "lacking": ["speed", "of a later version"]}
    page = render(replace(coastless, manifest=told))
    first, _, _ = unescape(page).partition('class="first"')
    assert LACKING["speed"] in first
    assert "later version" not in first
    assert LACKING["speed"] not in unescape(coastless_text)
