"""Incidents: which events belong together, who is in them, and one id while they grow."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import events, frames, telling
from detectors.core.evidence import Evidence, Explained
from detectors.identity.shared import AT_SEA
from detectors.kinematics import geodesy
from detectors.surroundings.landmarks import Gazetteer
from detectors.surroundings.zones import Zones
from pipelines.assess.incidents import (
    Known,
    as_led,
    danger_in,
    danger_of,
    first,
    lasting,
    made_of,
    new_to_the_night,
    shown_span,
    steps,
    story,
    titles,
    told_before,
    versions_then,
    whereabouts,
    with_events,
)
from pipelines.assess.incidents.beside import part
from pipelines.assess.incidents.grouping import grouped
from pipelines.assess.incidents.known import weak_in
from pipelines.assess.incidents.plots import CROWD, MOST, followed, way_of
from pipelines.assess.incidents.silences import at_once, changes_since, numbers_since, unlikely
from pipelines.assess.incidents.steps import NEXT_STEPS
from pipelines.assess.incidents.wording import described, retold
from pipelines.assess.ranking import Assessment, named
from pipelines.assess.reasons import Teller
from pipelines.base.labels import labels
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.base.settings import REFERENCE
from pipelines.reference.layers import load_gazetteer
from pipelines.run.plan import boats_of
from tests.making import event_row

NIGHT = pd.Timestamp("2026-01-05T16:00", tz="UTC").as_unit("us")
SHIP, BOAT, OTHER_BOAT, PILOT, NEW = 533000001, 533000002, 533000003, 533000004, 533000009
ENCOUNTER = {
    "median_distance_m": 20.0,
    "median_speed_kn": 0.4,
    "other_median_speed_kn": 0.5,
    "zones_reached": True,
}
MOTHER = {"n_visits": 2, "n_visitors": 2, "visitors": f"{BOAT:09d} {OTHER_BOAT:09d}"}
HAND_OVER = {
    "from_mmsi": f"{SHIP:09d}",
    "to_mmsi": f"{NEW:09d}",
    "pause_s": 300.0,
    "miss_m": 90.0,
}


def at(hour: float) -> pd.Timestamp:
    return NIGHT + pd.Timedelta(hours=hour)


def event(
    kind: str,
    hour: float,
    until: float | None,
    mmsi: int = SHIP,
    other: int = 0,
    evidence: Mapping[str, Any] = {},
    **more: Any,
) -> dict[str, Any]:
    pair = [mmsi, other] if other else [mmsi] if mmsi else []
    given = {"mmsi": mmsi, "other_mmsi": other, "track_ids": ";".join(f"{one}01" for one in pair)}
    given |= {"lat": 4.2, "lon": 100.3, "evidence": evidence}
    return event_row(kind, at(hour), None if until is None else at(until), **{**given, **more})


def parts_of(found: pd.DataFrame, group: np.ndarray, scores: Mapping[int, float]) -> list[set[str]]:
    """Sets of event names (kind and hour) that are together."""
    names = [
        f"{k}@{(s - NIGHT).total_seconds() / 3600:g}"
        for k, s in zip(found["kind"], found["start"], strict=True)
    ]
    return sorted(
        (
            {n for n, g in zip(names, group, strict=True) if g == label}
            for label in set(group) - {-1}
        ),
        key=min,
    )


def without_coasts(step: str) -> str:
    """What to do next, without at which coasts and when."""
    return step.partition("; it was at the coast of")[0].partition("; it can be at the coast")[0]


def advice(*about: Any, **more: Any) -> str:
    return without_coasts(steps.next_step(*about, **more))


def together(*rows: dict[str, Any], flagged: Mapping[int, float] | None = None) -> list[set[str]]:
    found = events.build(list(rows))
    scores = flagged or dict.fromkeys((SHIP, BOAT, OTHER_BOAT, NEW), 0.6)
    return parts_of(found, grouped(found, scores, 0.3, at(24)), scores)


def test_a_mother_ship_and_the_boats_that_came_to_her_are_one() -> None:
    assert together(
        event("mother_ship", 1, 6, evidence=MOTHER),
        event("encounter", 1, 1.5, SHIP, BOAT, ENCOUNTER),
        event("encounter", 3, 3.5, SHIP, OTHER_BOAT, ENCOUNTER),
        event("crossing", 4, 6, OTHER_BOAT),
    ) == [{"mother_ship@1", "encounter@1", "encounter@3", "crossing@4"}]


def test_what_one_vessel_does_hours_later_is_another_incident() -> None:
    assert together(event("loitering", 1, 2), event("gap", 9, 12)) == [{"gap@9"}, {"loitering@1"}]
    assert together(event("loitering", 1, 2), event("gap", 3.5, 12)) == [{"gap@3.5", "loitering@1"}]


def test_the_same_two_who_meet_again_within_a_day_are_one() -> None:
    again = event("encounter", 10, 11, SHIP, BOAT, ENCOUNTER)
    late = event("encounter", 36, 37, BOAT, SHIP, ENCOUNTER)
    other = event("encounter", 20, 21, SHIP, OTHER_BOAT, ENCOUNTER)
    met = event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER)
    hours = sorted([{"encounter@1", "encounter@10"}, {"encounter@20"}, {"encounter@36"}], key=min)
    assert together(met, again, other, late) == hours
    # Under another number too.
    anew = event("encounter", 10, 11, NEW, BOAT, ENCOUNTER)
    changed = event("identity", 5, 5, SHIP, NEW, HAND_OVER, subkind="hand_over")
    assert {"encounter@1", "encounter@10"} in together(met, anew, changed)


def test_an_explained_meeting_joins_nobody() -> None:
    met = {**ENCOUNTER}
    pilot = [
        event("encounter", 1, 1.2, SHIP, PILOT, met, score=0.2),
        event("encounter", 2, 2.2, BOAT, PILOT, met, score=0.2),
    ]
    found = together(*pilot, event("loitering", 0, 3), event("loitering", 0.5, 3, BOAT))
    assert found == [{"loitering@0", "encounter@1"}, {"loitering@0.5", "encounter@2"}]


def test_a_hull_that_changed_its_number_is_in_one_incident() -> None:
    assert together(
        event("loitering", 1, 3),
        event("identity", 6, 6.5, SHIP, NEW, HAND_OVER, subkind="hand_over"),
        event("gap", 8, 9, NEW),
    ) == [{"gap@8", "identity@6"}, {"loitering@1"}]
    assert together(
        event("loitering", 5, 5.5),
        event("identity", 6, 6.5, SHIP, NEW, HAND_OVER, subkind="hand_over", score=0.35),
        event("gap", 8, 9, NEW),
    ) == [{"gap@8", "identity@6", "loitering@5"}]


def test_what_others_saw_is_an_incident_without_a_vessel() -> None:
    seen = event("unmatched_sighting", 2, 2, 0, score=0.4)
    assert together(seen) == [{"unmatched_sighting@2"}]
    assert together({**seen, "score": 0.2}) == []


def plots(
    hours: Sequence[float], sog_kn: float, course_deg: float, **more: Any
) -> list[dict[str, Any]]:
    """Sightings of a boat without AIS that holds its course."""
    seen = {"uncertainty_m": 200.0, "seen_by": "radar", **more}
    found = []
    for hour in hours:
        away_m = sog_kn * hour * geodesy.METRES_PER_NM
        lat, lon = geodesy.destination(2.0, 101.5, course_deg, away_m)
        one = event("unmatched_sighting", hour, hour, 0, evidence=seen, score=0.4)
        found.append({**one, "lat": float(lat), "lon": float(lon)})
    return found


def test_what_is_seen_again_on_its_way_is_one_incident_where_it_is_now(
    gazetteer: Gazetteer,
) -> None:
    boat = plots([0, 0.2, 0.45, 0.7, 0.9], 18.0, 45.0)
    others = plots([0.1, 0.5], 3.0, 200.0) + plots([0.3], 30.0, 270.0)
    assert together(*boat, *others, flagged={})[0] == {
        f"unmatched_sighting@{hour:g}" for hour in (0, 0.2, 0.45, 0.7, 0.9)
    }
    boat[2]["score"] = 0.6
    (one,) = told(gazetteer, *boat).to_dict("records")
    assert one["title"].startswith("Something that no AIS explains was seen by radar")
    assert one["title"].endswith("; seen 5 times since 00:00 MYT, making 18 kn on 045°")
    assert (one["lat"], one["lon"]) == (boat[-1]["lat"], boat[-1]["lon"])
    assert one["score"] == 0.6


def test_a_plan_knows_how_a_boat_goes_on_that_was_seen_again_and_again(
    gazetteer: Gazetteer,
) -> None:
    boat, once = plots([0, 0.2, 0.45, 0.7, 0.9], 18.0, 45.0), plots([0.1], 30.0, 200.0)
    table = told(gazetteer, *boat, *once)
    found = events.build([*boat, *once]).assign(reason="seen")
    [known] = boats_of(table, found.set_index("event_id"))
    assert table.set_index("rank").loc[known.rank, "title"].count("seen 5 times") == 1
    assert (known.lat, known.lon) == (boat[-1]["lat"], boat[-1]["lon"])
    assert known.time_us == int(at(0.9).value // 1000)
    assert (known.speed_kn, known.course_deg) == pytest.approx((18.0, 45.0), abs=0.5)
    assert (known.score, known.reason) == (0.4, "seen")
    # Of a pack that tells some of them only nothing is known of its way.
    assert not [*boats_of(table, found.set_index("event_id").iloc[:2])]


@pytest.mark.parametrize(
    "seen",
    [
        plots([0, 0.3, 0.6], 18.0, 45.0),  # three are so by chance
        plots([0, 0.3, 0.6], 18.0, 45.0) + plots([0.1], 40.0, 200.0),
        plots([0, 0.6, 1.2, 1.8], 18.0, 45.0),
        plots([0, 0.3, 0.6, 0.9], 60.0, 45.0),
        plots([0, 0.3], 18.0, 45.0) + plots([0.6, 0.9], 18.0, 90.0),
        plots([0, 0.3], 18.0, 45.0, length_m=8.0) + plots([0.6, 0.9], 18.0, 45.0, length_m=80.0),
    ],
)
def test_sightings_that_may_be_of_several_are_not_put_together(seen: list[Any]) -> None:
    assert all(len(part) == 1 for part in together(*seen, flagged={}))


def test_a_boat_that_two_radars_see_is_one_whoever_comes_first() -> None:
    noisy = np.random.default_rng(5)
    seen = plots([0, 0.2, 0.4, 0.6, 0.8], 22.0, 70.0) + plots([0.21, 0.41, 0.61], 22.0, 70.0)
    seen += plots([0.3], 9.0, 300.0)
    for one in seen:
        one["lat"] += noisy.normal(0, 150) / 111_000
        one["lon"] += noisy.normal(0, 150) / 111_000
    found = {frozenset(part) for part in together(*seen, flagged={})}
    assert sorted(map(len, found)) == [1, 8]
    for _ in range(5):
        noisy.shuffle(seen)
        assert {frozenset(part) for part in together(*seen, flagged={})} == found


def test_what_is_hardly_placed_is_nobody_followed() -> None:
    """A caller's boat, known to a mile or two, is none that a radar follows miles away."""
    boat = plots([0, 0.2, 0.4, 0.6, 0.8], 18.0, 45.0)
    seen = plots([0.3, 0.5], 18.0, 45.0, uncertainty_m=2000.0, seen_by="caller")
    for one in seen:
        one["lat"] += 0.05
    assert sorted(map(len, together(*boat, *seen, flagged={}))) == [1, 1, 5]
    vague = plots([0, 0.2, 0.4, 0.6, 0.8], 18.0, 45.0, uncertainty_m=1000.0)
    assert all(len(part) == 1 for part in together(*vague, flagged={}))


def test_several_radars_that_see_a_boat_at_one_time_tell_its_way(gazetteer: Gazetteer) -> None:
    boat = plots([0, 0.2, 0.4, 0.6, 0.8], 18.0, 45.0)
    for k in (1, 2, 3):
        (again,) = plots([0.8 + k / 3600], 18.0, 45.0)
        boat.append({**again, "lat": again["lat"] + 0.0005 * k})
    (one,) = told(gazetteer, *boat).to_dict("records")
    assert "; seen 8 times since 00:00 MYT, making 18 kn on 04" in one["title"]


def test_a_boat_that_turned_goes_as_it_was_seen_last() -> None:
    seen = plots([0.1, 0.3], 18.0, 180.0) + plots([0.6, 0.8, 1.0, 1.2], 18.0, 45.0)
    way = way_of(telling.told(events.build(seen)))
    assert way is not None
    assert way == pytest.approx((6, 18.0, 45.0), abs=0.5)


def test_of_what_hardly_moves_no_course_is_told(gazetteer: Gazetteer) -> None:
    (one,) = told(gazetteer, *plots([0, 0.2, 0.4, 0.6], 0.1, 45.0)).to_dict("records")
    assert one["title"].endswith("; seen 4 times since 00:00 MYT, hardly moving")


@pytest.mark.parametrize(("known_m", "joins"), [(200.0, False), (490.0, True)])
def test_a_boat_is_followed_as_far_off_as_its_place_is_uncertain(
    known_m: float, joins: bool
) -> None:
    boat = plots([0, 0.3, 0.6], 18.0, 45.0, uncertainty_m=10.0)
    (last,) = plots([0.9], 18.0, 45.0, uncertainty_m=known_m)
    seen = [*boat, {**last, "lon": last["lon"] + 0.02}]  # 2.2 km, of 10 since the one before
    assert (len(together(*seen, flagged={})) == 1) == joins


def test_in_a_crowd_nobody_is_followed() -> None:
    """Whatever somebody sends as sightings: it would take a product of all that could be next."""
    drawn = np.random.default_rng(6)
    n = MOST
    time_us = np.sort(drawn.uniform(0, 1.8e9, n)).astype("int64")
    lat, lon = 2.0 + drawn.uniform(0, 0.05, n), 101.0 + drawn.uniform(0, 0.05, n)
    crowd = followed(lat, lon, time_us, np.full(n, 500.0), np.full(n, np.nan))
    assert (crowd >= n - 2 * CROWD).all()  # but for the last, whom few come after
    assert not followed(*(np.tile(one, 2) for one in (lat, lon, time_us, lat, lon))).size


def test_two_boats_whose_ways_cross_stay_two() -> None:
    north = plots([0, 0.25, 0.5, 0.75, 1.0], 16.0, 30.0)
    south = plots([0.1, 0.35, 0.6, 0.85, 1.1], 16.0, 150.0)
    for one in south:
        one["lat"] += 0.2
    found = together(*north, *south, flagged={})
    assert [len(part) for part in found] == [5, 5]


def test_an_unflagged_vessel_makes_no_incident() -> None:
    assert together(event("loitering", 1, 2, PILOT)) == []


def test_what_is_as_good_as_nothing_is_in_no_incident() -> None:
    for score, found in ((0.1, [{"loitering@1", "gap@2"}]), (0.09, [{"loitering@1"}])):
        assert together(event("loitering", 1, 2), event("gap", 2, 3, score=score)) == found


def anchored(hour: float, until: float | None, mmsi: int, north_nm: float) -> dict[str, Any]:
    return event("anchoring", hour, until, mmsi, lat=4.2 + north_nm / 60)


def test_ships_at_anchor_in_one_roads_are_one_and_who_did_more_is_told_apart() -> None:
    near = anchored(1, 20, SHIP, 0), anchored(2, None, BOAT, 1.8), anchored(3, 9, OTHER_BOAT, 3.6)
    assert together(*near) == [{"anchoring@1", "anchoring@2", "anchoring@3"}]
    visited = event("encounter", 4, 5, BOAT, NEW, ENCOUNTER)
    assert together(*near, visited) == [
        {"anchoring@1"},
        {"anchoring@2", "encounter@4"},
        {"anchoring@3"},
    ]


def test_ships_that_lay_at_anchor_far_off_or_after_one_another_are_apart() -> None:
    assert len(together(anchored(1, 9, SHIP, 0), anchored(2, 9, BOAT, 2.1))) == 2
    assert len(together(anchored(1, 9, SHIP, 0), anchored(9.5, 20, BOAT, 1))) == 2
    assert len(together(anchored(1, 9, SHIP, 0), anchored(1, 9, BOAT, float("nan")))) == 2


events_at = st.lists(
    st.tuples(
        st.integers(0, 80).map(lambda n: n / 4),
        st.integers(0, 16).map(lambda n: n / 4),
        st.sampled_from([SHIP, BOAT, OTHER_BOAT]),
        st.sampled_from([0, PILOT, NEW]),
        st.sampled_from([0.05, 0.2, 0.5]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda one: (one[0], one[2]),
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(events_at, st.randoms())
def test_row_order_and_time_of_day_dont_matter(drawn: list[Any], random: Any) -> None:
    rows = [
        event(
            "encounter" if other else "loitering",
            hour,
            hour + h,
            min(m, other or m),
            max(m, other) if other else 0,
            score=score,
        )
        for hour, h, m, other, score in drawn
    ]
    scores = {SHIP: 0.9, BOAT: 0.6, OTHER_BOAT: 0.4}
    found = events.build(rows)
    first = grouped(found, scores, 0.3, at(24))
    order = list(range(len(found)))
    random.shuffle(order)
    second = grouped(found.iloc[order].reset_index(drop=True), scores, 0.3, at(24))
    back = np.empty(len(order), int)
    back[order] = second
    assert np.array_equal(first < 0, back < 0)
    assert np.array_equal(first[:, None] == first, back[:, None] == back)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer(REFERENCE)


def told(
    gazetteer: Gazetteer,
    *rows: dict[str, Any],
    known: pd.DataFrame | None = None,
    status: str = "created",
    **more: Any,
) -> pd.DataFrame:
    """Incidents of some events after those known before."""
    found = events.build(list(rows))
    withheld = [one.without(more.get("withheld", ())) for one in found["evidence"]]
    found = found.assign(evidence=events.objects(withheld, found.index))
    scores = more.get("scores") or {SHIP: 0.9, BOAT: 0.6, OTHER_BOAT: 0.5, NEW: 0.8}
    scores = {m: score for m, score in scores.items() if m not in more.get("unflagged", ())}
    names = {SHIP: "MV A", BOAT: "B ONE", OTHER_BOAT: "B TWO", **more.get("names", {})}
    group = grouped(found, scores, 0.3, at(24))
    in_it = [m for m in scores if ((found["mmsi"] == m) | (found["other_mmsi"] == m)).any()]
    flagged = pd.DataFrame(
        {
            "mmsi": in_it,
            "score": [scores[m] for m in in_it],
            "last_seen": [at(20 + (m == NEW)) for m in in_it],
            "lat": 4.5,
            "lon": 100.5,
            "sog_kn": 12.4,
            "cog_deg": 139.6,
        }
    )
    parts = pd.concat(
        [
            found.assign(rank=0, part="behaviour", note=""),
            found.assign(rank=0, part="behaviour", note="", mmsi=found["other_mmsi"]),
        ]
    )
    parts = frames.conform(parts[parts["mmsi"] > 0], PARTS)
    incidents, _ = described(
        found,
        group,
        flagged,
        parts,
        0.3,
        Teller(names, gazetteer, at(24)),
        more.get("steps", {}),
        more.get("zones", Zones.none()),
        more.get("closed", ()),
        more.get("own_coast", ""),
    )
    compared = found.assign(status=status, supersedes=more.get("supersedes", ""))
    for event_id, now in more.get("statuses", {}).items():
        compared.loc[len(compared)] = {"event_id": event_id, "status": now, "supersedes": ""}
    before = Known.nothing(compared) if known is None else Known.of(known, compared)
    return lasting(incidents, before)


MOTHER_STORY = (
    event("mother_ship", 1, 6, evidence=MOTHER, subkind="visited", score=0.8),
    event("encounter", 1, 1.5, SHIP, BOAT, ENCOUNTER),
)
VISIT = event("encounter", 3, 3.5, SHIP, OTHER_BOAT, ENCOUNTER)


def test_a_mother_ship_is_told_with_her_visitors(gazetteer: Gazetteer) -> None:
    (one,) = told(gazetteer, *MOTHER_STORY, VISIT).to_dict("records")
    frames.validate(told(gazetteer, *MOTHER_STORY), INCIDENTS)
    assert one["title"].startswith(
        "MV A: Waited, and was visited 2 times by 2 small craft in 5.0 h"
    )
    assert "With" not in one["title"], "her visitors are counted in what happened"
    assert one["vessels"] == (f"{SHIP} mother ship | {BOAT} visitor | {OTHER_BOAT} visitor")
    assert one["score"] == pytest.approx(0.95)  # 1 - (1 - 0.8)(1 - 0.5)(1 - 0.5)
    assert one["certainty"] == "high"
    assert one["mmsi"] == SHIP
    assert one["next_step"] == NEXT_STEPS["mother_ship over"]
    assert (one["start"], one["end"]) == (at(1), at(6))
    assert (one["status"], one["news"]) == ("created", "new")


def test_who_lies_beside_it_in_a_berth_has_no_part_in_it(gazetteer: Gazetteer) -> None:
    why = Explained(0.5, 0.7, "at a berth", "both at a berth")
    berthed = replace(Evidence.of(ENCOUNTER), explained=why)
    beside = event("encounter", 7, 9, SHIP, NEW + 1, berthed, score=0.15)
    (one,) = told(gazetteer, *MOTHER_STORY, beside).to_dict("records")
    assert one["vessels"] == f"{SHIP} mother ship | {BOAT} visitor | {OTHER_BOAT} visitor"


def test_whom_a_boat_lay_beside_before_it_crossed_is_not_said_to_have_been_met(
    gazetteer: Gazetteer,
) -> None:
    """Two that lay on moorings for days "also met for 57.7 h"; what it met at sea is told."""
    why = Explained(0.7, 0.7, "berthed near one another", "neither moved")
    berthed = replace(Evidence.of({**ENCOUNTER, "duration_s": 86_400}), explained=why)
    beside = event("encounter", -20, 0.9, SHIP, NEW + 1, berthed, score=0.22)
    crossed = event("crossing", 1, 3, evidence=OUT, score=0.8)
    (one,) = told(gazetteer, crossed, beside).to_dict("records")
    assert "met" not in one["title"]
    at_sea = event("encounter", 1.5, 2, SHIP, NEW + 1, ENCOUNTER, score=0.22)
    (one,) = told(gazetteer, crossed, beside, at_sea).to_dict("records")
    assert "; also met" in one["title"]


def test_it_is_told_how_many_of_her_visitors_came_to_a_coast(gazetteer: Gazetteer) -> None:
    landed = event("crossing", 4, 6, OTHER_BOAT, evidence={**OUT, "ended": "shore"}, score=0.2)
    went_off = event("crossing", 2, 3, BOAT, evidence={**OUT, "ended": "at sea"}, score=0.2)
    came = event("crossing", 0.2, 1, BOAT, evidence={**OUT, "ended": "shore"}, score=0.2)
    (one,) = told(gazetteer, *MOTHER_STORY, VISIT, landed, went_off, came).to_dict("records")
    assert one["title"].endswith("; one of them came to Malaysia afterwards")


def test_tankers_alongside_one_another_are_no_mother_ships(gazetteer: Gazetteer) -> None:
    waits = {"n_visits": 0, "dark_h": 5.0}
    (one,) = told(
        gazetteer,
        event("encounter", 1, 4, SHIP, OTHER_BOAT, ENCOUNTER, score=0.7),
        event("mother_ship", 0.5, 5, evidence=waits, subkind="waiting", score=0.1),
    ).to_dict("records")
    assert "alongside" in one["title"]
    assert "mother ship" not in one["vessels"]
    assert one["next_step"] == NEXT_STEPS["encounter over"]


def test_two_that_were_silent_at_once_are_told_as_a_possible_meeting(gazetteer: Gazetteer) -> None:
    both = {"alongside_probability": 0.6, "together_s": 7200.0}
    (one,) = told(
        gazetteer,
        event("gap", 1, 4, score=0.7),
        event("gap", 1, 4.5, BOAT, score=0.6),
        event("possible_meeting", 1, 4.5, SHIP, BOAT, both, subkind="both_silent", score=0.4),
    ).to_dict("records")
    assert one["title"].endswith("; also could have met B ONE (chance 60 %)")


@pytest.mark.parametrize(
    ("hour", "until", "said"),
    [
        (1.5, 3.5, "; but sent false positions meanwhile, for 2.0 h"),
        (3.5, None, "; but sent false positions meanwhile, for 20.5 h"),
        (6, 8, "; also false positions for 2.0 h"),
    ],
)
def test_who_sent_false_positions_meanwhile_sent_something(
    gazetteer: Gazetteer, hour: float, until: float | None, said: str
) -> None:
    false = event("spoofing", hour, until, subkind="jump", score=0.5)
    (one,) = told(gazetteer, event("gap", 1, 4, score=0.7), false).to_dict("records")
    assert one["title"].endswith(said)
    sent = event("gap", 1, 4, evidence={"n_false_meanwhile": 9}, score=0.7)
    (one,) = told(gazetteer, sent, false).to_dict("records")
    assert "Sent nothing but 9 false positions" in one["title"]
    assert "meanwhile, for" not in one["title"], "it is said twice"


@pytest.mark.parametrize(("chance", "score"), [(0.08, 0.4), (0.6, 0.2)])
def test_a_meeting_that_hardly_was_joins_nobody(
    gazetteer: Gazetteer, chance: float, score: float
) -> None:
    facts = {"alongside_probability": chance, "together_s": 7200.0}
    met = event("possible_meeting", 1, 4, SHIP, BOAT, facts, subkind="both_silent", score=score)
    ship = event("gap", 1, 4, score=0.7)
    one, other = told(gazetteer, ship, event("gap", 9, 12, BOAT, score=0.6), met).to_dict("records")
    assert one["title"].endswith(
        f"; also could have met B ONE (chance {chance:.0%})".replace("%", " %")
    )
    assert [one["vessels"], other["vessels"]] == [f"{SHIP} silent", f"{BOAT} silent"]


def test_a_meeting_with_little_to_it_joins_not_the_silences_that_it_names() -> None:
    gaps = [event("gap", 1, 4, score=0.7), event("gap", 1, 4.5, BOAT, score=0.5)]
    ids = events.build(gaps).set_index("mmsi")["event_id"]
    for chance, score, stories in (
        (0.6, 0.4, [{"gap@1", "possible_meeting@2"}]),
        (0.6, 0.2, [{"gap@1"}, {"gap@1", "possible_meeting@2"}]),
        (0.08, 0.4, [{"gap@1"}, {"gap@1", "possible_meeting@2"}]),
    ):
        facts = {"alongside_probability": chance, "event": ids[BOAT], "other_event": ids[SHIP]}
        met = event("possible_meeting", 2, 4, BOAT, SHIP, facts, score=score)
        found = together(*gaps, met, flagged={SHIP: 0.7, BOAT: 0.5})
        assert sorted(found, key=len) == stories


def test_silences_that_begin_together_tell_of_one_another(gazetteer: Gazetteer) -> None:
    near = event("gap", 1.4, 4, BOAT, score=0.6, lat=4.25)
    found = told(gazetteer, event("gap", 1, 4, score=0.7), near)
    ends = [str(title).rsplit("; ", 1)[1] for title in found["title"]]
    assert ends == [
        "B ONE, 3.0 nm off, fell silent with it",
        "MV A, 3.0 nm off, fell silent with it",
    ]
    third = event("gap", 1.2, 3, OTHER_BOAT, score=0.5, lat=4.22)
    title = told(gazetteer, event("gap", 1, 4, score=0.7), near, third)["title"].iloc[0]
    assert title.endswith("; B TWO, 1.2 nm off, and 1 more fell silent with it")
    far = event("gap", 1.4, 4, BOAT, score=0.6, lat=4.4)
    late = event("gap", 1.6, 4, OTHER_BOAT, score=0.6)
    titles_apart = told(gazetteer, event("gap", 1, 4, score=0.7), far, late)["title"]
    assert not titles_apart.str.contains("fell silent with").any()


def test_a_hull_under_two_numbers_is_met_where_it_was_heard_last(gazetteer: Gazetteer) -> None:
    for pair in ((SHIP, NEW), (NEW, SHIP)):  # whichever of both the event has first
        change = event("identity", 6, 6.5, *pair, HAND_OVER, subkind="hand_over", score=0.7)
        (one,) = told(gazetteer, event("loitering", 5, 5.5, score=0.2), change).to_dict("records")
        assert one["mmsi"] == NEW
        assert f"{SHIP} old number" in one["vessels"]
        assert f"{NEW} new number" in one["vessels"]


def test_a_hull_that_changed_its_number_twice_is_met_under_the_last(gazetteer: Gazetteer) -> None:
    """Though the number between, whose silence counts, scores higher."""
    first = {**HAND_OVER, "from_mmsi": f"{SHIP:09d}", "to_mmsi": f"{BOAT:09d}"}
    second = {**HAND_OVER, "from_mmsi": f"{BOAT:09d}", "to_mmsi": f"{NEW:09d}"}
    (one,) = told(
        gazetteer,
        event("identity", 5, 5.2, SHIP, BOAT, first, subkind="hand_over", score=0.7),
        event("gap", 5, None, SHIP, score=0.6),
        event("identity", 9, 9.2, BOAT, NEW, second, subkind="hand_over", score=0.7),
        event("gap", 9, None, BOAT, score=0.9),
        scores={SHIP: 0.7, BOAT: 0.95, NEW: 0.7},
    ).to_dict("records")
    assert one["mmsi"] == NEW  # heard at 21:00, the others at 20:00
    assert one["vessels"] == f"{NEW} new number | {BOAT} old number | {SHIP} old number"


def test_a_hull_that_went_back_to_its_own_number_is_met_under_that(gazetteer: Gazetteer) -> None:
    """It and the number for the night were both called old."""
    first = {**HAND_OVER, "from_mmsi": f"{SHIP:09d}", "to_mmsi": f"{BOAT:09d}"}
    back = {**HAND_OVER, "from_mmsi": f"{BOAT:09d}", "to_mmsi": f"{SHIP:09d}"}
    (one,) = told(
        gazetteer,
        event("identity", 5, 5.2, SHIP, BOAT, first, subkind="hand_over", score=0.7),
        event("identity", 9, 9.2, SHIP, BOAT, back, subkind="hand_over", score=0.7),
        event("gap", 9, None, BOAT, score=0.9),
        scores={SHIP: 0.7, BOAT: 0.95},
    ).to_dict("records")
    assert one["vessels"] == f"{SHIP} new number | {BOAT} old number"


def test_a_mother_ship_of_two_nights_tells_the_visits_of_both(gazetteer: Gazetteer) -> None:
    again = event("mother_ship", 10, 12, evidence=MOTHER, subkind="visited", score=0.9)
    (one,) = told(gazetteer, *MOTHER_STORY, again, event("loitering", 1, 20)).to_dict("records")
    assert "; before that visited 2 times" in one["title"]
    later = event("mother_ship", 10, 12, evidence=MOTHER, subkind="visited", score=0.7)
    (one,) = told(gazetteer, *MOTHER_STORY, later, event("loitering", 1, 20)).to_dict("records")
    assert "; later visited 2 times" in one["title"]


def test_settings_say_what_to_do_next(gazetteer: Gazetteer) -> None:
    steps = {"mother_ship visited": "ring the duty officer"}
    (one,) = told(gazetteer, *MOTHER_STORY, steps=steps).to_dict("records")
    assert one["next_step"] == "ring the duty officer"


OUT = {
    "began": "shore",
    "ended": "shore",
    "from_state": "IDN",
    "to_state": "MYS",
    "distance_m": 55560.0,
    "mean_speed_kn": 15.2,
    "left_lat": 1.6,
    "left_lon": 102.2,
    "left_time": "2026-01-05T17:00:00Z",
    "arrival_lat": 2.06,
    "arrival_lon": 102.55,
    "arrival_time": "2026-01-05T19:02:00Z",
    "arrival_coast_m": 200.0,
}
BACK = {
    **OUT,
    **{"from_state": "MYS", "to_state": "IDN", "arrival_lat": 1.6, "arrival_lon": 102.2},
    "arrival_time": "2026-01-05T21:30:00Z",
}


def test_a_crossing_is_told_from_where_to_where_and_shown_where_it_arrived(
    gazetteer: Gazetteer,
) -> None:
    there = event("crossing", 1, 3, evidence=OUT, score=0.8, lat=1.8, lon=102.4)
    back = event("crossing", 3.2, 5.5, evidence=BACK, score=0.6)
    (one,) = told(gazetteer, there, back).to_dict("records")
    assert one["title"] == (
        "MV A: Crossed from Indonesia, 10 nm NE of Bengkalis, to "
        "Malaysia, off Muar, at 03:02 MYT: 30.0 nm of it at 15 kn; then back to Indonesia, 10 nm "
        "NE of Bengkalis, at 05:30 MYT"
    )
    assert (one["lat"], one["lon"]) == (2.06, 102.55)
    assert without_coasts(one["next_step"]) == NEXT_STEPS["crossing both ways"]
    on_its_way = {**OUT, "ended": "at sea", "arrival_coast_m": 9260.0}
    (one,) = told(gazetteer, event("crossing", 1, None, evidence=on_its_way)).to_dict("records")
    assert "to within 5.0 nm of Malaysia" in one["title"]
    assert without_coasts(one["next_step"]) == NEXT_STEPS["crossing"]


def test_who_turned_about_off_a_coast_is_not_said_to_have_left_it(gazetteer: Gazetteer) -> None:
    """A boat that came over, turned about 1.2 nm off and went home "crossed from the coast"."""
    off = {**BACK, "began": "near", "left_coast_m": 2284.0, "left_lat": 2.06, "left_lon": 102.55}
    told_of = [
        told(gazetteer, event("crossing", 1, 3, evidence=facts)).to_dict("records")[0]["title"]
        for facts in (off, {**off, "turned_off_m": 2284.0})
    ]
    assert "Crossed from within 1.2 nm of Malaysia, off Muar, to " in told_of[0]
    assert (
        "Came over from Indonesia to within 1.2 nm of Malaysia, off Muar, and went "
        "back, to Indonesia"
    ) in told_of[1]
    # Where it had the time to land there, that is what is told, not that it was at home again.
    seldom = {**off, "turned_off_m": 2284.0, "end_ashore_probability": 0.99}
    chances = [
        told(gazetteer, event("crossing", 1, 3, evidence=facts)).loc[0, ["title", "next_step"]]
        for facts in (
            {**seldom, "left_time": OUT["arrival_time"], "start_ashore_probability": chance}
            for chance in (0.79, 0.1)
        )
    ]
    assert chances[0]["title"].endswith("(chance that it landed unheard in Malaysia: 79 %)")
    step = NEXT_STEPS["crossing over"] + "; it was at the coast of Indonesia 05:30 MYT; "
    step += "it may have been at the coast of Malaysia 03:02 MYT or before"
    assert chances[0]["next_step"] == step
    assert chances[1]["title"].endswith("(chance that it landed unheard in Malaysia: 10 %)")
    assert chances[1]["next_step"] == NEXT_STEPS["crossing turned back"]
    there = {**OUT, "ended": "near", "arrival_coast_m": 6548.0, "turned_off_m": 6548.0}
    told_of = [
        told(gazetteer, event("crossing", 1, 3, evidence=facts)).to_dict("records")[0]["title"]
        for facts in ({**there, "turning_kn": 15.0}, there)
    ]
    came = "to within 3.5 nm of Malaysia, off Muar, at 03:02 MYT, "
    assert came + "where it turned back: " in told_of[0]
    assert came + "and turned back: " in told_of[1], "who is hardly heard turned elsewhere"


def test_a_meeting_that_goes_on_is_told_as_long_as_it_was_seen(gazetteer: Gazetteer) -> None:
    """Measured for 8 minutes, with nobody heard since, it was told as 27: up to the run's end."""
    lead = event("crossing", -3, -1, evidence=OUT, score=0.8)
    met = event("encounter", -0.5, None, other=BOAT, score=0.5, evidence={"duration_s": 480})
    (one,) = told(gazetteer, lead, met).to_dict("records")
    assert "also met B ONE for 8 min" in one["title"]


WAITED = {
    **OUT,
    **{"ended": "near", "arrival_coast_m": 3_000.0, "end_to_coast_m": 3_000.0},
    **{"ashore_lat": 2.08, "ashore_lon": 102.5, "ashore_time": "2026-01-05T19:50:00Z"},
}


def test_who_waited_off_the_coast_is_looked_for_where_it_came_ashore(gazetteer: Gazetteer) -> None:
    waited = event("crossing", 1, 3, evidence=WAITED, score=0.8, lat=1.8, lon=102.4)
    (one,) = told(gazetteer, waited).to_dict("records")
    assert "and after a stop to the shore, 4 nm WNW of Muar, at 03:50 MYT" in one["title"]
    assert (one["lat"], one["lon"]) == (2.08, 102.5)
    unheard = event("crossing", 1, 3, evidence={**WAITED, "next_ashore": True}, score=0.8)
    (one,) = told(gazetteer, unheard).to_dict("records")
    assert "and was heard next at the shore, 4 nm WNW of Muar, at 03:50 MYT" in one["title"]
    for name in ("ashore_lat", "ashore_lon", "ashore_time"):
        (one,) = told(gazetteer, waited, withheld=[name]).to_dict("records")
        assert (one["lat"], one["lon"]) == ((2.08, 102.5) if "time" in name else (2.06, 102.55))
    (one,) = told(gazetteer, waited, withheld=["arrival_lat"]).to_dict("records")
    assert (one["lat"], one["lon"]) == (1.8, 102.4)


@pytest.mark.parametrize("name", OUT)
def test_a_crossing_is_told_to_who_may_not_have_all_of_it(gazetteer: Gazetteer, name: str) -> None:
    lay, near = event("anchoring", -5, 0.5, score=0.5), {"end_to_coast_m": 200.0}
    there = event("crossing", 1, 3, evidence={**OUT, **near}, score=0.8, lat=1.8, lon=102.4)
    back = event("crossing", 3.2, 5.5, evidence={**BACK, **near}, score=0.6)
    for rows in ((lay, there), (there, back)):
        (one,) = told(gazetteer, *rows, withheld=[name]).to_dict("records")
        half_way = name in ("arrival_lat", "arrival_lon")
        assert (one["lat"], one["lon"]) == ((1.8, 102.4) if half_way else (2.06, 102.55))


def test_a_landing_is_told_once(gazetteer: Gazetteer) -> None:
    """Who went out half-way and came back crossed the line on the way back: that is one voyage."""
    went_out = {
        **{"from_state": "MYS", "other_state": "IDN", "began": "shore", "out_m": 20_000.0},
        "lying_s": 1800.0,
        **{"left_lat": 2.06, "left_lon": 102.55, "left_time": "2026-01-05T17:00:00Z"},
        **{"landing_lat": 2.1, "landing_lon": 102.5, "landing_time": "2026-01-05T21:30:00Z"},
        "landing_s": 840.0,
    }
    half = event("crossing", 1, 6, subkind="half", evidence=went_out, score=0.6)
    home = event("crossing", 3, 5.4, evidence=OUT, score=0.5)
    (one,) = told(gazetteer, half, home).to_dict("records")
    # At half past five it had lain there for seven minutes, and left seven minutes later.
    assert (
        "was back at the shore away from any port, 4 nm NW of Muar, at 05:30 MYT, for 14 min in all"
        in one["title"]
    )
    assert "14 min in all, and left again" in one["title"]
    assert "back to Malaysia" not in one["title"]
    (one,) = told(gazetteer, half, home, withheld=["landing_lat"]).to_dict("records")
    assert "shore" not in one["title"]  # its reader may not know where, and is told of the crossing
    assert "; then back to Malaysia, off Muar, at 03:02 MYT" in one["title"]
    over = event("crossing", 7, 9, evidence=BACK, score=0.5)  # another voyage
    (one,) = told(gazetteer, half, over).to_dict("records")
    assert "; also crossed towards Indonesia, 10 nm NE of Bengkalis, at 05:30 MYT" in one["title"]


def test_who_is_first_heard_far_out_did_not_go_out_nor_come_back(gazetteer: Gazetteer) -> None:
    """A skiff first heard off Indonesia "went out 56 nm from Malaysia" and "came back"."""
    came = {
        **{"from_state": "MYS", "other_state": "IDN", "began": "unheard", "out_m": 103_000.0},
        "lying_s": 1200.0,
        **{"left_lat": 1.6, "left_lon": 102.3, "left_time": "2026-01-05T17:00:00Z"},
        **{"landing_lat": 2.1, "landing_lon": 102.5, "landing_time": "2026-01-05T21:30:00Z"},
        "landing_s": 600.0,
    }
    (one,) = told(gazetteer, event("crossing", 1, 6, subkind="half", evidence=came)).to_dict(
        "records"
    )
    assert "Was first heard at sea, up to 55.6 nm from Malaysia towards Indonesia" in one["title"]
    assert "was at the shore away from any port, 4 nm NW of Muar, at 05:30 MYT" in one["title"]


def test_a_boat_that_landed_and_is_on_its_way_back_can_still_be_met() -> None:
    unheard = {**BACK, "ended": "unheard", "landed": False}
    rows = telling.told(
        events.build(
            [event("crossing", 1, 3, evidence=OUT), event("crossing", 4, 6, evidence=unheard)]
        )
    )

    def step(now: float, seen: float) -> str:
        return advice(rows[0], rows, at(now), {}, telling.plain, {SHIP: at(seen)})

    assert step(6.5, 6.1) == NEXT_STEPS["crossing again"], "whom it carried may be ashore"
    assert step(6.9, 6.5) == NEXT_STEPS["crossing over"], "it was heard since, and crosses no more"
    assert step(9, 6.1) == NEXT_STEPS["crossing over"], "it has had the time to land"


def test_a_boat_that_went_both_ways_is_looked_for_on_both_shores() -> None:
    """Led by the way home it sent a patrol to the shore that nobody was brought to."""

    def step(*crossings: dict[str, Any]) -> str:
        rows = telling.told(events.build(list(crossings)))
        return advice(rows[0], rows, at(12), {}, telling.plain, {SHIP: at(11.8)})

    home, out = event("crossing", 4, 6, evidence=BACK), event("crossing", 1, 3, evidence=OUT)
    assert step(home, out) == step(out, home) == NEXT_STEPS["crossing both ways"]
    another = event("crossing", 1, 3, BOAT, evidence=OUT)
    assert step(home) == step(home, another) == NEXT_STEPS["crossing over"]
    half = event("crossing", 4, 6, evidence=BACK, subkind="half")
    at_sea = event("crossing", 1, 3, evidence={**OUT, "ended": "at sea"})
    assert step(half, out) == step(home, at_sea) == NEXT_STEPS["crossing over"], "one shore alone"
    unknown = event("crossing", 1, 3, evidence={k: v for k, v in OUT.items() if k != "arrival_lat"})
    assert step(home, unknown) == NEXT_STEPS["crossing over"], "its reader may not know where"


def test_there_and_back_in_one_run_is_told_with_both_shores(gazetteer: Gazetteer) -> None:
    """A stop of minutes ends no run. The way back was told alone: nobody searched the beach."""
    shore = {"left_coast_m": 140.0, "turned_off_m": 140.0, "left_time": "2026-01-05T19:10:00Z"}
    there_and_back = {**BACK, **shore, "left_lat": 2.06, "left_lon": 102.55}
    over = event("crossing", 1, 5.5, evidence=there_and_back)
    (one,) = told(gazetteer, over).to_dict("records")
    assert one["title"].startswith(
        "MV A: Came over from Indonesia to Malaysia, off Muar, at 03:10 MYT, and went "
        "back, to Indonesia, 10 nm NE of Bengkalis, at 05:30 MYT: "
    )
    step = NEXT_STEPS["crossing both ways"]
    assert one["next_step"] == (
        f"{step}; it was at the coast of Malaysia 03:10 MYT, Indonesia 05:30 MYT"
    )
    lay = event("loitering", -3, 0.5, lat=1.6, lon=102.2)
    (one,) = told(gazetteer, lay, over).to_dict("records")
    assert one["title"].endswith(
        "; before that it lay 3.5 h, 10 nm NE of Bengkalis, until 00:30 MYT"
    ), "that it came over from there is said"
    kept_way = {"left_coast_m": 360.0, "turned_off_m": 360.0, "turning_kn": 15.0}
    passed = event("crossing", 1, 5.5, evidence={**there_and_back, **kept_way})
    (one,) = told(gazetteer, passed).to_dict("records")
    assert "Came over from Indonesia to within 360 m of Malaysia, off " in one["title"]
    assert one["next_step"] == NEXT_STEPS["crossing turned back"], "nobody goes ashore under way"
    for name in ("left_lat", "left_time", "from_state"):  # its reader may not know of it
        (one,) = told(gazetteer, over, withheld=[name]).to_dict("records")
        assert "03:10" not in one["title"] + one["next_step"], name
        assert without_coasts(one["next_step"]) == NEXT_STEPS["crossing over"], name
    (one,) = told(gazetteer, over, withheld=["left_time"]).to_dict("records")
    assert one["title"].startswith("MV A: Crossed from Malaysia, off Muar, to ")


def test_what_to_do_about_a_crossing_says_at_which_coast_and_when() -> None:
    def step(now: float, seen: float, *crossings: dict[str, Any], **own: str) -> str:
        rows = telling.told(events.build(list(crossings)))
        return steps.next_step(rows[0], rows, at(now), own, telling.plain, {SHIP: at(seen)})

    home, out = event("crossing", 4, 6, evidence=BACK), event("crossing", 1, 3, evidence=OUT)
    assert step(12, 11.8, home, out).endswith(
        "; it was at the coast of Malaysia 03:02 MYT, Indonesia 05:30 MYT"
    )
    half_way = {**OUT, "ended": "unheard", "arrival_coast_m": 7.6 * geodesy.METRES_PER_NM}
    assert step(3.2, 3.1, event("crossing", 1, 3, evidence=half_way)).endswith(
        "; it can be at the coast of Malaysia 03:32 MYT"
    ), "by its mean speed of 15.2 kn"
    back = {**BACK, "ended": "unheard", "arrival_coast_m": 7.6 * geodesy.METRES_PER_NM}
    assert step(6.2, 6.1, out, event("crossing", 4, 6, evidence=back)).endswith(
        "; it was at the coast of Malaysia 03:02 MYT; it can be at the coast of Indonesia 06:00 MYT"
    )
    turned = {**OUT, "ended": "near", "arrival_coast_m": 5000.0, "turned_off_m": 5000.0}
    once = step(9, 8.9, event("crossing", 1, 3, evidence=turned))
    assert once == NEXT_STEPS["crossing turned back"], "nobody came ashore"
    unheard = event("crossing", 1, 3, evidence={**turned, "end_ashore_probability": 0.8})
    assert step(12, 11.8, unheard).endswith(
        "; it was at the coast of Malaysia 03:02 MYT (2.7 nm off)"
    ), "it was not heard at that coast"
    withheld = {name: value for name, value in OUT.items() if name != "arrival_time"}
    unknown = step(12, 11.8, event("crossing", 1, 3, evidence=withheld))
    assert unknown == NEXT_STEPS["crossing over"], "its reader may not know when"
    assert step(12, 11.8, out, crossing="ask the VTS") == "ask the VTS"


@pytest.mark.parametrize(("seen", "key"), [(9, "anchoring"), (4, "anchoring silent")])
def test_who_lies_at_anchor_and_is_heard_no_more_is_not_just_asked(seen: float, key: str) -> None:
    """Ten hours after its last report a ship was to be asked "for its permission to anchor"."""
    (lead,) = telling.told(events.build([event("anchoring", 1, None, evidence={})]))
    own = (at(10), {}, telling.plain, {SHIP: at(seen)})
    assert steps.next_step(lead, [lead], *own) == NEXT_STEPS[key]


def test_of_there_and_back_the_run_to_the_own_coast_is_told_first(gazetteer: Gazetteer) -> None:
    there = event("crossing", 1, 3, evidence=OUT, score=0.6, lat=1.8, lon=102.4)
    back = event("crossing", 3.2, 5.5, evidence=BACK, score=0.9)
    began = "MV A: Crossed from Indonesia, 10 nm NE of Bengkalis"
    home = "MV A: Crossed from Malaysia"
    for own_coast, begins in (("MYS", began), ("IDN", home), ("SGP", home), ("", home)):
        (one,) = told(gazetteer, there, back, own_coast=own_coast).to_dict("records")
        assert one["title"].startswith(begins), own_coast
        assert (one["lat"] > 2) == (own_coast == "MYS"), "its place is that of what is told"
    assert one["title"].count("before that it had crossed to Malaysia") == 1
    weak = {**there, "score": 0.4}
    (one,) = told(gazetteer, weak, back, own_coast="MYS").to_dict("records")
    assert one["title"].startswith(home), "what hardly counts leads nothing"


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({**OUT, "ended": "near", "arrival_coast_m": 5000.0}, "crossing turned back"),
        ({**BACK, "began": "near", "left_coast_m": 5000.0}, "crossing turned back"),
        ({**OUT, "ended": "near", "arrival_coast_m": 300.0}, "crossing again"),
        (
            {**OUT, "ended": "near", "arrival_coast_m": 5000.0, "ashore_time": "2026-01-05T19:50Z"},
            "crossing again",
        ),
        (
            {**OUT, "ended": "near", "arrival_coast_m": 5000.0, "end_ashore_probability": 0.8},
            "crossing again",
        ),
        (
            {**BACK, "began": "near", "left_coast_m": 5000.0, "start_ashore_probability": 0.8},
            "crossing again",
        ),
        ({**OUT, "ended": "shore", "arrival_coast_m": 5000.0}, "crossing again"),
    ],
)
def test_nobody_is_looked_for_ashore_where_a_boat_turned_off_the_coast(
    facts: dict[str, Any], key: str
) -> None:
    """2.7 nm off Muar it turned, and the shore there was to be searched."""
    rows = telling.told(
        events.build([event("crossing", 1, 3, evidence={"turned_off_m": 5000.0} | facts)])
    )
    place = steps.place_of(rows[0].evidence)
    assert place is not None
    last = steps.Last(SHIP, place[0], place[1] - 0.2, 18.0, 270.0, in_port=False)
    step = advice(rows[0], rows, at(9), {}, telling.plain, {SHIP: at(8.9)}, last)
    assert step == NEXT_STEPS[key]


def test_a_boat_that_turned_off_a_coast_and_landed_there_later_is_looked_for_ashore() -> None:
    """What leads is the first try; that it came again says that nobody need be aboard still."""
    turned = {**OUT, "ended": "near", "arrival_coast_m": 5000.0, "turned_off_m": 5000.0}
    home = {**BACK, "began": "near", "left_coast_m": 5000.0, "turned_off_m": 5000.0}
    unheard = {**OUT, "ended": "unheard", "end_ashore_probability": 0.8}

    def step(*facts: dict[str, Any]) -> str:
        made = [event("crossing", 1 + 3 * k, 3 + 3 * k, evidence=e) for k, e in enumerate(facts)]
        rows = telling.told(events.build(made))
        return advice(rows[0], rows, at(20), {}, telling.plain, {SHIP: at(19.9)})

    assert step(turned, home) == NEXT_STEPS["crossing turned back"], "home it came ashore"
    assert step(turned, home, OUT) == NEXT_STEPS["crossing both ways"]
    assert step(turned, OUT) == step(turned, unheard) == NEXT_STEPS["crossing over"]


def test_a_boat_that_may_be_on_its_way_yet_can_be_met() -> None:
    rows = telling.told(
        events.build([event("crossing", 1, 3, evidence={**OUT, "ended": "unheard"})])
    )
    step = advice(rows[0], rows, at(3.2), {}, telling.plain, {SHIP: at(3)})
    assert step == NEXT_STEPS["crossing"]


def test_who_was_heard_again_and_not_since_is_not_said_to_be_heard() -> None:
    def step(kind: str, *last: float, **own: str) -> str:
        (one,) = telling.told(events.build([event(kind, 1, 3, SHIP, BOAT)]))
        seen = {mmsi: at(hour) for mmsi, hour in zip((SHIP, BOAT), last, strict=False)}
        return advice(one, [one], at(9), own, telling.plain, seen)

    assert step("gap", 8.5) == NEXT_STEPS["gap over"]
    assert step("gap", 5) == NEXT_STEPS["gap unheard"]
    assert step("possible_meeting", 8.5, 5) == NEXT_STEPS["possible_meeting unheard"]
    assert step("possible_meeting", 8.5, 8.9) == NEXT_STEPS["possible_meeting over"]
    assert step("mother_ship", 5) == NEXT_STEPS["mother_ship over"], "of others it makes none"
    assert step("gap", 5, **{"gap over": "write"}) == step("gap", 5, gap="write") == "write"


@pytest.mark.parametrize(
    ("nm", "sog_kn", "in_port", "key"),
    [
        (3.0, 0.5, False, "loitering"),
        (20.0, 0.5, False, "loitering over"),
        (3.0, 9.0, False, "loitering over"),
        (3.0, 0.5, True, "loitering in port"),
    ],
)
def test_what_still_drifts_where_it_loitered_has_not_gone_on(
    nm: float, sog_kn: float, in_port: bool, key: str
) -> None:
    """A loitering ends where the boat isn't heard for an hour or two."""
    (one,) = telling.told(events.build([event("loitering", 1, 3, evidence={"extent_m": 1852.0})]))
    last = steps.Last(SHIP, 4.2 + nm / 60, 100.3, sog_kn, 90.0, in_port)
    step = advice(one, [one], at(9), {}, telling.plain, {SHIP: at(8.9)}, last)
    assert step == NEXT_STEPS[key]


@pytest.mark.parametrize(("now", "when"), [(8, "00:00 MYT"), (40, "06 Jan 00:00 MYT")])
def test_what_to_do_about_a_landing_of_the_night_before_says_the_day(now: float, when: str) -> None:
    """A crew read the hour of yesterday's landing as today's."""
    ashore = {**OUT, "ended": "shore", "ashore_time": "2026-01-05T16:00Z"}
    (one,) = telling.told(events.build([event("crossing", 1, 3, evidence=ashore)]))
    step = steps.next_step(one, [one], at(now), {}, telling.plain, {SHIP: at(now)})
    assert f"; it was at the coast of Malaysia {when}" in step


@pytest.mark.parametrize("kind", ["crossing", "encounter", "mother_ship", "loitering", "gap"])
def test_whom_another_states_sea_holds_is_for_that_one(kind: str) -> None:
    """A boat that had gone home to Indonesia was to be met where it was. To search one's own shore,
    or to board whom a ship met and who came here, is for nobody else.
    """
    more = {"evidence": {**OUT, "ended": "shore"}} if kind == "crossing" else {}
    (one,) = telling.told(events.build([event(kind, 1, 3, **more)]))
    here = SHIP, 4.2, 100.3, 6.0, 90.0
    about = (one, [one], at(9), {}, telling.plain, {SHIP: at(8.9)})
    plain = steps.next_step(*about, steps.Last(*here, in_port=False))
    theirs = steps.next_step(*about, steps.Last(*here, in_port=False, others_sea="Indonesia"))
    sea = "in the territorial sea of Indonesia"
    said = f"; last {sea}: its authorities meet it, or as agreed"
    if kind == "encounter":
        said = f"; to meet either {sea} is for the authorities there, or as agreed"
    assert theirs == plain + said * (kind in steps.SENDS)


def test_ones_own_sea_and_the_high_sea_are_nobody_elses() -> None:
    sea = {
        "zone_id": ["sea-mys"],
        "name": ["Territorial sea of Malaysia"],
        "zone_class": ["territorial_sea"],
        "source": ["test"],
        "confidence": ["approximate"],
    }
    shape = [shapely.box(100.0, 4.0, 101.0, 5.0)]
    everywhere = shapely.box(-180, -90, 180, 90)
    zones = Zones(gpd.GeoDataFrame(sea, geometry=shape, crs=4326), Zones.none().land, everywhere)
    row = {"last_sog_kn": 6.0, "last_cog_deg": 90.0}
    table = pd.DataFrame(
        [
            {"mmsi": SHIP, "last_lat": 4.5, "last_lon": 100.5, **row},
            {"mmsi": BOAT, "last_lat": 3.5, "last_lon": 100.5, **row},
        ]
    )
    for own, seas in (("MYS", ["", ""]), ("IDN", ["Malaysia", ""]), ("", ["", ""])):
        found = steps.lasts_of(table, zones, own)
        assert [found[m].others_sea for m in (SHIP, BOAT)] == seas, own


@pytest.mark.parametrize(
    ("kind", "nm", "sog_kn", "key"),
    [
        ("mother_ship", 3.0, 0.5, "mother_ship still"),
        ("mother_ship", 20.0, 0.5, "mother_ship over"),
        ("mother_ship", 3.0, 9.0, "mother_ship over"),
        ("anchoring", 0.1, 0.1, "anchoring"),  # it fell silent where it lay
        ("anchoring", 3.0, 0.1, "anchoring over"),
        ("anchoring", 0.1, 4.0, "anchoring over"),
    ],
)
def test_what_lies_where_it_lay_has_not_left(kind: str, nm: float, sog_kn: float, key: str) -> None:
    """That nobody comes to a ship any more, or hears her, is no going on."""
    (one,) = telling.told(events.build([event(kind, 1, 3)]))
    last = steps.Last(SHIP, 4.2 + nm / 60, 100.3, sog_kn, 90.0, in_port=False)
    step = advice(one, [one], at(9), {}, telling.plain, {SHIP: at(8.9)}, last)
    assert step == NEXT_STEPS[key]


@pytest.mark.parametrize(("heard", "key"), [(8.1, "mother_ship still"), (7.9, "mother_ship")])
def test_who_was_not_heard_lately_is_not_said_to_lie_there_still(heard: float, key: str) -> None:
    (one,) = telling.told(events.build([event("mother_ship", 1, 3)]))
    last = steps.Last(SHIP, 4.2, 100.3, 0.5, 90.0, in_port=False)
    step = advice(one, [one], at(9), {}, telling.plain, {SHIP: at(heard)}, last)
    assert step == NEXT_STEPS[key]


@pytest.mark.parametrize(("heard", "key"), [(3.1, "encounter"), (5.0, "encounter over")])
def test_two_who_fell_silent_side_by_side_are_not_said_to_have_parted(
    heard: float, key: str
) -> None:
    (met,) = telling.told(events.build([event("encounter", 1, 3, SHIP, BOAT, ENCOUNTER)]))
    last = steps.Last(SHIP, 4.2, 100.3, 0.1, 90.0, in_port=False)
    seen = {SHIP: at(3.1), BOAT: at(heard)}
    step = advice(met, [met], at(5.5), {}, telling.plain, seen, last)
    assert step == NEXT_STEPS[key]


@pytest.mark.parametrize(("weight", "excused"), [(0.5, True), (0.49, False)])
def test_a_meeting_with_a_reason_as_likely_as_not_is_unlikely(weight: float, excused: bool) -> None:
    why = Evidence(facts={"alongside_probability": 0.9}, explained=Explained(0.6, weight))
    told: Any = SimpleNamespace(kind="possible_meeting", evidence=why)
    assert unlikely(told) is excused


@pytest.mark.parametrize(
    ("subkind", "how", "hour", "key"),
    [
        ("hand_over", None, 2, "gap renumbered"),
        ("hand_over", None, 0.9, "gap renumbered"),  # the new number began before the old one ended
        ("shared_imo", AT_SEA, 2, "gap renumbered"),
        ("shared_imo", "in turn", 2, "gap renumbered"),
        ("shared_imo", "apart", 2, "gap"),
        ("shared_imo", AT_SEA, 0, "gap"),
    ],
)
def test_a_hull_that_is_heard_under_another_number_is_looked_for_there(
    subkind: str, how: str | None, hour: float, key: str
) -> None:
    also = event("identity", hour, 3, SHIP, BOAT, subkind=subkind, evidence={"how": how})
    rows = telling.told(events.build([event("gap", 1, None, SHIP), also]))
    (silent,) = [row for row in rows if row.kind == "gap"]
    assert advice(silent, rows, at(9), {}, telling.plain, {}) == NEXT_STEPS[key]


def test_a_hull_that_is_heard_under_another_number_can_not_be_anywhere(
    gazetteer: Gazetteer,
) -> None:
    silent = event("gap", 1, None, SHIP, evidence={"reachable_distance_m": 900_000.0})
    changed = event("identity", 2, 3, SHIP, BOAT, subkind="hand_over")
    both = events.build([silent, changed])
    (gap,) = [row for row in telling.told(both) if row.kind == "gap"]
    since = numbers_since(both)
    assert since == {(SHIP, gap.start): BOAT}

    def tell(since: dict[tuple[int, pd.Timestamp], int]) -> str:
        return Teller({BOAT: "MV BARU"}, gazetteer, at(9), since=since).sentence(gap, SHIP)

    assert tell({}).endswith(", by now anywhere in these waters or beyond")
    assert tell(since).endswith("; its hull is heard since under another number, as MV BARU")
    assert not numbers_since(events.build([event("gap", 0, 1, SHIP), changed]))  # heard again
    step = advice(gap, [gap], at(9), {}, telling.plain, {}, renumbered=True)
    assert step == NEXT_STEPS["gap renumbered"]  # by a change of a night before


@pytest.mark.parametrize(
    ("score", "reason", "same", "known"),
    [
        (0.5, None, False, True),
        (0.05, None, False, False),  # among so many others that it counts for nothing
        (0.16, "two vessels heard at once", False, False),
        (0.3, "set programmed anew", True, True),
    ],
)
def test_a_change_that_is_as_likely_none_does_not_say_where_a_hull_is(
    score: float, reason: str | None, same: bool, known: bool
) -> None:
    silent = event("gap", 1, None, SHIP)
    given = {"from_mmsi": f"{SHIP:09d}", "says_the_same": same}
    told = Evidence.of(given)
    if reason is not None:
        told = replace(told, explained=Explained(0.8, 0.8, reason))
    changed = event("identity", 2, 3, SHIP, BOAT, subkind="hand_over", score=score)
    both = events.build([silent, changed])
    own = (both["kind"] == "identity").tolist()
    both["evidence"] = [
        told if one else was for one, was in zip(own, both["evidence"], strict=True)
    ]
    assert bool(numbers_since(both)) is known
    assert bool(changes_since(both)) is known


@pytest.mark.parametrize(("reach_m", "key"), [(60_000.0, "gap"), (900_000.0, "gap far")])
def test_who_can_be_anywhere_is_looked_for_with_no_sensor(reach_m: float, key: str) -> None:
    silent = event("gap", 1, None, SHIP, evidence={"reachable_distance_m": reach_m})
    (one,) = telling.told(events.build([silent]))
    assert advice(one, [one], at(9), {}, telling.plain, {}) == NEXT_STEPS[key]


def test_where_its_vessel_is_now_says_what_to_do() -> None:
    def step(kind: str, *last: float | bool, **own: str) -> str:
        (one,) = telling.told(events.build([event(kind, 1, 3, SHIP, evidence=OUT)]))
        seen = {SHIP: at(8.9)}
        now = steps.Last(SHIP, *last)  # type: ignore[arg-type]
        return advice(one, [one], at(9), own, telling.plain, seen, now)

    lat, lon = OUT["arrival_lat"], OUT["arrival_lon"]
    lies, south, north = (lat, lon, 0.2, 90.0), (lat - 0.1, lon, 9.0, 180.0), (lat, lon, 9.0, 0.0)
    assert step("gap", *lies, True) == NEXT_STEPS["gap in port"]
    assert step("gap", *lies, False) == NEXT_STEPS["gap over"]
    assert step("gap", *lies, True, **{"gap over": "write"}) == "write"
    assert step("spoofing", *lies, True) == NEXT_STEPS["spoofing over"]
    assert step("crossing", *lies, True) == NEXT_STEPS["crossing in port"]
    assert step("crossing", *south, False) == NEXT_STEPS["crossing again"]
    assert step("crossing", *south, True) == NEXT_STEPS["crossing again"], "it passes the port"
    assert step("crossing", *south[:3], 0.0, False) == NEXT_STEPS["crossing over"]
    assert step("crossing", *south[:2], 2.0, 180.0, False) == NEXT_STEPS["crossing over"], "fishes"
    assert step("crossing", *north, False) == NEXT_STEPS["crossing over"], "it is there still"


def test_one_told_by_an_older_version_still_says_that_it_crossed(gazetteer: Gazetteer) -> None:
    old = {k: v for k, v in OUT.items() if not k.startswith(("left", "arrival"))}
    (one,) = told(
        gazetteer, event("crossing", 1, 3, evidence={**old, "end_to_coast_m": 200.0})
    ).to_dict("records")
    assert "from the side of Indonesia towards Malaysia, half-way 19 nm W of Lumut" in one["title"]
    assert one["lat"] == 4.2


def test_a_table_of_before_holds_for_what_is_over_too(gazetteer: Gazetteer) -> None:
    def step(until: float | None, **own: str) -> str:
        rows = told(gazetteer, event("gap", 1, until), steps=own)
        return str(rows["next_step"].iloc[0])

    assert step(3) == NEXT_STEPS["gap unheard"]
    assert step(None) == NEXT_STEPS["gap"]
    assert step(3, gap="ring") == step(None, gap="ring") == "ring"
    both = {"gap": "ring", "gap over": "write"}
    assert (step(None, **both), step(3, **both)) == ("ring", "write")


def test_two_that_lie_together_in_their_last_reports_have_not_parted() -> None:
    (met,) = telling.told(events.build([event("encounter", 1, 11.7, SHIP, BOAT, ENCOUNTER)]))
    together, apart = at(11.75), at(11.95)
    assert not steps.is_over(met, at(12), {SHIP: together, BOAT: together})
    assert not steps.is_over(met, at(12), {SHIP: together, BOAT: apart}), "one alone was heard"
    assert steps.is_over(met, at(12), {SHIP: apart, BOAT: apart})
    assert steps.is_over(met, at(20), {SHIP: together, BOAT: together}), "long ago"
    assert steps.is_over(met, at(12), {}), "nobody was heard since"


def test_when_an_incident_was_is_when_what_its_title_tells_was() -> None:
    told = pd.DataFrame(
        {
            "events": ["cross;lay", "gone;cross", "lay"],
            "start": [at(-48)] * 3,
            "end": [at(4), at(5), pd.NaT],
        },
        index=[7, 8, 9],
    )
    rows = [("lay", at(-48), pd.NaT), ("cross", at(1), at(2))]
    found = as_led(told, pd.DataFrame(rows, columns=["event_id", "start", "end"]))
    assert found["led_start"].tolist() == [at(1), at(-48), at(-48)]
    assert found["led_end"].iloc[:2].tolist() == [at(2), at(5)]  # whole, where it isn't known
    assert pd.isna(found["led_end"].iloc[2])
    assert found["start"].tolist() == told["start"].tolist()
    assert as_led(told[:0], found.rename(columns={"events": "event_id"})).empty


def test_the_story_of_an_incident_is_without_its_berth_and_what_has_a_reason() -> None:
    """A clip of two days at a berth shows the crossing in its last second."""
    why = Explained(0.5, 0.7, "at a berth", "both at a berth")
    berthed = replace(Evidence.of(ENCOUNTER), explained=why)
    found = events.build(
        [
            event("crossing", 1, 4, BOAT),
            event("encounter", 2, 3, SHIP, BOAT, ENCOUNTER),
            event("anchoring", -40, 1, BOAT),
            event("encounter", -30, 20, BOAT, PILOT, berthed),
        ]
    )
    ids = dict(zip(found["start"], found["event_id"], strict=True))
    crossing, met, lay, berth = (ids[at(hour)] for hour in (1, 2, -40, -30))
    assert {*story({"events": crossing}, found)["event_id"]} == {crossing, met}
    still = found[found["event_id"].isin([lay, berth])]
    assert story({"events": f"{lay};{berth}"}, still)["event_id"].tolist() == [lay]
    assert len(story({"events": "gone"}, still)) == len(still)


def test_a_story_is_shown_until_its_last_event_ends_though_others_ended_sooner() -> None:
    found = events.build([event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER), event("gap", 8, None)])
    assert shown_span(found) == (at(0), at(20))
    assert shown_span(found[found["kind"] == "encounter"]) == (at(0), at(3))


def test_the_second_thing_is_said_and_the_others_counted(gazetteer: Gazetteer) -> None:
    change = event("identity", 6, 6.5, SHIP, NEW, HAND_OVER, subkind="hand_over", score=0.7)
    met = [event("encounter", 6, 8, NEW, m, ENCOUNTER) for m in (BOAT, OTHER_BOAT)]
    (one,) = told(gazetteer, change, event("gap", 6.1, None, score=0.9), *met).to_dict("records")
    assert one["title"].startswith("MMSI 533000009: Took over the track of MV A (number changed)")
    assert one["title"].endswith(
        "; the same silence under its old number: 17.9 h. With 2 other vessels"
    )


def test_the_same_two_who_met_again_are_told_so(gazetteer: Gazetteer) -> None:
    first, again = (
        event("encounter", hour, hour + hours, SHIP, BOAT, ENCOUNTER, score=score)
        for hour, hours, score in ((1, 3, 0.9), (14, 2, 0.5))
    )
    (one,) = told(gazetteer, first, again).to_dict("records")
    assert "3.0 h" in one["title"]
    assert "; met again for 2.0 h" in one["title"]
    first["score"], again["score"] = 0.5, 0.9
    (one,) = told(gazetteer, first, again).to_dict("records")
    assert "; before that they had met for 3.0 h" in one["title"]


def test_ships_at_anchor_in_one_roads_are_counted(gazetteer: Gazetteer) -> None:
    stated = {"zone_name": "territorial sea", "rule": "anchoring: designated"}
    rows = [
        {**anchored(1, None, mmsi, k), "evidence": stated, "subkind": "outside_designated"}
        for k, mmsi in enumerate((SHIP, BOAT, OTHER_BOAT))
    ]
    (title,) = told(gazetteer, *rows)["title"]
    assert title.startswith("MV A and 2 others near by: Lay at anchor for 23.0 h")
    assert title.endswith("outside any designated anchorage (territorial sea)")
    odd = "{n} {0}<b>%s"
    (hostile,) = told(gazetteer, *rows, names={SHIP: odd})["title"]
    assert hostile.startswith(f"{odd} and 2 others near by: Lay at anchor")
    (lead,) = telling.told(events.build(rows[:1]))
    teller = Teller({SHIP: "MV A"}, gazetteer, at(24))
    near = [titles._began(lead, SHIP, n, teller).split(":")[0] for n in (0, 1, 2)]
    assert near == ["MV A", "MV A and 1 other near by", "MV A and 2 others near by"]
    (pair,) = told(gazetteer, *rows[:2])["title"]
    assert pair.endswith(". With B ONE (anchored)")


def test_an_incident_is_told_by_what_no_conclusion_closed(gazetteer: Gazetteer) -> None:
    first = event("loitering", 1, 6, SHIP, score=0.7)
    later = event("encounter", 5, 6, SHIP, OTHER_BOAT, ENCOUNTER, score=0.6)
    other = event("gap", 6.5, None, OTHER_BOAT, score=0.4, group_id="")
    names = events.build([first, later, other])["event_id"].tolist()

    def about(*closed: str) -> tuple[int, str, set[str]]:
        (row,) = told(gazetteer, first, later, other, closed=closed).to_dict("records")
        scores.append((row["score"], row["certainty"]))
        return row["mmsi"], row["events"].split(";")[0], set(row["events"].split(";"))

    scores = list[tuple[float, str]]()

    assert about() == (SHIP, names[0], set(names))
    assert about(names[0]) == (SHIP, names[1], set(names))
    assert about(*names[:2]) == (OTHER_BOAT, names[2], set(names))
    assert about(*names) == about()
    assert scores == sorted(scores[:3], reverse=True) + scores[:1] * 2
    assert scores[0] > scores[1] > scores[2] == (0.4, "low")


def test_what_closed_a_mother_ship_leaves_her_next_visitor(gazetteer: Gazetteer) -> None:
    hers = event("mother_ship", 1, 6, evidence=MOTHER, subkind="visited", score=0.8)
    next_one = event("encounter", 7, 8, SHIP, NEW, ENCOUNTER, score=0.6)
    first, later = events.build([hers, next_one])["event_id"].tolist()
    for closed, lead in (((), first), ((first,), later), ((first, later), first)):
        (row,) = told(gazetteer, hers, next_one, closed=closed).to_dict("records")
        assert row["events"].split(";")[0] == lead


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "for"),
        (1, ", as did those of 1 other vessel nearby,"),
        (2, "of 2 other vessels nearby,"),
    ],
)
def test_who_scattered_with_it_is_counted(gazetteer: Gazetteer, n: int, said: str) -> None:
    stated = {"n_others_scattered": n, "scatter_m": 900.0, "false_lat": 3.0, "false_lon": 100.5}
    (row,) = telling.told(
        events.build([event("spoofing", 1, 3, SHIP, evidence=stated, subkind="scatter")])
    )
    text = Teller({}, gazetteer, at(24)).sentence(row, SHIP)
    assert said in text
    assert ("nearby" in text) == bool(n)


@pytest.mark.parametrize(
    ("n_reports", "n_false", "said"),
    [
        (0, 4, "Sent nothing for 2.0 h, last heard "),
        (1, 0, "Sent nothing but one report for 2.0 h, last heard in full "),
        (4, 1, "Sent nothing but 4 reports for 2.0 h, last heard in full "),
        (0, 9, "Sent nothing but 9 false positions for 2.0 h, last heard "),
        (1, 9, "Sent nothing but one report and 9 false positions for 2.0 h, last heard in full "),
        (3, 9, "Sent nothing but 3 reports and 9 false positions for 2.0 h, last heard in full "),
    ],
)
def test_what_a_silent_one_sent_is_told(
    gazetteer: Gazetteer, n_reports: int, n_false: int, said: str
) -> None:
    """Of one that sent a report among false positions it was said that it sent these alone."""
    stated = {"n_reports_meanwhile": n_reports, "n_false_meanwhile": n_false}
    (row,) = telling.told(events.build([event("gap", 1, 3, SHIP, evidence=stated)]))
    assert Teller({}, gazetteer, at(24)).sentence(row, SHIP).startswith(said)


def test_a_number_that_is_no_ships_is_told_once(gazetteer: Gazetteer) -> None:
    number = 785995206
    wrong = event("identity", 1, None, number, subkind="invalid_mmsi", evidence={"reason": "mid"})
    (lead,) = telling.told(events.build([wrong]))
    names = Teller({number: "MV NUSA"}, gazetteer, at(24))
    text = titles.title([lead], [0.5], lead, {number: "identity in doubt"}, number, (), names)
    assert text.startswith("MV NUSA: Its MMSI 785995206 can't be one of a ship")


def test_a_number_that_is_no_ships_stands_beside_the_name(gazetteer: Gazetteer) -> None:
    names = Teller({9141712: "P 1", SHIP: "MV A"}, gazetteer, at(24))
    assert titles._named(9141712, names) == "P 1 (number 009141712 can't be a ship's)"
    assert titles._named(SHIP, names) == "MV A"
    said = 111533001, 970012345, 5330148, 992351000, 985330001, 853300001
    assert ["not a ship's" in titles._named(mmsi, names) for mmsi in said] == [True] * 4 + [
        False
    ] * 2
    for mmsi, name in ((9141712, "P 1"), (5330148, "MMSI 005330148")):  # said once, not twice
        title = titles._named(mmsi, names)
        assert title.count(f"{mmsi:09d}") == 1
        assert titles.without_number(title, mmsi, names.say) == name


def test_a_score_says_what_it_is_made_of(gazetteer: Gazetteer) -> None:
    (one,) = told(
        gazetteer, event("loitering", 1, 3, score=0.6), event("gap", 3.5, None, score=0.5)
    ).to_dict("records")
    assert one["score"] == 0.8
    assert json.loads(one["made_of"]) == [
        {"kind": "loitering", "score": 0.6},
        {"kind": "gap", "score": 0.5},
    ]
    assert made_of(one["made_of"]) == "loitering 0.60, silence 0.50"
    assert made_of('[{"kind": "gap", "score": 0.7}]') == made_of("[]") == made_of("") == ""
    lowered = part("spoofing geometric", 0.68, 0.75, "interference that no other vessel shows")
    said = "lowered from 0.75 by: interference that no other vessel shows"
    assert made_of(json.dumps([lowered])) == said
    named = {"interference that no other vessel shows": "gangguan"}
    assert made_of(json.dumps([lowered]), names=named) == "lowered from 0.75 by: gangguan"
    both = made_of(json.dumps([lowered, part("watch-list", 0.2, 0.2, "")]))
    assert both == f"false positions 0.68 ({said}), watch-list 0.20"


def test_a_silence_of_class_b_says_both_steps_down() -> None:
    """A made-up silence that counts 0.7 times, after an innocent reason and without one."""
    frame = pd.DataFrame(
        {"kind": "gap", "mmsi": [SHIP, BOAT], "other_mmsi": 0, "score": [0.5365, 0.9]}
    )
    excused = json.dumps([part("gap", 0.3755, 0.6706, "weak transmitter")])
    said = made_of(with_events(excused, frame, SHIP))
    assert said == (
        "lowered from 0.67 to 0.54 by: weak transmitter; further, as class B need not send AIS"
    )
    plain = json.dumps([part("gap", 0.3755, 0.3755, "")])
    told = made_of(with_events(plain, frame, SHIP))
    assert told == "lowered from 0.54, as class B need not send AIS"
    full = json.dumps([part("gap", 0.5365, 0.6706, "weak transmitter")])
    other = json.dumps([part("loitering", 0.3755, 0.6706, "weak transmitter")])
    for text, mmsi in (
        (full, SHIP),  # counts whole
        (other, SHIP),  # no silence
        (excused, OTHER_BOAT),  # another's silence
    ):
        assert made_of(with_events(text, frame, mmsi)) == "lowered from 0.67 by: weak transmitter"
    of_the_other = json.dumps([part("gap", 0.5365, 0.5365, "")])  # once BOAT's own was cleared
    assert made_of(with_events(of_the_other, frame, BOAT)) == ""
    assert made_of(with_events("", frame, BOAT)) == ""  # a pack may go without it


def test_one_silence_under_two_names_is_said_to_be_one(gazetteer: Gazetteer) -> None:
    change = event("identity", 6, 6.3, SHIP, NEW, HAND_OVER, subkind="hand_over", score=0.67)
    silence = event("gap", 6, None, SHIP, score=0.8)
    (one,) = told(gazetteer, change, silence).to_dict("records")
    assert one["title"].endswith("; the same silence under its old number: 18.0 h")
    found = events.build([change, silence])
    parts = json.dumps([part("gap", 0.8, 0.8, ""), part("identity hand_over", 0.67, 0.67, "")])
    assert made_of(with_events(parts, found, NEW)) == (
        "silence 0.80, changed number 0.67; the silence and the changed number rest on the same "
        "silence"
    )
    before = events.build([change, event("gap", 2, 4, SHIP, score=0.8)])
    assert made_of(with_events(parts, before, NEW)).endswith("changed number 0.67")
    led = event("gap", 6, None, SHIP, score=0.95)
    row = telling.told(events.build([change, led]))
    assert titles._briefly(row[0], row[1], SHIP, Teller({}, gazetteer, at(24))) == (
        "in the same silence its number changed"
    )


def test_a_number_that_changed_at_rest_is_told_as_such(gazetteer: Gazetteer) -> None:
    """Not that it sailed on; and beside a stay that weighs more, that the number changed."""
    change = event(
        "identity", 6, 6.3, SHIP, NEW, HAND_OVER | {"at_rest": True}, subkind="hand_over", score=0.6
    )
    row = telling.told(events.build([change]))[0]
    teller = Teller({}, gazetteer, at(24))
    old, new = (teller.sentence(row, one) for one in (SHIP, NEW))
    assert old.startswith("Lay on under another number, as ")
    assert new.startswith("Took the place of ")
    stay = event("loitering", 7, 11, NEW, score=0.9)
    (one,) = told(gazetteer, change, stay).to_dict("records")
    assert one["title"].endswith("; also its number changed")


def test_a_crossing_tells_the_way_to_the_coast_that_it_left(gazetteer: Gazetteer) -> None:
    """A boat that lay off one coast, went over to the other and is flagged for the way back."""
    lay = event("loitering", -3, 0.5, lat=2.06, lon=102.55)
    over = event("crossing", 0.6, 5.5, evidence=OUT, score=0.8)
    (one,) = told(gazetteer, lay, over).to_dict("records")
    assert one["title"].endswith(
        "; before that it had come from off Muar, where it lay 3.5 h, until 00:30 MYT"
    ), "and no second time"
    here = event("loitering", -3, 0.5, lat=1.6, lon=102.2)
    (one,) = told(gazetteer, here, over).to_dict("records")
    assert "it had come over" not in one["title"], "that is the coast that it left"
    early = event("crossing", -3, 0.5, evidence=BACK, score=0.6)
    (one,) = told(gazetteer, early, over).to_dict("records")
    assert "; before that it had crossed to Indonesia, " in one["title"]
    lay = event("loitering", -7, -3, lat=2.06, lon=102.55)
    (one,) = told(gazetteer, lay, early, over).to_dict("records")
    assert one["title"].endswith(
        "; before that it had crossed to Indonesia, 10 nm NE of Bengkalis, at 05:30 MYT"
        "; before that it lay 4.0 h, off Muar, until 21:00 MYT"
    ), "one after the other, and that it came over once"


def test_who_is_on_its_way_back_is_not_said_to_be_there(gazetteer: Gazetteer) -> None:
    """Its place was told where it was heard last, 8 nm off, as that at which it came back."""
    there = event("crossing", 1, 3, evidence=OUT, score=0.8)
    back = event("crossing", 3.2, 5.5, evidence={**BACK, "ended": "unheard"}, score=0.6)
    (one,) = told(gazetteer, there, back).to_dict("records")
    assert "; then back towards Indonesia, 10 nm NE of Bengkalis, at 05:30 MYT" in one["title"]


def test_an_incident_says_where_its_vessel_was_heard_last(gazetteer: Gazetteer) -> None:
    (one,) = told(gazetteer, event("loitering", 1, 3)).to_dict("records")
    assert whereabouts(one, at(20.2)) == (
        "04°30.00′N 100°30.00′E, 12 kn 140°, at 20:00 MYT, 12 min before the look ended"
    )
    assert whereabouts(one, at(23.9)).endswith(", at 20:00 MYT, 3.9 h before the look ended")
    assert whereabouts(one, at(24)) == (  # another day's clock is told with its day
        "04°30.00′N 100°30.00′E, 12 kn 140°, at 06 Jan 20:00 MYT, 4.0 h before the look ended"
    )
    assert whereabouts(one, at(20)).endswith(", at 20:00 MYT, as the look ended")
    assert whereabouts(one, None).endswith("12 kn 140°, at 06 Jan 20:00 MYT")
    for name in ("last_seen", "last_lat", "last_lon"):  # a pack may go without either
        assert whereabouts({**one, name: pd.NaT if name == "last_seen" else np.nan}, at(24)) == ""
    still = {**one, "last_sog_kn": 0.2}
    assert ", 0 kn, at" in whereabouts(still, at(20.2))
    assert ", 12 kn, at" in whereabouts({**one, "last_cog_deg": np.nan}, at(20.2))
    seen = event("unmatched_sighting", 2, 2, 0, score=0.4)
    (one,) = told(gazetteer, seen).to_dict("records")
    assert whereabouts(one, at(20)) == ""
    assert one["next_step"] == NEXT_STEPS["unmatched_sighting over"]


def test_an_incident_keeps_its_id_while_it_grows(gazetteer: Gazetteer) -> None:
    first = told(gazetteer, *MOTHER_STORY)
    again = told(gazetteer, *MOTHER_STORY, known=first, status="unchanged")
    assert again["incident_id"].tolist() == first["incident_id"].tolist()
    assert again[["status", "news"]].values.tolist() == [["unchanged", ""]]
    earlier = event("loitering", 0, 1, score=0.4)
    grown = told(gazetteer, earlier, *MOTHER_STORY, VISIT, known=again)
    assert grown["incident_id"].tolist() == first["incident_id"].tolist()
    assert grown["status"].tolist() == ["changed"]
    assert grown["news"].iloc[0].startswith("2 more events")


@pytest.mark.parametrize(
    ("was_until", "until", "news"),
    [(8, 8, "details changed"), (None, None, "it went on"), (None, 8, "it ended")],
)
def test_what_changed_without_a_new_event_says_so(
    gazetteer: Gazetteer, was_until: float | None, until: float | None, news: str
) -> None:
    """A list of what changed says of each what it was."""
    before = told(gazetteer, event("loitering", 1, was_until))
    one = told(gazetteer, event("loitering", 1, until), known=before, status="changed")
    assert one[["status", "news"]].values.tolist() == [["changed", news]]


def test_what_looks_alone_have_told_is_new_to_the_night(gazetteer: Gazetteer) -> None:
    """Who reads its brief sat at no desk meanwhile: a silence of the day was "known before"."""
    look = told(gazetteer, *MOTHER_STORY)
    night = told(gazetteer, *MOTHER_STORY, known=look, status="unchanged")
    assert night["status"].tolist() == ["unchanged"]
    fresh = new_to_the_night(night, look, night.iloc[:0])
    assert (fresh["status"].tolist(), fresh["news"].tolist()) == (["created"], ["new"])
    assert new_to_the_night(night, look, look).equals(night)
    less = look.assign(events=look["events"].str.split(";").str[0])
    more = new_to_the_night(night, look, less)
    assert (more["status"].tolist(), more["news"].tolist()) == (["changed"], ["1 more event"])
    # A past span was looked at again since: what it doesn't hold was told by another night.
    assert new_to_the_night(night, less, less).equals(night)
    over = night.assign(status="retracted", news="its events were retracted")
    assert new_to_the_night(over, look, night.iloc[:0]).equals(over)


def test_what_other_rules_find_in_the_same_sea_is_said(gazetteer: Gazetteer) -> None:
    found = events.build([event("loitering", 1, 2), event("gap", 9, 12)])
    compared = found.assign(status="created", supersedes="")
    nothing = frames.empty(INCIDENTS)
    before = told(gazetteer, event("loitering", 1, 2), event("gap", 9, 12))
    before = before.assign(incident_id=[one.split(";")[0] for one in before["events"]])
    known = Known.of(nothing, compared, {"loitering": "0", "gap": "1"}, at(5))
    news = dict(zip(before["start"], lasting(before, known)["news"], strict=True))
    assert news == {at(1): "new because rules changed", at(9): "new"}
    on = Known.of(nothing, compared, {"loitering": "0", "gap": "0"}, at(10))
    news = dict(zip(before["start"], lasting(before, on)["news"], strict=True))
    assert news == {at(1): "new because rules changed", at(9): "new"}, "it went on since"
    heard = {"heard_late": found.loc[found["kind"] == "loitering", "event_id"].tolist()}
    late = lasting(before, Known.of(nothing, compared, {"loitering": "0"}, at(5), **heard))
    assert late["news"].tolist() == ["new", "new"], "a late feed may have brought it"
    same = dict(zip(found["detector"], found["version"], strict=True))
    late = lasting(before, Known.of(nothing, compared, same, at(5)))
    assert late["news"].tolist() == ["new", "new"], "by the rules of before: it came late"


def test_why_an_incident_is_over_is_said(gazetteer: Gazetteer) -> None:
    """That a person set it aside, or the list is full, is no score that fell."""
    before = told(gazetteer, event("loitering", 1, 2, score=0.5))
    [lead] = before["events"]
    known = Known(before, {}, {lead: "unchanged"})

    def news(**more: Any) -> str:
        return str(lasting(frames.empty(INCIDENTS), known, **more)["news"].item())

    assert news() == "it no longer scores enough"
    assert news(left_out={SHIP}) == "others weigh more, and the night's list is full"
    assert news(left_out={BOAT}) == "it no longer scores enough"
    assert news(aside={lead}, left_out={SHIP}).startswith("it is set aside: by a conclusion")
    gone = Known(before, {}, {lead: "retracted"})
    over = lasting(frames.empty(INCIDENTS), gone, aside={lead})
    assert over["news"].item() == "its events were retracted"


def test_what_was_retracted_is_told_again_under_its_id(gazetteer: Gazetteer) -> None:
    """A lead that a full list left out for a night is the one that a pack or a conclusion names."""
    first = told(gazetteer, event("loitering", 1, 2, score=0.5))
    [lead] = first["events"]
    full = lasting(first.iloc[:0], Known(first, {}, {lead: "unchanged"}), left_out={SHIP})
    assert full["status"].tolist() == ["retracted"]
    again = lasting(first, Known(full, {}, {lead: "unchanged"}))
    assert again["incident_id"].tolist() == first["incident_id"].tolist()
    assert again[["status", "news"]].values.tolist() == [["created", "on the list again"]]
    # To who sat at no look it is on the list again where a night had told that it went.
    later = again.assign(status="unchanged", news="")
    assert new_to_the_night(later, again, full)["news"].tolist() == ["on the list again"]
    assert new_to_the_night(again, full, full).equals(again)
    assert new_to_the_night(again, full, first).equals(later)
    # What tells its story and stands is what goes on.
    both = pd.concat([first.assign(incident_id="stands"), full], ignore_index=True)
    assert lasting(first, Known(both, {}, {}))["incident_id"].tolist() == ["stands"]


def test_other_zones_and_thresholds_are_other_rules() -> None:
    zone = {"zones/ports.geojson": "a", "settings.yaml": "x"}
    before = {"detectors": {"gap": "1"}, "configuration": zone}
    assert versions_then(before, {**zone, "settings.yaml": "y"}) == {"gap": "1"}
    assert versions_then(before, {**zone, "zones/ports.geojson": "b"}) == {}
    assert versions_then(before, {**zone, "zones/drawn.geojson": "c"}) == {}
    assert versions_then(before, {**zone, "detectors.yaml": "d"}) == {}
    assert versions_then({}, {}) == {}


def test_incidents_that_turn_out_to_be_one_are_merged(gazetteer: Gazetteer) -> None:
    apart = (event("loitering", 1, 2), event("loitering", 2, 4, BOAT))
    two = told(gazetteer, *apart)
    assert len(two) == 2
    met = event("encounter", 2, 2.4, SHIP, BOAT, ENCOUNTER)
    both = told(gazetteer, *apart, met, known=two)
    assert both["status"].tolist() == ["changed", "merged"]
    assert both["rank"].tolist() == [1, 0]
    assert set(both["incident_id"]) == set(two["incident_id"])
    assert both["merged_into"].iloc[1] == both["incident_id"].iloc[0]
    later = told(gazetteer, *apart, met, known=both, status="unchanged")
    assert later["status"].tolist() == ["unchanged"]


def test_a_part_that_splits_off_gets_an_id_of_its_own(gazetteer: Gazetteer) -> None:
    apart = (event("loitering", 1, 2), event("gap", 5, 7))
    bridge = event("encounter", 1.5, 5, SHIP, BOAT, ENCOUNTER)
    one = told(gazetteer, *apart, bridge)
    assert len(one) == 1
    split = told(gazetteer, *apart, known=one)
    assert sorted(split["status"]) == ["changed", "created"]
    new = split[split["status"] == "created"].iloc[0]
    assert new["incident_id"] != one["incident_id"].iloc[0]
    assert one["incident_id"].iloc[0] in new["news"]
    kept = split[split["status"] == "changed"].iloc[0]
    assert kept["news"].startswith("2 events fewer"), "the other part, and what joined them"


def test_a_boat_that_once_lay_beside_a_visitor_does_not_take_the_ships_id(
    gazetteer: Gazetteer,
) -> None:
    """A mother ship's incident of two nights before went on as the crossing of a boat that had
    lain at one village with her visitor: by an event that an innocent reason fits.
    """
    beside = event("encounter", 0, None, BOAT, OTHER_BOAT, ENCOUNTER, score=0.25)
    before = told(gazetteer, *MOTHER_STORY, beside, unflagged={OTHER_BOAT})
    assert len(before) == 1, "the meeting with little to it is told with her visitor"
    ended = event("encounter", 0, 8, BOAT, OTHER_BOAT, ENCOUNTER, score=0.25)
    crossed = event("crossing", 8, 12, OTHER_BOAT, evidence=OUT, score=0.78)
    found = told(gazetteer, crossed, ended, unflagged={BOAT})
    assert set(";".join(found["events"]).split(";")) & set(before["events"].item().split(";"))
    gone = dict.fromkeys(before["events"].item().split(";"), True)
    known = replace(Known(before, {}, {}), told_before=gone)
    [one] = lasting(found, known).to_dict("records")
    assert (one["status"], one["news"]) == ("created", "new")
    assert one["incident_id"] != before["incident_id"].item()
    beside_her = told(gazetteer, *MOTHER_STORY, crossed, ended, known=before, unflagged={BOAT})
    news = dict(zip(beside_her["mmsi"], beside_her["news"], strict=True))
    assert news[OTHER_BOAT] == f"split from incident {before['incident_id'].item()}"
    assert beside_her.set_index("mmsi").loc[SHIP, "incident_id"] == before["incident_id"].item()


def test_a_change_that_leads_goes_on_though_only_the_old_number_was_looked_at_again(
    gazetteer: Gazetteer,
) -> None:
    """A night told of the new number; the day before, looked at again, knows of the old alone."""
    lay = told(gazetteer, event("loitering", 1, 3, SHIP))
    name = lay["incident_id"].item()
    change = event("identity", 5, 5.3, SHIP, NEW, HAND_OVER, subkind="hand_over", score=0.9)
    after = told(gazetteer, change, event("loitering", 6, 9, NEW, score=0.4), unflagged={SHIP})
    assert after["mmsi"].item() == NEW
    events_of = dict.fromkeys(after["events"].item().split(";"), name)
    [one] = lasting(after, Known(lay, {}, {}, told_later=events_of)).to_dict("records")
    assert one["incident_id"] == name


def test_events_of_an_earlier_window_leave_an_incident_only_where_they_are_retracted(
    gazetteer: Gazetteer,
) -> None:
    """Who lies on into the next night met nobody less for it."""
    met, lies = event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER), event("loitering", 1.5, None)
    before = told(gazetteer, met, lies)
    [encounter] = events.build([met])["event_id"]
    [loitering] = events.build([lies])["event_id"]
    found = told(gazetteer, lies, known=before)
    assert found["news"].item().startswith("1 event fewer")

    def went_on(**status: str) -> list[str]:
        known = Known(before, {}, {loitering: "unchanged", **status}, told_before={encounter: True})
        one = lasting(found.assign(incident_id=loitering, score=before["score"]), known)
        return one.loc[0, ["status", "news"]].tolist()

    assert went_on() == went_on(**{encounter: "unchanged"}) == ["unchanged", ""]
    assert went_on(**{encounter: "retracted"}) == ["changed", "1 event fewer"]


def test_a_story_of_which_a_window_sees_the_end_alone_stays_as_it_was_told(
    gazetteer: Gazetteer,
) -> None:
    """A boat that went over at two in the morning and was back before the window ended "changed"
    the night after, from 0.89 to 0.69, and lost the shore it came from, though nothing happened.
    """
    over, back = event("crossing", 1, 2, score=0.8), event("crossing", 3, 5, score=0.5)
    before = told(gazetteer, over, back)
    went, came = before["events"].item().split(";")
    found = told(gazetteer, back, scores={SHIP: 0.7})
    assert found["events"].item() == came
    assert found["score"].item() < before["score"].item()

    def after(**status: str) -> dict[Any, Any]:
        known = Known(before, {}, status, told_before={went: True})
        [one] = lasting(found, known).to_dict("records")
        return one

    names = ["title", "score", "certainty", "events", "vessels", "made_of", "start"]
    for status in ({came: "unchanged"}, {came: "unchanged", went: "unchanged"}):
        one = after(**status)
        assert (one["status"], one["news"]) == ("unchanged", "")
        assert [one[name] for name in names] == before.loc[0, names].tolist()
        assert one["next_step"] == found["next_step"].item(), "it goes by where the boat is now"
    # What did change is told, and a score that is of the end alone is no news.
    one = after(**{came: "changed"})
    assert (one["status"], one["news"], one["events"]) == ("changed", "details changed", came)
    one = after(**{came: "unchanged", went: "retracted"})
    assert one["news"].startswith("1 event fewer")


def test_a_story_that_is_kept_says_what_to_do_by_all_of_it(gazetteer: Gazetteer) -> None:
    """The night after, a boat that had been at two shores was to be sought at one, beside a title
    that told of both.
    """
    there = event("crossing", 1, 3, evidence=OUT, score=0.4)
    back = event("crossing", 3.2, 5.5, evidence=BACK, score=0.7)
    before, found = told(gazetteer, there, back), told(gazetteer, back)
    [went], [came] = (events.build([one])["event_id"] for one in (there, back))
    flagged = pd.DataFrame({"mmsi": [SHIP], "score": [0.9], "last_seen": [at(20)]})
    teller = Teller({SHIP: "MV A"}, gazetteer, at(24))
    assessed = Assessment(
        *(events.empty(), frames.empty(FLAGGED), frames.empty(PARTS)),
        found.assign(incident_id=came, status=""),
        *((), frozenset[int](), frozenset[str](), frozenset[str](), 0, {}),
        lambda told_of, rows: retold(told_of, rows, flagged, teller, {}, Zones.none(), ""),
    )
    known = Known(before, {}, {came: "unchanged"}, told_before={went: True})
    both = NEXT_STEPS["crossing both ways"]
    assert both not in named(assessed, known).incidents["next_step"].item()
    [one] = named(assessed, known, in_full=lambda _: events.build([there, back])).incidents.to_dict(
        "records"
    )
    assert (one["status"], one["title"]) == ("unchanged", before["title"].item())
    assert one["next_step"] == before["next_step"].item() != found["next_step"].item()
    assert one["next_step"].startswith(both)


def test_a_stay_that_grew_leaves_a_story_as_it_was_told(gazetteer: Gazetteer) -> None:
    """A boat went over and met another: the night after, when the window held its crossing alone,
    the other left the story, and the score fell, because the first had lain at its berth since.
    """
    went = event("crossing", 1, 5, BOAT, score=0.8)
    met = event("encounter", 2, 2.5, SHIP, BOAT, ENCOUNTER, score=0.6)
    lay = event("anchoring", 6, 9, BOAT, score=0.1)
    by_boat = {"scores": {BOAT: 0.9, SHIP: 0.6, NEW: 0.5}}
    before = told(gazetteer, went, met, **by_boat)
    found = told(gazetteer, went, lay, **by_boat)
    [crossing], [encounter], [stay] = (events.build([one])["event_id"] for one in (went, met, lay))
    status = {crossing: "unchanged", stay: "created"}

    def after(weak: frozenset[str], found: pd.DataFrame = found) -> dict[str, Any]:
        known = Known(before, {}, status, told_before={encounter: True}, weak=weak)
        [one] = lasting(found, known).to_dict("records")
        return one

    one = after(frozenset({stay}))
    [was] = before.to_dict("records")
    for name in ("title", "score", "certainty", "vessels", "start"):
        assert one[name] == was[name]
    assert one["events"] == ";".join([*was["events"].split(";"), stay])
    assert (one["status"], one["news"]) == ("changed", "1 more event")
    anew = after(frozenset())  # what came is a lead of its own: all is weighed by what is seen
    assert anew["vessels"] == found["vessels"].item() != was["vessels"]
    company = event("encounter", 6, 7, BOAT, NEW, ENCOUNTER, score=0.1)
    [later] = events.build([company])["event_id"]
    joined = after(frozenset({later}), told(gazetteer, went, company, **by_boat))
    assert "1 more vessel" in joined["news"]


def test_a_story_is_not_kept_as_told_where_its_lead_is_none_any_more(gazetteer: Gazetteer) -> None:
    """A lead whose reason came to light, of a vessel that a list names, stood at 0.9 as before,
    because an earlier window had told of a meeting beside it.
    """
    met = event("encounter", 2, 2.5, SHIP, BOAT, ENCOUNTER, score=0.4)
    went = event("crossing", 3, 5, BOAT, score=0.8)
    before = told(gazetteer, met, went)
    [encounter], was = events.build([met])["event_id"], events.build([went])
    lower = events.build([{**went, "score": 0.2}])
    [crossing] = lower["event_id"]
    found = told(gazetteer, {**went, "score": 0.2}, scores={BOAT: 0.35})
    heir = lower.assign(event_id="heir")

    def after(now: pd.DataFrame, supersedes: str, row: pd.DataFrame) -> dict[str, Any]:
        compared = now.assign(status="changed", supersedes=supersedes)
        weak = weak_in(now, compared, was, 0.3)
        known = Known.of(before, compared, told_before={encounter: True}, weak=weak)
        [one] = lasting(row, known).to_dict("records")
        return one

    for now, supersedes, row in (
        (lower, "", found),
        (heir, crossing, found.assign(events="heir")),
    ):
        one = after(now, supersedes, row)
        assert (one["score"], one["title"]) == (found["score"].item(), found["title"].item())
        assert one["status"] == "changed"
    stay = events.build([event("anchoring", 6, 9, BOAT, score=0.1)])
    slight = weak_in(stay, stay.assign(supersedes=""), stay, 0.3)
    assert slight == {*stay["event_id"]}, "what never was a lead is slight, as before"


def test_what_an_unseen_event_ties_to_a_story_isnt_lost_to_it(gazetteer: Gazetteer) -> None:
    """A boat met another, which landed: the night after, the boat's stay went on, and of the
    landing, which stood, it was said to be one event fewer, as the meeting was out of sight.
    """
    went = event("crossing", 1, 5, BOAT, score=0.8)
    met = event("encounter", 2, 2.5, SHIP, BOAT, ENCOUNTER)
    landed, lay = event("crossing", 2.5, 4, SHIP, score=0.4), event("anchoring", 6, 9, BOAT)
    before = told(gazetteer, went, met, landed)
    [crossing], [encounter], [landing], [stay] = (
        events.build([one])["event_id"] for one in (went, met, landed, lay)
    )
    assert set(before["events"].item().split(";")) == {crossing, encounter, landing}
    found = told(gazetteer, went, lay)
    status = {crossing: "unchanged", landing: "unchanged", stay: "changed"}

    def after(found: pd.DataFrame, aside: Collection[str] = (), **other: str) -> list[str]:
        known = Known(before, {}, {**status, **other}, told_before={encounter: True})
        return lasting(found, known, aside=aside)["news"].tolist()

    assert after(found) == ["1 more event"]
    assert after(found, **{landing: "retracted"}) == ["1 more event, 1 event fewer"]
    assert after(found, **{encounter: "retracted"}) == ["1 more event, 2 events fewer"]
    assert after(found, [encounter]) == ["1 more event, 2 events fewer"]
    parted = told(gazetteer, went, lay, landed)
    assert parted["events"].tolist()[1] == landing
    assert after(parted)[0] == "1 more event, 1 event fewer"
    # Her visitors lay on at their berths: a ship that was visited "lost 4 events", and her story.
    grown = Known(before, {}, {**status, landing: "changed"}, told_before={encounter: True})
    assert lasting(found, grown)["news"].item() == "1 more event, 1 event fewer"
    no_lead = replace(grown, weak=frozenset({landing}))
    assert lasting(found, no_lead)["news"].item() == "1 more event"


def test_a_story_of_which_a_window_sees_a_part_isnt_kept_where_that_is_another_lead(
    gazetteer: Gazetteer,
) -> None:
    """What two tankers did together was told as "unchanged" the night after, by the title of the
    other one alone; and a lead that somebody had cleared would have stayed one.
    """
    met, lies = event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER), event("loitering", 1.5, 5, BOAT)
    before = told(gazetteer, met, lies)
    [encounter], [loitering] = (events.build([one])["event_id"] for one in (met, lies))

    def after(found: pd.DataFrame, aside: Collection[str] = (), **more: Any) -> list[str]:
        known = Known(before, {}, {loitering: "unchanged"}, told_before={encounter: True})
        [one] = lasting(found, replace(known, **more), aside=aside).to_dict("records")
        assert one["title"] == found["title"].item()
        return [one["status"], one["news"]]

    of_other = told(gazetteer, lies, scores={BOAT: 0.6})
    assert before["mmsi"].item() != of_other["mmsi"].item() == BOAT
    assert after(of_other) == ["changed", "score 0.75 to 0.50"]
    score = before["score"].item()
    assert after(of_other.assign(score=score)) == ["changed", "details changed"]
    same = of_other.assign(mmsi=before["mmsi"])
    assert after(same, closed=frozenset({encounter})) == ["changed", "score 0.75 to 0.50"]
    assert after(same, [encounter]) == ["changed", "1 event fewer, score 0.75 to 0.50"]


def test_what_is_no_longer_found_is_retracted_and_what_wasnt_looked_at_is_not(
    gazetteer: Gazetteer,
) -> None:
    before = told(gazetteer, event("loitering", 1, 2))
    gone = {before["events"].iloc[0]: "retracted"}
    after = told(gazetteer, event("loitering", 10, 12, BOAT), known=before, statuses=gone)
    assert after["status"].tolist() == ["created", "retracted"]
    assert after["rank"].tolist() == [1, 0]
    nothing = told(gazetteer, event("loitering", 10, 12, BOAT), known=before)
    assert nothing["status"].tolist() == ["created"]
    failed = {before["events"].iloc[0]: "not_assessed"}
    kept = told(gazetteer, event("loitering", 10, 12, BOAT), known=before, statuses=failed)
    assert kept["status"].tolist() == ["created"]


@pytest.mark.parametrize(
    ("status", "enough", "said"),
    [
        ("unchanged", True, []),
        ("", True, []),  # so long ago that it wasn't looked at again
        ("unchanged", False, ["retracted"]),
        ("changed", True, []),
        ("changed", False, ["retracted"]),
        ("retracted", True, ["retracted"]),
    ],
)
def test_what_an_earlier_window_told_of_holds_while_it_stands(
    gazetteer: Gazetteer, status: str, enough: bool, said: list[str]
) -> None:
    """A boat that crossed last night and lies at the shore since: this night finds only that."""
    before = told(gazetteer, event("loitering", 1, 2), event("loitering", 2.5, 4))
    crossed, lies = before["events"].iloc[0].split(";")
    statuses = {lies: "changed"} | ({crossed: status} if status else {})
    known = Known(before, {}, statuses, told_before={crossed: enough})
    assert lasting(frames.empty(INCIDENTS), known)["status"].tolist() == said
    # Where together they were enough, and both are of before.
    statuses |= {lies: "unchanged"}
    known = Known(before, {}, statuses, told_before={crossed: enough, lies: False})
    left = lasting(frames.empty(INCIDENTS), known)["status"].tolist()
    assert left == ([] if status == "unchanged" else said)


@pytest.mark.parametrize(
    ("status", "enough", "said"),
    [
        ("unchanged", True, []),
        ("unchanged", False, []),  # together they were enough, and this look sees one of them
        ("changed", False, ["retracted"]),
        ("retracted", True, []),
        ("retracted", False, ["retracted"]),
    ],
)
def test_what_began_after_a_past_span_holds_while_that_is_looked_at_again(
    gazetteer: Gazetteer, status: str, enough: bool, said: list[str]
) -> None:
    """A boat that lay at the shore then, and crossed two nights later."""
    before = told(gazetteer, event("loitering", 1, 2), event("loitering", 2.5, 4))
    lay, crossed = before["events"].iloc[0].split(";")
    known = Known(before, {}, {lay: status}, told_after={crossed: enough})
    assert lasting(frames.empty(INCIDENTS), known)["status"].tolist() == said


def test_an_incident_keeps_its_id_though_a_past_span_was_looked_at_again(
    gazetteer: Gazetteer,
) -> None:
    met, lies = event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER), event("loitering", 1.5, None)
    before = told(gazetteer, met, lies)
    [encounter] = events.build([met])["event_id"]
    [loitering] = events.build([lies])["event_id"]
    past = told(gazetteer, lies)
    known = Known(before, {}, {loitering: "unchanged"}, told_after={encounter: True})
    again = lasting(past.assign(incident_id=loitering, score=before["score"] - 0.3), known)
    assert again[["incident_id", "news"]].values.tolist() == [[before["incident_id"].item(), ""]]

    newest = told(gazetteer, met).assign(incident_id=encounter)
    later = {encounter: before["incident_id"].item()}
    new, same = (lasting(newest, Known(again, {}, {}, told_later=one)) for one in ({}, later))
    assert new["incident_id"].item() != before["incident_id"].item()
    assert same["incident_id"].tolist() == before["incident_id"].tolist()

    # Both are known to whoever was told before; what another look adds is news.
    whole = told(gazetteer, met, lies).assign(incident_id="")
    for more, said in (({}, ["unchanged", ""]), ({encounter: "changed"}, ["changed"])):
        row = lasting(whole, Known(again, {}, {**more}, told_later=later)).iloc[0]
        assert row[["status", "news"]].tolist()[: len(said)] == said


def test_of_a_window_before_it_is_known_what_stands_and_what_was_told_of_then() -> None:
    found = events.build([event("loitering", 1, 2), event("loitering", 5, 6, BOAT)])
    past = events.build([event("gap", 0, 1, PILOT, score=0.5), event("gap", 0, 2, NEW, score=0.49)])
    both = pd.concat([past, found.iloc[:1].assign(score=0.1)])
    then = told_before(found, both, {found["event_id"].iloc[0]}, 0.5)
    ids = [*past["event_id"], found["event_id"].iloc[0]]
    assert then == dict(zip(ids, (True, False, found["score"].iloc[0] >= 0.5), strict=True))


def test_an_event_that_another_replaces_keeps_the_incident(gazetteer: Gazetteer) -> None:
    before = told(gazetteer, event("loitering", 1, 2))
    old = before["events"].iloc[0]
    moved = told(
        gazetteer,
        event("loitering", 0.9, 2),
        known=before,
        supersedes=old,
        statuses={old: "retracted"},
    )
    assert moved["incident_id"].tolist() == before["incident_id"].tolist()
    assert moved["status"].tolist() == ["changed"]


def test_sentence_place_and_next_step_are_of_one_event(gazetteer: Gazetteer) -> None:
    waited = event("mother_ship", 1, 6, evidence=MOTHER, subkind="visited", score=0.4)
    (one,) = told(gazetteer, waited, {**VISIT, "score": 0.7, "lat": 5.0}).to_dict("records")
    assert one["title"].startswith("MV A: Waited, and was visited 2 times")
    assert one["next_step"] == NEXT_STEPS["mother_ship over"]
    assert one["lat"] == waited["lat"]
    assert one["events"].split(";")[0] == events.build([waited])["event_id"].iloc[0]
    # A weak meeting of the vessel that the incident is about comes before what another one did.
    (one,) = told(
        gazetteer,
        event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER, score=0.4),
        event("loitering", 1.5, 4, BOAT, score=0.7),
    ).to_dict("records")
    assert one["mmsi"] == SHIP
    assert one["title"].startswith("MV A: Drifted"), "at half a knot, as its loitering is told"
    assert one["next_step"].startswith(
        "they have parted: board one that is bound for a coast; if neither"
    )


def test_a_ship_that_a_boat_came_up_to_from_astern_is_asked_first(gazetteer: Gazetteer) -> None:
    boarded = event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER, score=0.6, subkind="boarding")
    met = event("encounter", 1, 2, SHIP, BOAT, ENCOUNTER, score=0.6)
    steps = [told(gazetteer, one)["next_step"].item() for one in (boarded, met)]
    assert steps == [NEXT_STEPS["encounter boarding over"], NEXT_STEPS["encounter over"]]


def looked_at_first(
    rows: list[tuple[Any, ...]], certainty: str = "high", **more: Any
) -> list[tuple[str, tuple[str, ...]]]:
    """Ids and reasons of what to look at first, of (id, kind, score, status, end, last_seen) and
    how a crossing ended."""
    names = ("incident_id", "kind", "score", "status", "end", "last_seen", "ended")
    table = pd.DataFrame([(*row, "at sea")[: len(names)] for row in rows], columns=names)
    for name in ("end", "last_seen"):
        table[name] = pd.to_datetime(table[name], utc=True)
    table = table.assign(events=table["incident_id"] + "e", mmsi=range(1, len(table) + 1))
    table = table.assign(
        rank=table["mmsi"],
        certainty=certainty,
        title="",
        event_id=table["events"],
        subkind="",
        start=at(0),
        evidence=[Evidence.of({"ended": how}) for how in table["ended"]],
    )
    return [(one.incident_id, one.why) for one in first(table, table, table, at(12), **more)]


def test_what_to_look_at_first_can_be_met_is_new_and_may_save_lives() -> None:
    rows = [
        ("gone", "loitering", 0.8, "created", at(1), at(1)),
        ("here", "loitering", 0.7, "created", at(1), at(12)),
        ("known", "loitering", 0.7, "unchanged", pd.NaT, at(12)),
        ("boat", "crossing", 0.5, "created", at(11), at(12)),
        ("silent", "gap", 0.7, "changed", pd.NaT, at(6)),
        ("nobody", "unmatched_sighting", 0.1, "created", at(2), pd.NaT),
    ]
    assert looked_at_first(rows) == [  # as the list has them
        ("here", ("high certainty", "new", "still heard")),
        ("known", ("high certainty", "still heard")),
        ("boat", ("people may be in danger", "high certainty", "new", "still heard")),
    ]
    assert looked_at_first(rows, n=1)[0][0] == "boat"
    assert looked_at_first(rows, n=1, watched={"boate"})[0][0] == "here", "a watch has seen it"
    rest = looked_at_first(rows, concluded={"boate", "heree", "knowne"})
    assert rest == [
        ("gone", ("high certainty", "new", "not heard for 11 h")),
        ("silent", ("high certainty", "changed", "not heard for 6 h")),
        ("nobody", ("high certainty", "new", "10 h ago")),
    ]


def test_who_is_watched_and_can_still_be_met_stays_among_the_first() -> None:
    rows = [
        ("here", "loitering", 0.9, "created", at(1), at(12)),
        ("gone", "loitering", 0.9, "created", at(1), at(5)),
        ("next", "loitering", 0.5, "created", at(1), at(12)),
        ("last", "loitering", 0.4, "created", at(1), at(12)),
        ("many", "loitering", 0.3, "created", at(1), at(12)),
    ]
    both = {"heree", "gonee"}
    told = [one for one, _ in looked_at_first(rows, answered=both, watching=both, watched=both)]
    assert told == ["next", "last", "here"], "behind those that nobody has answered"
    every = {f"{row[0]}e" for row in rows} - {"manye"}
    told = [one for one, _ in looked_at_first(rows, answered=every, watching=every)]
    assert told == ["many", "here", "next"], "what is watched hides nothing new"
    told = [one for one, _ in looked_at_first(rows, answered=both)]
    assert told == ["next", "last", "many"], "that nobody could tell is no watch"
    told = [one for one, _ in looked_at_first(rows[:3], answered=both, watching=both)]
    assert told == ["next", "here", "gone"]
    weak = [("here", "loitering", 0.45, "created", at(1), at(12)), *rows[2:]]
    told = [one for one, _ in looked_at_first(weak, answered=both, watching=both, watched=both)]
    assert told == ["next", "last", "many"], "it is known, and stands behind no more for it"


def test_a_boat_that_goes_on_from_a_ship_to_a_coast_carries_people_too() -> None:
    """Told by the ship's waiting (0.70), the boat's crossing (0.94) put nobody in danger."""
    ship = event("mother_ship", 8, 11, evidence={}, score=0.7, subkind="visited")
    ended = Evidence.of({"ended": "shore"})
    went = event("crossing", 9, 11, BOAT, evidence=ended, score=0.94, subkind="")
    weak = {**went, "score": 0.4}
    for boat, danger in ((went, True), (weak, False)):
        found = [{**one, "event_id": name} for name, one in (("ship", ship), ("boat", boat))]
        assert (danger_in(found, "ship", at(12)) > 1) == danger
    assert danger_in([{**went, "event_id": "boat"}], "ship", at(12)) == 1.0, "its lead isn't known"
    told = pd.DataFrame([{**ship, "event_id": "ship"}, {**went, "event_id": "boat"}])
    row = {"incident_id": "one", "mmsi": SHIP, "rank": 1, "certainty": "high", "status": "created"}
    row |= {
        "title": "",
        "event_id": "ship",
        "start": at(8),
        "end": at(11),
        "kind": "mother_ship",
        "score": 0.94,
    }
    incident = pd.DataFrame([{**row, "events": "ship;boat"}])
    heard = pd.DataFrame({"mmsi": [SHIP], "last_seen": [at(12)]})
    [one] = first(incident, told, heard, at(12))
    assert "people may be in danger" in one.why


def test_a_pack_in_malay_says_the_certainty_in_malay() -> None:
    rows = [("here", "loitering", 0.7, "created", at(1), at(12))]
    for told in ("high", "tinggi"):  # the desk's table is English, that of a pack in its language
        [(_, why)] = looked_at_first(rows, certainty=told, say=labels("ms").say)
        assert why == ("kepastian tinggi", "baharu", "masih didengar")


def test_a_boat_that_came_to_a_coast_long_ago_waits_behind_one_that_comes_now() -> None:
    rows = [
        ("ship", "identity", 0.9, "created", at(11), at(12)),
        ("landed", "crossing", 0.8, "created", at(1), at(12), "shore"),
        ("back", "crossing", 0.8, "created", at(3), at(12), "near"),
        ("now", "crossing", 0.6, "created", at(11), at(12), "near"),
        ("adrift", "crossing", 0.7, "created", at(1), at(12), "unheard"),
    ]
    danger = "people may be in danger"
    told = looked_at_first(rows, n=5)
    assert [one for one, why in told if danger in why] == ["now", "adrift"]
    assert [one for one, _ in looked_at_first(rows)] == ["ship", "now", "adrift"]


@pytest.mark.parametrize(
    ("ais_class", "hours", "danger"),
    [("B", 25, True), ("B", 23, False), ("A", 70, False), ("", 70, False)],
)
def test_people_may_be_in_danger_in_a_boat_that_drifts_for_days(
    ais_class: str, hours: float, danger: bool
) -> None:
    measured = Evidence.of({"ais_class": ais_class, "duration_s": hours * 3600})
    lead = event("loitering", 1, None, evidence=measured, subkind="")
    assert (danger_of(lead, at(12)) > 1) == danger
    assert (danger_of({**lead, "kind": "anchoring"}, at(12)) > 1) is False


@pytest.mark.parametrize(
    ("n_at_once", "n_others", "told"),
    [(10, 30, True), (9, 0, False), (10, 31, False), (0, 0, False)],
)
def test_silences_that_many_began_in_the_same_minutes_are_told(n_at_once, n_others, told):
    first = pd.Timestamp("2026-01-06T16:00Z")
    starts = [first + pd.Timedelta(20 * k, "s") for k in range(n_at_once)]
    starts += [first + pd.Timedelta(k + 1, "h") for k in range(n_others)]
    events = pd.DataFrame({"start": pd.Series(starts[::-1], dtype="datetime64[us, UTC]")})
    events = events.assign(kind="gap", status="created", score=0.6)
    weak = events.assign(score=0.2)
    meetings = events.assign(kind="encounter")
    gone = events.assign(status="retracted")
    found = at_once(pd.concat([weak, events, meetings, gone]), 0.5)
    assert found == ((n_at_once, n_at_once + n_others, first) if told else None)
