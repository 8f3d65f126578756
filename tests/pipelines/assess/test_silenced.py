"""What accepting a learned place would have silenced: a mother ship in a sparse week."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import shapely

import detectors
from detectors.core.evidence import Evidence, Explained
from pipelines.assess.silenced import silenced, summary
from pipelines.base.schemas import DISPOSITIONS

TIME = pd.Timestamp("2026-01-05T18:00Z")
MOTHER = (3.0, 100.0)


def event(event_id: str, detector: str, place: tuple[float, float], **more: Any) -> dict[str, Any]:
    facts = more.pop("facts", {"anchorage_distance_m": 40_000.0, "duration_s": 20_000})
    score = more.pop("score", 0.6)
    return {
        "event_id": event_id,
        "kind": detector,
        "subkind": "",
        "detector": detector,
        "mmsi": 533000001,
        "other_mmsi": 0,
        "start": TIME,
        "lat": place[0],
        "lon": place[1],
        "score": score,
        "evidence": Evidence(facts=facts, explained=Explained(score)),
        **more,
    }


class Past:
    """A store of these events and what was concluded of them."""

    def __init__(self, events: list[dict[str, Any]], said: dict[str, str], flagged: str) -> None:
        self._events, self._said, self._flagged = events, said, flagged

    def events_counted(self, *_: Any) -> pd.DataFrame:
        stands = [e for e in self._events if not e.get("retracted")]
        return pd.DataFrame(stands).assign(evidence="")

    def events_by_id(self, ids: Collection[str]) -> pd.DataFrame:
        known = [e for e in self._events if e["event_id"] in ids]
        return pd.DataFrame(known, columns=list(self._events[0]))

    def dispositions(self) -> pd.DataFrame:
        rows = [
            {"disposition_id": f"{k}-1", "event_id": k, "conclusion": v, "made_time": TIME}
            for k, v in self._said.items()
        ]
        return pd.DataFrame(rows, columns=list(DISPOSITIONS))

    def sql(self, _: str) -> pd.DataFrame:
        return pd.DataFrame({"event_ids": [self._flagged]})

    def vessels(self, _: pd.Timestamp) -> pd.DataFrame:
        return pd.DataFrame({"mmsi": [533000001], "ship_type": [70], "length_m": [90.0]})


def place(zone_class: str, half_deg: float = 0.03) -> dict[str, Any]:
    lat, lon = MOTHER
    box = shapely.box(lon - half_deg, lat - half_deg, lon + half_deg, lat + half_deg)
    facts = {"zone_id": f"learned-{zone_class}", "zone_class": zone_class}
    return {"properties": facts, "geometry": shapely.geometry.mapping(box)}


def told(zone_class: str, past: Past) -> list[Any]:
    return silenced(past, [place(zone_class)]).get(f"learned-{zone_class}", [])  # type: ignore[arg-type]


def test_an_anchorage_names_the_mother_ship_that_it_would_hide_concluded_first() -> None:
    near, far = (3.05, 100.0), (3.6, 100.0)
    past = Past(
        [
            event("high", "loitering", MOTHER, score=0.9),
            event("hid", "mother_ship", near, subkind="waiting", score=0.5),
            event("away", "mother_ship", far, subkind="waiting"),
            event("gone", "loitering", MOTHER, score=0.4, retracted=True),
            event("old", "loitering", MOTHER, score=0.3, retracted=True),
        ],
        {"gone": "cleared", "hid": "boarded"},
        "high;hid",
    )
    found = told("anchorage", past)
    assert [one.event_id for one in found] == ["hid", "gone", "high"]
    assert [one.score_then for one in found] == [0.0, 0.0, 0.0]
    assert "within 2.0 nm of an anchorage" in found[0].reason
    assert [one.flagged for one in found] == [True, False, True]
    assert summary(found) == (
        "would have silenced 3 events (2 flagged), 2 concluded: "
        "boarded 2026-01-05, cleared 2026-01-05"
    )


@pytest.mark.parametrize(
    ("zone_class", "detector", "subkind", "facts"),
    [
        ("waiting_area", "loitering", "", {"in_waiting_area": False, "duration_s": 9000}),
        ("waiting_area", "geofence", "stop", {}),
        ("anchorage", "outlier", "", {"anchorage_distance_m": 9e4, "duration_s": 7200}),
        (
            "ferry_route",
            "crossing",
            "",
            {"ferry_route_fraction": 0.1, "anchorage_distance_m": 9e4},
        ),
    ],
)
def test_each_class_excuses_its_own(
    zone_class: str, detector: str, subkind: str, facts: dict[str, Any]
) -> None:
    one = event("a", detector, MOTHER, subkind=subkind, facts=facts)
    (found,) = told(zone_class, Past([one], {}, ""))
    assert found.score_then < 0.6
    assert found.reason
    assert told("lane", Past([one], {}, "")) == []
    outside = {**one, "lat": 4.0}
    assert told(zone_class, Past([outside], {}, "")) == []


@pytest.mark.parametrize(
    ("detector", "subkind", "facts", "then"),
    [
        ("gap", "", {"is_open": True, "was_moving": True}, [0.0]),
        ("gap", "", {"is_open": False, "was_moving": False}, [0.0]),
        ("gap", "", {"is_open": False, "was_moving": True}, []),
        ("anchoring", "outside_designated", {}, [0.0]),
        ("anchoring", "in_prohibited", {}, []),
        ("mother_ship", "waiting", {}, [0.0]),
        ("mother_ship", "visited", {}, []),
    ],
)
def test_what_an_anchorage_leaves_out_is_what_its_detector_does(
    detector: str, subkind: str, facts: dict[str, Any], then: list[float]
) -> None:
    """A silence of 0.84 that is going on went with an anchorage of which nothing was said."""
    one = event("a", detector, MOTHER, subkind=subkind, facts=facts)
    found = told("anchorage", Past([one], {}, ""))
    assert [each.score_then for each in found] == then


def test_what_is_left_out_follows_the_configuration() -> None:
    past = Past([event("a", "loitering", MOTHER)], {}, "")
    used = detectors.build({"loitering": {"excluded_classes": ["port"]}})
    feature = place("anchorage")
    for given, then in (((), 0.0), (used, 0.24)):
        (found,) = silenced(past, [feature], given)["learned-anchorage"]  # type: ignore[arg-type]
        assert found.score_then == pytest.approx(then)


@pytest.mark.parametrize(("known", "then"), [(False, [0.42]), (True, []), (None, [])])
def test_a_meeting_counts_less_where_the_place_would_be_its_anchorage(
    known: bool | None, then: list[float]
) -> None:
    untried = Evidence(facts={} if known is None else {"in_anchorage": known})
    past = Past([{**event("a", "encounter", MOTHER), "evidence": untried}], {}, "")
    assert [one.score_then for one in told("anchorage", past)] == then
    assert told("waiting_area", past) == []


def test_nothing_is_silenced_where_nothing_falls() -> None:
    entered = event("a", "geofence", MOTHER, subkind="enter", facts={})
    unknown = SimpleNamespace(**event("b", "no_such_detector", MOTHER)).__dict__
    assert told("anchorage", Past([entered, unknown], {}, "")) == []
    assert summary([]) == ""
