"""What belongs with an incident: who is in both, came to the same coast, or was there then."""

from dataclasses import replace
from random import Random
from typing import Any

import pandas as pd
import pytest

from detectors.core import events
from detectors.core.evidence import Evidence, Explained
from detectors.surroundings.landmarks import Gazetteer
from pipelines.assess.incidents.related import (
    RELATED,
    Stories,
    Story,
    _Landing,
    _why,
    related,
    stories,
)
from pipelines.assess.reasons import Teller
from pipelines.base.settings import REFERENCE
from pipelines.reference.layers import load_gazetteer
from tests.pipelines.assess.incidents.test_incidents import BOAT, OTHER_BOAT, SHIP, at, event

NAMES = {BOAT: "B ONE", OTHER_BOAT: "B TWO", SHIP: "MV A"}


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load_gazetteer(REFERENCE)


def landing(
    hour: float,
    lat: float,
    mmsi: int,
    to: str = "MYS",
    whence: str = "IDN",
    ended: str = "near",
    left_lat: float | None = None,
) -> Any:
    """A boat that came to a coast at an hour."""
    seen = {"from_state": whence, "to_state": to, "arrival_time": at(hour).isoformat()}
    seen |= {"ended": ended}
    seen |= {"arrival_lat": lat, "arrival_lon": 102.0}
    if left_lat is not None:
        seen |= {"left_lat": left_lat, "left_lon": 101.5}
    return event("crossing", hour - 3, hour, mmsi, evidence=seen, lat=lat - 0.5, lon=101.8)


def why(gazetteer: Gazetteer, *groups: list[Any], withheld: tuple[str, ...] = ()) -> list[Any]:
    """What is told beside the first of some incidents, each of some events: place and reason."""
    table, every = [], []
    for number, rows in enumerate(groups):
        found = events.build(rows)
        kept = [one.without(withheld) for one in found["evidence"]]
        found = found.assign(evidence=events.objects(kept, found.index))
        ids = [f"{number}-{place}" for place in range(len(found))]
        every.append(found.assign(event_id=ids))
        seen = found["evidence"].iloc[0]
        vessels = " | ".join(f"{m:09d} in it" for m in dict.fromkeys(found["mmsi"]) if m)
        place = {k: seen.get(f"arrival_{k}", found[k].iloc[0]) for k in ("lat", "lon")}
        about = {"incident_id": str(number), "rank": number + 1, "vessels": vessels, **place}
        about |= {"events": ";".join(ids), "start": found["start"].min(), "end": found["end"].max()}
        table.append(about)
    among = stories(pd.DataFrame(table), pd.concat(every, ignore_index=True))
    said = related(among, "0", Teller(NAMES, gazetteer, at(24)))
    return [(int(one.incident_id), one.why) for one in said]


def test_who_came_to_the_same_coast_that_night_is_told_the_nearest_first(
    gazetteer: Gazetteer,
) -> None:
    first = [landing(4, 2.0, BOAT)]
    found = why(
        gazetteer,
        first,
        [landing(5, 2.5, OTHER_BOAT)],
        [landing(3, 2.05, SHIP)],
        [landing(4, 2.0, 533000005, to="IDN", whence="MYS")],
        [landing(20, 2.0, 533000006)],
        [landing(4, 2.0, 533000007, to="SGP")],
    )
    assert found == [
        (2, "came to the coast of Malaysia too, 3.0 nm off, 60 min before"),
        (1, "came to the coast of Malaysia too, 30.0 nm off, 60 min later"),
        (3, "crossed the other way, from Malaysia to Indonesia, at the same time"),
        (5, "less than 10 m off, at the same time"),
    ]


def test_a_boat_on_its_way_has_come_to_no_coast(gazetteer: Gazetteer) -> None:
    came, sails = landing(4, 2.0, BOAT), landing(5, 2.05, OTHER_BOAT, ended="at sea")
    told = "made for the coast of Malaysia too, 3.0 nm off, 60 min"
    assert why(gazetteer, [came], [sails]) == [(1, f"{told} later")]
    assert why(gazetteer, [sails], [came]) == [(1, f"{told} before")]


def test_a_place_that_a_reader_may_not_have_is_not_told_by_its_distance(
    gazetteer: Gazetteer,
) -> None:
    places = ("arrival_lat", "arrival_lon")
    rows = [landing(4, 2.0, BOAT)], [landing(5, 2.5, OTHER_BOAT)]
    assert why(gazetteer, *rows, withheld=places) == [
        (1, "came to the coast of Malaysia too, 60 min later")
    ]


def test_a_vessel_in_both_comes_first_and_all_such_are_told(gazetteer: Gazetteer) -> None:
    first = [event("gap", 1, 3, SHIP), event("encounter", 4, 5, SHIP, BOAT)]
    shares = [[event("loitering", 8 + n, 9 + n, SHIP, lat=5.0)] for n in range(RELATED + 2)]
    met = [event("gap", 1, 3, BOAT, lat=6.0)]
    near = [event("anchoring", 4, None, OTHER_BOAT)]
    found = why(gazetteer, first, near, met, *shares)
    assert len(found) == RELATED + 3, "all that share a vessel, and of others none in their place"
    assert (1, "less than 10 m off, 60 min later") not in found
    assert found[0] == (2, "B ONE of that incident is in events of this one")
    assert found[1] == (3, "MV A is in both")


def test_who_is_in_events_alone_is_not_said_to_be_in_the_incident(gazetteer: Gazetteer) -> None:
    """Nobody finds it among the vessels of that one, which have their roles."""
    alone, met = [event("gap", 1, 3, BOAT, lat=6.0)], event("encounter", 4, 5, SHIP, BOAT)
    said = "B ONE of this incident is in events of that one"
    assert why(gazetteer, alone, [met]) == [(1, said)]
    two = [event("gap", 1, 3, OTHER_BOAT, lat=6.0), *alone]
    also = event("encounter", 6, 7, SHIP, OTHER_BOAT)
    assert why(gazetteer, [met, also], two) == [
        (1, "B ONE and 1 more of that incident are in events of this one")
    ]


def test_what_was_there_soon_before_or_after_is_told_and_nothing_else(
    gazetteer: Gazetteer,
) -> None:
    found = why(
        gazetteer,
        [event("loitering", 4, 6, SHIP)],
        [event("loitering", 8, 9, BOAT, lat=4.22)],
        [event("anchoring", 1, None, OTHER_BOAT)],
        [event("loitering", 13, 14, 533000005)],
        [event("loitering", 4, 6, 533000006, lat=4.3)],
    )
    assert found == [(2, "less than 10 m off, at the same time"), (1, "1.2 nm off, 2.0 h later")]


def test_what_fits_an_innocent_reason_brings_no_boat_to_a_coast(gazetteer: Gazetteer) -> None:
    ferry = landing(5, 2.5, OTHER_BOAT)
    ferry["evidence"] = replace(Evidence.of(ferry["evidence"]), explained=Explained(0.6, 0.9))
    assert why(gazetteer, [landing(4, 2.0, BOAT)], [ferry]) == []


def test_who_came_to_the_same_coast_further_than_boats_go_for_it_is_not_told(
    gazetteer: Gazetteer,
) -> None:
    groups = [landing(4, 2.0, BOAT)], [landing(5, 3.0, OTHER_BOAT)]
    assert why(gazetteer, *groups) == []


def test_who_went_the_other_way_is_told_with_how_near_the_shores_are(
    gazetteer: Gazetteer,
) -> None:
    back = {"to": "IDN", "whence": "MYS"}
    found = why(
        gazetteer,
        [landing(4, 2.0, BOAT, left_lat=1.5)],
        [landing(7, 1.6, OTHER_BOAT, left_lat=3.5, **back)],
        [landing(6, 3.0, SHIP, left_lat=3.5, **back)],
    )
    assert found == [
        (1, "crossed the other way, from Malaysia to Indonesia, 30.6 nm off, 3.0 h later")
    ], "whose shores are both another's is not told, though it went the other way"


def test_a_boat_of_an_incident_that_is_told_by_another_vessel_is_named(
    gazetteer: Gazetteer,
) -> None:
    visited = event("mother_ship", 1, 3, SHIP, subkind="visited", lat=5.0)
    found = why(gazetteer, [landing(4, 2.0, BOAT)], [visited, landing(5, 2.5, OTHER_BOAT)])
    assert found == [
        (1, "B TWO came to the coast of Malaysia too, 30.0 nm off, 60 min later"),
    ]


def test_only_what_may_be_tied_to_it_is_looked_at(gazetteer: Gazetteer) -> None:
    """Of a thousand incidents all pairs took half a minute; none that is tied is passed over."""
    rng, teller = Random(5), Teller(NAMES, gazetteer, at(24))

    def story(n: int) -> Story:
        met = frozenset(rng.sample(range(1, 60), rng.choice((0, 0, 1))))
        lat, lon = rng.uniform(-1.0, 6.0), rng.uniform(100.0, 100.1)
        hour = rng.uniform(0, 24)
        coasts = rng.sample(["MYS", "IDN", "SGP", "THA"], 2)
        went = _Landing(100 + n, coasts[0], True, coasts[1], (lat, lon), None, at(hour))
        place = None if rng.random() < 0.1 else (lat, lon)
        landed = (went,) if rng.random() < 0.1 else ()
        vessels = frozenset({100 + n})
        return Story(str(n), 100 + n, vessels, met, landed, place, at(hour), at(hour + 1))

    among = Stories([story(n) for n in range(150)])
    looked_at, tied = 0, 0
    for mine in among.told:
        found = among.beside(mine.incident_id)
        assert found is not None
        assert found[0] is mine
        looked_at += len(found[1])
        due = [one for one in among.told if one is not mine and _why(mine, one, teller)]
        tied += len(due)
        assert [one for one in found[1] if _why(mine, one, teller)] == due
    assert tied > 100
    assert looked_at < 150 * 149 / 4
    assert among.beside("none") is None
