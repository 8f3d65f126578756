"""Places at the desk: learned ones are decided on, watch areas drawn, tried and saved."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from detectors.core.errors import ConfigError
from pipelines import store
from pipelines.assess.silenced import silenced, summary
from pipelines.base.labels import labels
from pipelines.base.progress import Doing, noted_in, reporter
from pipelines.base.settings import load
from pipelines.reference import learned
from pipelines.reference.layers import area_text, read_area
from pipelines.run import backtests
from pipelines.run.setup import load_zones
from pipelines.web import areas, outlines, rooms
from pipelines.web.corners import outline_of
from tests.pipelines.web.conftest import Own, Page
from tests.pipelines.web.test_pages import holds_up


def test_places_are_shown_with_what_accepting_one_would_have_silenced(own: Own) -> None:
    page = own.reader.page("/places")
    holds_up(page)
    assert any(told.startswith("transfer area (") for _, told in page.all("summary"))
    snapshot = learned.read_newest(own.home / "learned")
    assert snapshot is not None
    with store.read(own.home / "store") as opened:
        [past] = silenced(opened, snapshot.features).values()
    assert past
    [(_, told)] = [one for one in page.all("summary") if "silenced" in one[1]]
    flagged = sum(one.flagged for one in past)
    events = "1 event" if len(past) == 1 else f"{len(past)} events"
    assert told == f"Accepted, it would have silenced {events} ({flagged} flagged)", summary(past)
    nights = {
        f"{one.start.tz_convert('Asia/Kuala_Lumpur') - pd.Timedelta('12h'):%Y-%m-%d}"
        for one in past
    }
    for night in nights:
        assert f"night of {night}: " in page.text
    for one in past[:12]:
        assert f"/event/{one.event_id}" in page.html
    [(_, data)] = page.all("script", id="data")
    drawn = json.loads(data)
    assert [one["key"] for one in drawn["regions"]] == [snapshot.ids()[0].removeprefix("learned-")]
    assert len(drawn["points"]) == len(past)
    assert {one["group"] for one in drawn["points"]} == {outlines.night_of(one) for one in past}


def test_a_place_is_accepted_by_somebody_and_taken_back(own: Own) -> None:
    key = learned.read_newest(own.home / "learned").ids()[0].removeprefix("learned-")  # type: ignore[union-attr]
    assert own.sent(f"/places/{key}", decision="accept", operator="PO Siti") == f"/places#{key}"
    zone_id = f"learned-{key}"
    decided = learned.decided(own.home / "learned")[zone_id]
    assert (decided.what, decided.by) == ("accept", "PO Siti")
    assert pd.Timestamp(decided.made) <= pd.Timestamp.now("UTC")
    assert zone_id in set(load_zones(load(own.home, own.config)).frame["zone_id"])
    page = own.reader.page("/places")
    assert "PO Siti" in page.text
    assert page.all("p", **{"class": "good"})[0][1] == "Recorded."
    own.sent(f"/places/{key}", decision="undo")
    assert learned.decided(own.home / "learned") == {}


def area_of(own: Own, stem: str) -> dict[str, object]:
    return read_area(own.areas / f"{stem}.yaml")


def test_an_area_is_tried_as_the_command_tries_it_and_then_saved(own: Own) -> None:
    where = own.sent("/area/new", act="try", **own.about, score="0.4")
    page = own.done(where.partition("#")[0])
    holds_up(page)
    assert not list(own.areas.glob("*.yaml"))  # nothing was written
    assert page.all("textarea", id="corners")[0][1].split() == own.about["corners"].split()
    installation = load(own.home, own.config)
    assert own.sent("/area/new", act="save", **own.about, score="0.4") == ("/places#off-klang")
    made = area_of(own, "off-klang")
    [watch] = made["watches"]  # type: ignore[misc]
    assert (watch.when, watch.score) == ("enter", 0.4)
    assert "Lt Aminah" in str(made["note"])
    trial = backtests.trial_of_area(installation, own.areas / "off-klang.yaml")
    with reporter(quiet=True) as report:
        outcome = backtests.run_backtest(installation, trial, None, None, None, report)
    new = outcome.result.compared.query("status == 'new'")
    assert len(new) > 0
    sentences = [outcome.reasons[one].rpartition(" (")[0] for one in new["event_id"].head(40)]
    assert all(one in page.text for one in sentences)  # when it was stands beside it
    for mmsi in outcome.flags_changed()[0]:
        assert f"/vessel/{mmsi:09d}" in page.html
    assert "Off Klang" in own.reader.page("/places").text
    own.reader.send("/settings", language="ms", operator="Lt Aminah")
    anew = {**own.about, "name": "Luar Klang"}
    said = own.done(own.sent("/area/new", act="try", **anew, score="0.4").partition("#")[0]).text
    own.reader.send("/settings", language="en", operator="Lt Aminah")
    assert "Memasuki kawasan pantauan Luar Klang" in said
    assert "Entered the watched area" not in said


def test_an_area_is_changed_by_who_has_seen_it_and_never_by_its_name(own: Own) -> None:
    own.sent("/area/new", act="save", **own.about)
    taken = own.post("/area/new", act="save", **own.about)
    assert taken.status_code == 400
    told = Page(taken.text)
    assert "off-klang.yaml" in told.all("p", role="alert")[0][1]
    assert told.all("input", name="name")[0][0]["value"] == "Off Klang"  # what was typed is kept

    page = own.reader.page("/areas/off-klang")
    holds_up(page)
    seen = page.all("input", name="seen")[0][0]["value"]
    corners = page.all("textarea", id="corners")[0][1]
    before = area_of(own, "off-klang")
    form = {**own.about, "corners": corners, "seen": seen, "rule": "1", "when": "speed"}
    own.sent("/areas/off-klang", act="save", **form, speed_kn="25", vessels_tanker="1")
    after = area_of(own, "off-klang")
    assert after["geometry"] == before["geometry"]  # nobody touched it
    assert [one.when for one in after["watches"]] == ["enter", "speed"]  # type: ignore[attr-defined]
    assert after["watches"][1].vessels == ("tanker",)  # type: ignore[index]
    assert (own.areas / "off-klang.yaml.before").exists()
    late = own.post("/areas/off-klang", act="save", **form, speed_kn="30")
    assert (late.status_code, "changed since" in late.text) == (400, True)
    assert area_of(own, "off-klang") == after

    seen = own.reader.page("/areas/off-klang?rule=1").all("input", name="seen")[0][0]["value"]
    own.sent("/areas/off-klang", act="without", **{**form, "seen": seen}, speed_kn="25")
    assert [one.when for one in area_of(own, "off-klang")["watches"]] == ["enter"]  # type: ignore[attr-defined]
    seen = own.reader.page("/areas/off-klang").all("input", name="seen")[0][0]["value"]
    assert own.sent("/areas/off-klang", act="remove", **{**form, "seen": seen}) == "/places"
    assert not list(own.areas.glob("*.yaml"))
    assert (own.areas / "off-klang.yaml.before").exists()


def test_a_zone_is_held_against_the_zones_as_they_are_and_saved(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would change is told as it is, of each event: raised, no longer told of, or less."""
    zone = {**own.about, "zone_class": "anchorage", "when": "", "name": "Roads"}
    tried: list[backtests.Trial] = []
    compared = pd.DataFrame(
        {
            "event_id": ["a", "b", "c", "d"],
            "mmsi": [533000001, 533000002, 533000003, 533000004],
            "kind": "watch_area",
            "start": pd.Timestamp("2026-01-05T18:00Z"),
            "lat": 3.0,
            "lon": 101.0,
            "score": [0.7, 0.6, 0.5, 0.4],
            "score_before": [float("nan"), float("nan"), 0.9, 0.4],
            "status": ["new", "gone", "changed", "same"],
            "subkind": "silence",
            "other_mmsi": 0,
            "end": pd.NaT,
            "detector": "watch_area",
            "version": "1",
            "evidence": [{"zone_name": name} for name in ("Came", "Went", "Less", "Stayed")],
        }
    )

    class Outcome:
        result = SimpleNamespace(compared=compared)
        window = SimpleNamespace(start=compared["start"][0], end=compared["start"][0])
        vessel_hours = 9

        def counts(self) -> dict[str, dict[str, float]]:
            one = dict.fromkeys(("events", "leads", "vessels", "leads_per_1000_vessel_hours"), 1.0)
            return {"before": one, "after": one}

        def flags_changed(self) -> tuple[list[int], list[int]]:
            return [], [533000002]

    def quickly(_: object, trial: backtests.Trial, *more: object) -> Outcome:
        tried.append(trial)
        return Outcome()

    monkeypatch.setattr(backtests, "run_backtest", quickly)
    page = own.done(own.sent("/area/new", act="try", **zone).partition("#")[0])
    holds_up(page)
    assert page.all("p", role="alert") == []
    assert not list(own.areas.glob("*.yaml"))
    for said in ("new, 0.70", "no longer told of, 0.60", "0.90 → 0.50", "watched area Came"):
        assert said in page.text
    assert "Stayed" not in page.text
    assert "Off the list of flagged vessels it would take" in page.text
    [trial] = tried
    assert {"loitering", "encounter", "gap"} <= set(trial.names)
    now, then = (set(one.frame["zone_id"]) for one in trial.zones)
    assert then - now == {"watch-roads"}

    for wrong in ("joint_area", "watch_area", "<b>"):
        answer = own.post("/area/new", act="save", **{**zone, "zone_class": wrong})
        assert answer.status_code == 400
    own.sent("/area/new", act="save", **zone)
    made = area_of(own, "roads")
    assert (made["zone_class"], made["watches"]) == ("anchorage", ())
    zones = load_zones(load(own.home, own.config)).frame
    assert zones.set_index("zone_id").loc["watch-roads", "zone_class"] == "anchorage"
    page = own.reader.page("/areas/roads")
    holds_up(page)
    seen = page.all("input", name="seen")[0][0]["value"]
    again = own.sent("/areas/roads", act="try", **{**zone, "seen": seen})
    own.done(again.partition("#")[0])
    assert {"watch-roads"} <= set(tried[-1].zones[0].frame["zone_id"])  # as it was among them
    own.sent("/areas/roads", act="remove", **{**zone, "seen": seen})

    held = {"name": "Beach", "zone_class": "quiet_beach", "watch": [{"when": "enter"}]}
    ((corners,),) = outline_of(own.about["corners"])
    (own.areas / "beach.yaml").write_text(area_text({**held, "polygon": corners}))
    page = own.reader.page("/areas/beach")  # a class of one's own stays, and is nobody else's
    chosen = [about["value"] for about, _ in page.all("option") if "selected" in about]
    assert "quiet_beach" in chosen
    seen = page.all("input", name="seen")[0][0]["value"]
    beach = {**own.about, "name": "Beach", "zone_class": "quiet_beach", "seen": seen}
    assert own.post("/area/new", act="save", **beach).status_code == 400
    own.sent("/areas/beach", act="save", **beach)
    assert area_of(own, "beach")["zone_class"] == "quiet_beach"


@pytest.mark.parametrize(
    ("typed", "day"),
    [("30-11-2026", "2026-11-30"), ("2026-11-30", "2026-11-30"), ("5/1/2026", "2026-01-05")],
)
def test_dates_are_taken_with_the_day_or_the_year_first(typed: str, day: str) -> None:
    form = areas.typed({"valid_until": typed, "when": "enter", "operator": "x"}, "")
    assert f"{areas.rule_of(form)[1]['valid_until']}" == day


@pytest.mark.parametrize("typed", ["11-30-2026", "5-1-26", "5/1", "2026-11-31", "١-١-٢٠٢٦"])
def test_a_date_that_can_be_meant_otherwise_is_refused(refusing: Own, typed: str) -> None:
    for field in ("valid_until", "since"):
        answer = refusing.post("/area/new", act="try", **refusing.about, **{field: typed})
        assert answer.status_code == 400
        [(_, said)] = Page(answer.text).all("p", role="alert")
        assert f"'{typed}' is no date or time write 2026-11-25 or 25-11-2026" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 101\n3 102", "three corners"),
        ("3 101\n3 102\nx", "corner 3"),
        ("101 3\n102 3\n102 4", "lies nowhere"),
        ("1 2 3\n1 2 3\n1 2 3", "corner 1"),  # one of the two angles has minutes: which?
        ("-3S 101E\n3 102\n3 103", "corner 1"),
    ],
)
def test_a_corner_that_can_be_meant_otherwise_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        outline_of(text)


def test_corners_are_read_as_they_are_written() -> None:
    shown = "03°12.30′N 101°30.00′E\n03°12.30′S 101°30.00′W\n3 12.3 101 30\n3.205, 101.5;"
    here, there = [101.5, 3.205], [-101.5, -3.205]
    assert outline_of(shown) == [[[here, there, here, here]]]


def test_a_run_says_how_far_it_is_while_it_writes(own: Own) -> None:
    words, installation = labels("en"), load(own.home, own.config)
    with store.write(own.home / "store"):
        with reporter(quiet=True, noted=installation.progress) as report:
            with report.bar("Detecting", None) as bar:
                bar.say("pass 1: gap")
            with report.bar("Tracks and coverage", 7) as bar:
                told = own.reader.client.get("/live").json()
                assert told["doing"] == "Step 2 of 5: Tracks and coverage"
                assert told["share"] == 0
        assert not installation.progress.exists()
        assert own.reader.client.get("/live").json()["doing"] == ""
    said = rooms._doing(Doing("Reading x.nmea", "", 3, 4), words)
    assert said == "Step 1 of 5: Reading (x.nmea)"
    installation.progress.write_text("{")
    assert noted_in(installation.progress) is None


def test_every_form_field_fits_through_the_door() -> None:
    from pipelines.web.protocol import MAX_FIELDS

    assert len(areas._FIELDS) + len(areas.CLASSES) + len(("csrf", "act")) <= MAX_FIELDS
