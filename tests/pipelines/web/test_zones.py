"""Zones at the desk: opened, changed where they stand in their files, tried first, and logged."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import shapely
import yaml

from detectors.core.errors import ConfigError
from detectors.surroundings.zones import Zones
from pipelines.base.settings import load
from pipelines.reference import layers
from pipelines.run import backtests
from pipelines.run.setup import load_zones
from pipelines.web import changing, ruled, saving, watching
from tests.pipelines.web.conftest import Own, Page
from tests.pipelines.web.test_pages import holds_up

KLANG = "port-klang-anchorage"


def opened(own: Own, zone_id: str, rule: int = 0) -> dict[str, str]:
    """The form of a zone's page, as a browser would send it back untouched."""
    area = changing.find_zone(load(own.home, own.config), zone_id)
    assert area is not None
    form = changing.form_of(area, rule, "Lt Aminah")
    vessels = {f"vessels_{name}": "1" for name in form.vessels}
    return {k: v for k, v in vars(form).items() if isinstance(v, str)} | vessels


def feature(own: Own, file: str, zone_id: str) -> dict[str, Any]:
    document = json.loads((own.config / "zones" / file).read_text())
    return next(f for f in document["features"] if f["properties"]["zone_id"] == zone_id)


def test_a_zone_is_changed_where_it_stands_and_who_did_it_is_kept(own: Own) -> None:
    path = own.config / "zones" / "anchorages.geojson"
    before, held = path.read_text(), feature(own, "anchorages.geojson", KLANG)
    page = own.reader.page("/places")
    assert ("Port Klang anchorage, off Pintu Gedong") in [
        text for about, text in page.all("a") if about["href"] == f"/zones/{KLANG}"
    ]
    holds_up(own.reader.page(f"/zones/{KLANG}"))
    form = opened(own, KLANG)
    corners = form["corners"].splitlines()
    corners[1] = "02°43.00′N 101°15.00′E"
    asked = {"when": "speed_kn_max", "speed_kn": "12", "source": "Notice 7", "published": "1"}
    asked["drawn_from"] = "Chart 3 of 2026"
    moved = {**form, "corners": "\n".join(corners), **asked, "valid_from": "01-12-2026"}
    where = own.sent(f"/zones/{KLANG}", act="save", **moved)
    assert where == f"/places#{KLANG}"

    after, made = path.read_text(), feature(own, "anchorages.geojson", KLANG)
    ring, old = made["geometry"]["coordinates"][0], held["geometry"]["coordinates"][0]
    assert [a for a, b in zip(ring, old, strict=True) if a != b] == [[101.25, 2.716667]]
    [rule] = made["properties"]["rules"]
    assert rule == {
        "speed_kn_max": 12,
        "valid_from": "2026-12-01",
        "source": "Notice 7",
        "confidence": "published",
    }
    assert made["properties"]["source"] == "Chart 3 of 2026"
    assert "Changed by Lt Aminah" in made["properties"]["note"]
    assert held["properties"]["note"] in made["properties"]["note"]
    at = before.index(f'"{KLANG}"')  # the rest of the file is as it was, to the byte
    assert after.startswith(before[: before.rindex("{", 0, at)])
    assert after.endswith(before[before.index("port-dickson-anchorage") :])
    assert (path.with_name("anchorages.geojson.before")).read_text() == before
    zones = load_zones(load(own.home, own.config)).frame.set_index("zone_id")
    assert zones.loc[KLANG, "rules"][0].text == "speed_kn_max: 12"

    [told] = [one for one in layers.last_changes(own.home / "changes", 9) if one.zone_id == KLANG]
    assert (told.by, told.file) == ("Lt Aminah", "anchorages.geojson")
    assert re.search(r"outline of 6 corners, [\d.]+ km² → 6 corners, [\d.]+ km²", told.what)
    assert "with speed_kn_max: 12 (Notice 7 (from 2026-12-01))" in told.what
    page = own.reader.page("/places")
    holds_up(page)
    assert told.what in page.text
    [(_, line)] = page.all("li", id=KLANG)
    assert line.endswith("Saved.")  # where it is looked for

    late = own.post(f"/zones/{KLANG}", act="save", **moved)
    assert (late.status_code, "changed since" in late.text) == (400, True)
    assert path.read_text() == after
    form = opened(own, KLANG)
    assert (form["when"], form["speed_kn"], form["published"]) == ("speed_kn_max", "12", "1")
    own.sent(f"/zones/{KLANG}", act="without", **form)
    assert "rules" not in feature(own, "anchorages.geojson", KLANG)["properties"]


def test_what_nobody_touched_stays_and_two_may_work_on_one_file(own: Own) -> None:
    """A rule with what the desk doesn't ask for, keys of a user's own, an outline in pieces."""
    square = shapely.box(100.0, 3.0, 100.2, 3.2)
    pieces = shapely.union_all([square, shapely.box(100.5, 3.0, 100.6, 3.1)])
    about = {"zone_class": "cable", "source": "a chart", "confidence": "published", "name": "Cable"}
    watch = {"when": "stop", "vessels": ["tug", "cargo"], "score": 0.50}

    def zone(zone_id: str, outline: Any, **more: Any) -> dict[str, Any]:
        properties = {"zone_id": zone_id, "fid": 7, **about, **more}
        return {"type": "Feature", "id": zone_id, "properties": properties} | {
            "geometry": shapely.geometry.mapping(outline)
        }

    features = [zone("a-cable", pieces, watch=[watch], rules=[{"ais": "required", "source": "x"}])]
    features.append(zone("b-cable", square))
    path = own.config / "zones" / "cables.geojson"
    path.write_bytes(
        json.dumps({"type": "FeatureCollection", "from": "QGIS", "features": features}, indent=1)
        .replace("\n", "\r\n")
        .encode()
    )
    one, other = opened(own, "a-cable"), opened(own, "b-cable")
    page = own.reader.page("/zones/a-cable")
    assert page.all("textarea", id="corners")[0][1].split().count("+") == 1
    assert "more corners than can be typed" not in page.text
    own.sent("/zones/a-cable", act="save", **{**one, "name": "Cable <b>"})
    own.sent("/zones/b-cable", act="save", **{**other, "when": "enter"})  # opened before
    made = json.loads(path.read_text())
    assert (made["from"], made["features"][0]["id"]) == ("QGIS", "a-cable")
    kept = features[0]["properties"] | {"name": "Cable <b>"}
    assert {k: v for k, v in made["features"][0]["properties"].items() if k != "note"} == kept
    assert shapely.geometry.shape(made["features"][0]["geometry"]).equals(pieces)
    assert made["features"][1]["properties"]["watch"] == [{"when": "enter"}]
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")
    again = own.reader.page("/zones/a-cable?rule=1")
    assert again.all("input", name="when", checked="")[0][0]["value"] == "ais: required"
    own.sent("/zones/b-cable", act="remove", **opened(own, "b-cable"))
    assert [f["id"] for f in json.loads(path.read_text())["features"]] == ["a-cable"]
    assert "Cable: removed" in own.reader.page("/places").text


def test_a_zone_is_tried_against_itself_by_every_detector(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[backtests.Trial] = []

    def quickly(_: object, trial: backtests.Trial, *more: object) -> SimpleNamespace:
        tried.append(trial)
        raise ConfigError("enough")

    monkeypatch.setattr(backtests, "run_backtest", quickly)
    before = (own.config / "zones" / "anchorages.geojson").read_bytes()
    moved = "2.9 101.2\n2.8 101.3\n2.7 101.2"
    form = {**opened(own, KLANG), "corners": moved}
    page = own.done(own.sent(f"/zones/{KLANG}", act="try", **form).partition("#")[0])
    assert page.all("textarea", id="corners")[0][1].split() == moved.split()
    [trial] = tried
    assert {"loitering", "encounter", "gap", "anchoring"} <= set(trial.names)
    now, then = (one.frame.set_index("zone_id") for one in trial.zones)
    assert set(now.index) == set(then.index)
    assert now.loc[KLANG, "geometry"].area > 1.5 * then.loc[KLANG, "geometry"].area
    assert (own.config / "zones" / "anchorages.geojson").read_bytes() == before


def test_an_outline_over_land_is_told_before_it_is_saved(own: Own) -> None:
    zones = load_zones(load(own.home, own.config))
    assert watching._problems(zones, KLANG) == ()
    inland = zones.frame.assign(geometry=zones.frame["geometry"])
    inland.loc[inland["zone_id"] == KLANG, "geometry"] = shapely.box(101.5, 3.0, 101.7, 3.2)
    drawn = Zones(inland, zones.land, zones.reach, zones.boundaries)
    [said] = watching._problems(drawn, KLANG)
    assert "of it is land" in said
    assert "off the coast" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"corners": "3 101\n4 102\n4 101\n3 102"}, "valid"),
        ({"corners": "3 101\n4 102"}, "three corners"),
        ({"name": ""}, "no name"),
        ({"drawn_from": ""}, "source"),
        ({"confidence": "<b>"}, "how sure"),
        ({"zone_class": "territorial_sea"}, "what it is"),
        ({"when": "anchoring: prohibited"}, "nobody says"),
        ({"when": "anchoring: <b>"}, "what is to be told of"),
        ({"when": "speed_kn_max", "source": "x"}, "number"),
        ({"when": "speed_kn_max", "source": "x", "speed_kn": "99"}, "speed above 0"),
        ({"seen": "x"}, "changed since"),
        ({"corners": "-\n3 101\n4 102\n4 101"}, "a hole lies in a piece"),
        ({"corners": "3 101\n4 102\n4 101\n+"}, "three corners"),
        ({"corners": "3 101\n4 102\n4 101\n-\n8 101\n9 102\n9 101"}, "valid"),  # a hole outside
        ({"corners": "3 101\n4 102\n4 101\n+\n3 101\n4 102\n4 101"}, "valid"),  # one on another
        ({"corners": "3 101\n+ 4 102\n4 101\n3 102"}, "no position"),
        ({"corners": "3 101\n" * 1001}, "1000 corners at most"),
        ({"corners": "+\n" * 5000}, "three corners"),
        ({"zone_class": "lane", "direction_deg": "north"}, "is a number"),
        ({"zone_class": "lane", "direction_deg": "nan"}, "no direction"),
        ({"zone_class": "lane", "direction_deg": "361"}, "no direction"),
        ({"zone_class": "sts_area", "licensed": "<b>"}, "licensed isn't chosen"),
        ({"zone_class": "sts_area", "licensed": "yes"}, "who licenses"),
    ],
)
def test_a_zone_that_a_run_would_stumble_over_is_not_saved(
    refusing: Own, more: dict[str, str], said: str
) -> None:
    before = {path: path.read_bytes() for path in refusing.config.rglob("*.geojson")}
    answer = refusing.post(f"/zones/{KLANG}", act="save", **{**opened(refusing, KLANG), **more})
    assert answer.status_code == 400
    told = Page(answer.text)
    assert said in told.all("p", role="alert")[0][1]
    assert before == {path: path.read_bytes() for path in refusing.config.rglob("*.geojson")}


def test_pieces_and_holes_are_typed_and_the_rest_stays(own: Own) -> None:
    """A lane in two pieces with a hole, as GIS writes it: two pieces, one, and two again."""
    hole = [[100.05, 3.05, 1.5], [100.05, 3.1, 1], [100.1, 3.1, 1], [100.05, 3.05, 1.5]]
    outer = [[100.0, 3.0], [100.2, 3.0], [100.2, 3.2], [100.0, 3.2], [100.0, 3.0]]
    other = [[100.512345678, 3.0], [100.6, 3.0], [100.6, 3.1], [100.512345678, 3.0]]
    properties = {"zone_id": "north-lane", "name": "Lane", "zone_class": "lane", "fid": 7}
    properties |= {"source": "a chart", "confidence": "published", "direction_deg": 315.50}
    geometry = {"type": "MultiPolygon", "coordinates": [[outer, hole], [other]]}
    made = {"type": "Feature", "properties": properties, "geometry": geometry, "bbox": [1, 2]}
    path = own.config / "zones" / "lanes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [made]}, indent=1))
    before = path.read_text()
    form = opened(own, "north-lane")
    lines = form["corners"].split("\n")
    assert [line for line in lines if len(line) < 5] == ["-", "+"]
    assert form["direction_deg"] == "315.5"
    own.sent("/zones/north-lane", act="save", **{**form, "direction_deg": "135"})
    after = feature(own, "lanes.geojson", "north-lane")
    assert after["properties"]["direction_deg"] == 135
    assert after["geometry"] == geometry
    outline = before[before.index('"geometry"') :]
    assert path.read_text().endswith(outline)  # to the byte
    [told, *_] = layers.last_changes(own.home / "changes", 9)
    assert "direction deg 315.5 → 135" in told.what

    form = opened(own, "north-lane")
    moved = form["corners"].split("\n")
    moved[lines.index("-") + 2] = "03°06.60′N 100°03.00′E"
    own.sent("/zones/north-lane", act="save", **{**form, "corners": "\n".join(moved)})
    after = feature(own, "lanes.geojson", "north-lane")["geometry"]
    assert after["type"] == "MultiPolygon"
    assert after["coordinates"][1] == [other]  # nobody touched it
    assert after["coordinates"][0][0] == outer
    assert after["coordinates"][0][1][1] == [100.05, 3.11]

    form = opened(own, "north-lane")
    one = form["corners"].split("\n+\n")[1]
    own.sent("/zones/north-lane", act="save", **{**form, "corners": f"+\r\n{one}\r\n"})
    after = feature(own, "lanes.geojson", "north-lane")["geometry"]
    assert after == {"type": "MultiPolygon", "coordinates": [[other]]}
    [told, *_] = layers.last_changes(own.home / "changes", 9)
    assert ", 2 pieces, 1 hole → 3 corners" in told.what

    form = opened(own, "north-lane")
    port = {
        **form,
        "zone_class": "port",
        "direction_deg": "12",
    }  # hidden, and sent all the same
    own.sent("/zones/north-lane", act="save", **port)
    assert "direction_deg" not in feature(own, "lanes.geojson", "north-lane")["properties"]


def test_a_licence_is_given_and_taken_with_who_says_so(own: Own) -> None:
    zone_id = "tanjung-piai-sts"
    holds_up(own.reader.page(f"/zones/{zone_id}"))
    form = opened(own, zone_id)
    assert form["licensed"] == "no"
    asked = {"when": "transfer: licensed", "source": "Permit 3", "valid_until": "31-12-2026"}
    said = {"licensed": "yes", "licence_source": "Marine Department, permit 3/2026"}
    own.sent(f"/zones/{zone_id}", act="save", **{**form, **asked, **said})
    made = feature(own, "transfer_areas.geojson", zone_id)["properties"]
    assert (made["licensed"], made["licence_source"]) == (True, said["licence_source"])
    assert made["rules"][0]["valid_until"] == "2026-12-31"
    zones = load_zones(load(own.home, own.config)).frame.set_index("zone_id")
    assert zones.loc[zone_id, "licensed"]
    [told, *_] = layers.last_changes(own.home / "changes", 9)
    assert "licensed False → True" in told.what
    form = opened(own, zone_id)
    own.sent(f"/zones/{zone_id}", act="save", **{**form, "licensed": "", "licence_source": ""})
    made = feature(own, "transfer_areas.geojson", zone_id)["properties"]
    assert not {"licensed", "licence_source"} & made.keys()


def test_a_lane_in_pieces_is_drawn_as_an_area_of_its_own(own: Own) -> None:
    ring, hole = "3 101\n3 101.2\n3.2 101.2", "3.05 101.1\n3.05 101.15\n3.1 101.15"
    drawn = f"{ring}\n−\n{hole}\n+\n4 101\n4 101.2\n4.2 101.2"
    form = {"name": "New lane", "zone_class": "lane", "direction_deg": "360", "when": ""}
    own.sent("/area/new", act="save", corners=drawn, operator="Lt Aminah", **form)
    path = own.areas / "new-lane.yaml"
    zone = layers.read_area(path)
    assert zone["direction_deg"] == 0
    assert [len(one.interiors) for one in zone["geometry"].geoms] == [1, 0]
    area = changing.find(load(own.home, own.config), "new-lane")
    assert area is not None
    assert changing.form_of(area, 0, "").corners.split("\n").count("-") == 1
    zones = load_zones(load(own.home, own.config)).frame.set_index("zone_id")
    assert zones.loc["watch-new-lane", "direction_deg"] == 0
    holds_up(own.reader.page("/areas/new-lane"))


def test_a_change_after_a_line_that_was_cut_off_is_a_line_of_its_own(tmp_path: Path) -> None:
    change = layers.Changed("2026-11-28T00:00:00Z", "Lt Aminah", "a.geojson", "a", "drawn")
    with layers.noting(tmp_path, change):
        pass
    path = tmp_path / "zones.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at": "2026-11-28T00:01')
    for _ in range(2):
        with layers.noting(tmp_path, change):
            pass
    assert list(layers.last_changes(tmp_path, 9)) == [change] * 3
    assert path.read_bytes().count(b"\n") == 4


def test_what_was_not_changed_after_all_is_not_noted(tmp_path: Path) -> None:
    change = layers.Changed("2026-11-28T00:00:00Z", "Lt Aminah", "a.geojson", "a", "drawn")
    with layers.noting(tmp_path, change):
        pass
    before = (tmp_path / "zones.jsonl").read_bytes()
    with pytest.raises(OSError, match="full"), layers.noting(tmp_path, change):
        raise OSError("full")
    assert (tmp_path / "zones.jsonl").read_bytes() == before


def test_the_rules_of_a_layers_zone_are_changed_where_they_stand(own: Own) -> None:
    sea = "territorial-sea-mys"
    path = own.config / "zones" / "rules.yaml"
    before = path.read_bytes()
    page = own.reader.page(f"/zones/{sea}?rule=1")
    holds_up(page)
    assert page.all("input", name="when", checked="")[0][0]["value"] == "ais: required"
    assert "disabled" in page.all("textarea", id="corners")[0][0]

    def form(rule: int) -> dict[str, str]:
        area = ruled.find(load(own.home, own.config), sea)
        assert area is not None
        return {
            k: v
            for k, v in vars(changing.form_of(area, rule, "Lt Aminah")).items()
            if isinstance(v, str)
        }

    where = own.sent(f"/zones/{sea}", act="save", **{**form(1), "valid_until": "31-12-2026"})
    assert where == f"/places#{sea}"
    text = path.read_text("utf-8")
    assert text.startswith(before.decode()[: before.decode().index("  - ais: required")])
    assert path.with_name("rules.yaml.before").read_bytes() == before
    zones = load_zones(load(own.home, own.config)).frame.set_index("zone_id")
    assert [str(one.valid_until) for one in zones.loc[sea, "rules"]] == ["None", "2026-12-31"]
    [told, *_] = layers.last_changes(own.home / "changes", 9)
    assert (told.file, told.by) == ("rules.yaml", "Lt Aminah")
    assert "until 2026-12-31" in told.what
    late = own.post(f"/zones/{sea}", act="save", **{**form(1), "seen": "x"})
    assert (late.status_code, "changed since" in late.text) == (400, True)
    for wrong in ({"when": "enter"}, {"when": "entry: <b>", "source": "x"}, {"source": ""}):
        assert own.post(f"/zones/{sea}", act="save", **{**form(0), **wrong}).status_code == 400
    assert own.post(f"/zones/{sea}", act="remove", **form(0)).status_code == 400
    assert path.read_text("utf-8") == text

    asked = {"when": "entry: restricted", "source": "Order 12"}
    own.sent("/zones/territorial-sea-idn", act="save", **{**form(9), **asked, "seen": _none()})
    zones = load_zones(load(own.home, own.config)).frame.set_index("zone_id")
    assert [one.text for one in zones.loc["territorial-sea-idn", "rules"]] == ["entry: restricted"]
    assert len(zones.loc[sea, "rules"]) == 2
    own.sent(f"/zones/{sea}", act="without", **form(0))
    own.sent(f"/zones/{sea}", act="without", **form(0))
    assert sea not in yaml.safe_load(path.read_text("utf-8"))


def _none() -> str:
    """What tells that a zone has no rules."""
    return layers.written_rules(Path("nowhere"), "x")[1]


def test_a_rule_of_a_layers_zone_is_tried_in_the_place_of_the_one_that_stands(own: Own) -> None:
    installation = load(own.home, own.config)
    area = ruled.find(installation, "territorial-sea-mys")
    assert area is not None
    form = replace(changing.form_of(area, 0, "Lt Aminah"), when="entry: prohibited")
    trial = saving.change_of(installation, form, area).trial()
    now, then = (one.frame.set_index("zone_id").loc[area.zone_id, "rules"] for one in trial.zones)
    assert [one.asks for one in now] == ["anchoring", "ais"]
    assert [one.asks for one in then] == ["entry", "ais"]
    assert "geofence" in trial.names


@pytest.mark.parametrize("zone_id", ["nowhere", "../ports", "A"])
def test_what_stands_in_no_file_of_a_users_own_is_not_opened(refusing: Own, zone_id: str) -> None:
    refusing.reader.page(f"/zones/{zone_id}", 404)


def test_comments_of_a_watch_area_stay_and_it_may_ask_for_something(own: Own) -> None:
    text = (
        "# as Sgt Lim asked, 3 November\n"
        "name: Beach\n"
        "polygon: [[101.0, 3.0], [101.25, 3.0], [101.2, 3.25]]  # from the chart\n"
        "watch:\n"
        "  # the ferry is known\n"
        "  - when: stay   # half an hour\n"
        "    min_duration_min: 30\n"
    )
    own.areas.mkdir(exist_ok=True)
    path = own.areas / "beach.yaml"
    path.write_text(text)
    area = changing.find(load(own.home, own.config), "beach")
    assert area is not None
    form = vars(changing.form_of(area, 1, "Lt Aminah"))
    sent = {k: v for k, v in form.items() if isinstance(v, str)}
    asked = {"when": "entry: prohibited", "source": "Order 12"}
    own.sent("/areas/beach", act="save", **{**sent, **asked})
    made = path.read_text()
    assert made.startswith(text)
    zone = layers.read_area(path)
    assert [one.text for one in zone["rules"]] == ["entry: prohibited"]
    assert [one.when for one in zone["watches"]] == ["stay"]
