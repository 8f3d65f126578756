"""Explanations: each reason alone, the best of several, and what isn't known."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import detectors
from detectors.core import events, explain
from detectors.core.evidence import Evidence, Explained
from detectors.core.hypothesis import Hypothesis
from detectors.core.sentences import numbers, places_in
from detectors.core.statements import STATED_BOUND
from pipelines.base.yaml_files import read_yaml
from tests.making import event_row

HYPOTHESES = {
    name: detectors.find(name).hypotheses for name in ("encounter", "loitering", "gap", "geofence")
}

A, B = 533000001, 563000002


def event(kind: str, evidence: dict[str, Any], **columns: Any) -> pd.DataFrame:
    """One event of a kind with a base score of 0.8."""
    day = pd.Timestamp("2026-03-01", tz="UTC")
    row = event_row(kind, day, day + pd.Timedelta(hours=1), mmsi=A, score=0.8, evidence=evidence)
    if kind == "geofence":
        row["subkind"] = "enter"
    if kind == "encounter":
        row |= {"other_mmsi": B, "track_ids": f"{A}01;{B}01"}
    return events.build([{**row, **columns}])


TABLE = read_yaml(Path(__file__).with_name("explained.yaml"))
BASE = TABLE["measured"]
ROWS = [
    (kind, case.pop("reason"), case.pop("types"), case.pop("says"), case)
    for kind, cases in TABLE["cases"].items()
    for case in cases
]
MEETING, DRIFT = BASE["encounter"], BASE["loitering"]
ON_ITS_GROUND = {
    "was_moving": False,
    "ground_s": 7200.0,
    "ground_way_ratio": 3.4,
    "distance_m": 1852.0,
    "ground_m": 3704.0,
}
HEARD_ALL_ALONG = {"ais_class": "B", "interval_ratio": 40.0, "neighbour_fraction": 1.0}
DRIFTED_IN_SIGHT = {
    "duration_s": 900,
    "near_before_s": 10_800,
    "median_speed_kn": 1.4,
    "drift_kn": 1.3,
    "other_median_speed_kn": 1.4,
    "other_drift_kn": 1.3,
    "max_drift_kn": 3.3,
    "approach_kn": 4.0,
    "parting_kn": 9.0,
}
CARGO, TANKER = 70, 80
LENGTHS_M = {99: 20.0, 30: 25.0, 52: 30.0, 69: 250.0}
ALONE = {
    *(("engine trouble", kind) for kind in ("loitering", "geofence")),
    ("ferry at rest", "gap"),
    *((name, "geofence") for name in ("ferry routine", "service routine", "fishing harbour")),
    *((name, "geofence") for name in ("fishing", "work at sea", "at anchor", "pleasure craft")),
}
"""Reasons for which nothing but a statement speaks in the table."""


VOYAGE = {"nav_status": 2, "came_kn": 15.0, "resumed_off_deg": 4.0, "n_beside": 0}


@pytest.mark.parametrize(
    ("differs", "weight"),
    [({}, 0.5), ({"resumed_off_deg": 90.0}, STATED_BOUND), ({"n_beside": 1}, STATED_BOUND)],
)
def test_a_breakdown_counts_for_more_on_a_voyage_that_goes_on(
    scene: Any, differs: dict[str, Any], weight: float
) -> None:
    row, told = explained(scene, event("loitering", {**DRIFT, **VOYAGE, **differs}), CARGO)
    assert row["explanation"].startswith("engine trouble: ")
    assert told.weight == weight


def reasons(found: pd.DataFrame) -> tuple[Hypothesis, ...]:
    return HYPOTHESES.get(found["kind"].iloc[0], ())


def explained(scene: Any, found: pd.DataFrame, *types: int) -> tuple[pd.Series, Explained]:
    """What becomes of an event: twice is as once."""
    vessels = scene.vessels(
        *(
            {"mmsi": m, "ship_type": t, "length_m": LENGTHS_M.get(t, 90.0)}
            for m, t in zip((A, B), types, strict=False)
        )
    )
    context = scene.context(vessels=vessels)
    result = explain.explain(found, context, reasons(found))
    again = explain.explain(result, context, reasons(found))
    pd.testing.assert_frame_equal(again, result)
    evidence: Evidence = result["evidence"].iloc[0]
    assert evidence.explained is not None
    assert Evidence.parse(evidence.json()) == evidence
    return result.iloc[0], evidence.explained


@pytest.mark.parametrize(("kind", "name", "types", "words", "differs"), ROWS)
def test_each_reason(
    scene: Any, kind: str, name: str, types: list[int], words: str, differs: dict[str, Any]
) -> None:
    differs = dict(differs)
    columns = {"subkind": differs.pop("subkind")} if "subkind" in differs else {}
    found = event(kind, {**BASE[kind], **differs}, **columns)
    row, told = explained(scene, found, *types)
    (weight,) = {h.weight for h in HYPOTHESES[kind] if h.name == name}
    if (name, kind) in ALONE:
        weight = STATED_BOUND
    assert row["explanation"].startswith(f"{name}: ")
    assert words in row["explanation"]
    assert row["score"] == pytest.approx(0.8 * (1 - weight))
    assert row["explanation"] == explain.sentence_of(told)
    assert (told.base_score, told.weight, told.name) == (0.8, weight, name)
    assert told.overturned_by
    assert told.untested == ()


def test_every_reason_has_a_case() -> None:
    named = {(h.name, kind) for kind, reasons in HYPOTHESES.items() for h in reasons}
    assert named == {(name, kind) for kind, name, *_ in ROWS}


def parts_of(value: Any) -> list[Any]:
    """A value and all that it is made of."""
    if is_dataclass(value):
        inner = [getattr(value, one.name) for one in fields(value)]
    elif isinstance(value, dict):
        inner = [*value, *value.values()]
    else:
        inner = list(value) if isinstance(value, tuple | frozenset) else []
    return [value, *(part for one in inner for part in parts_of(one))]


@pytest.mark.parametrize("kind", detectors.names())
def test_reasons_are_data_and_their_sentences_stand_with_nothing_known(kind: str) -> None:
    for one in detectors.find(kind).hypotheses:
        assert not [part for part in parts_of(one) if callable(part)]
        assert one.looks_for.endswith(".")
        assert 0 < one.weight <= 1
        for case in one.cases:
            assert case.says.format(**numbers(dict.fromkeys(places_in(case.says))))


@pytest.mark.parametrize("kind", list(BASE))
def test_two_merchant_ships_have_no_excuse(scene: Any, kind: str) -> None:
    row, told = explained(scene, event(kind, BASE[kind]), CARGO, TANKER)
    assert row["explanation"] == ""
    assert row["score"] == 0.8
    assert told == Explained(0.8)


@pytest.mark.parametrize("kind", ["encounter", "loitering", "geofence"])
def test_an_unknown_type_is_neither_innocence_nor_guilt(scene: Any, kind: str) -> None:
    for types in ((), (0, 0), (-1, -1)):
        row, told = explained(scene, event(kind, BASE[kind]), *types)
        assert row["explanation"] == ""
        assert row["score"] == 0.8
        assert told.untested


def test_the_heaviest_reason_wins(scene: Any) -> None:
    found = event("loitering", {**DRIFT, "nav_status": 2, "near_land": True})
    row, _ = explained(scene, found, 50)
    assert row["explanation"].startswith("pilot vessel on station")
    row, _ = explained(scene, found, CARGO)
    assert row["explanation"].startswith("at a berth")
    left = {**DRIFT, "anchorage_distance_m": 1852.0, "called_afterwards": False}
    row, _ = explained(scene, event("loitering", left), CARGO)
    assert row["explanation"] == "", "it left the port it lay off"


@pytest.mark.parametrize(
    ("differs", "types"),
    [
        ({"duration_s": 7 * 3600}, (CARGO, 50)),  # a pilot boat that stays for seven hours
        ({}, (52, CARGO)),  # a tug that lies still with a ship far out
        ({}, (30, 30)),  # fishing vessels stopped together
        ({"in_anchorage": False}, (TANKER, TANKER)),  # two tankers at sea
    ],
)
def test_close_to_a_reason_but_not_it(
    scene: Any, differs: dict[str, Any], types: tuple[int, int]
) -> None:
    row, _ = explained(scene, event("encounter", {**MEETING, **differs}), *types)
    assert row["explanation"] == ""


def test_at_anchor_but_moving_is_not_believed(scene: Any) -> None:
    row, _ = explained(scene, event("loitering", {**DRIFT, "nav_status": 1}), CARGO)
    assert row["explanation"] == ""


def test_what_a_detector_said_stays(scene: Any) -> None:
    said = "not assessed: no land or zone layer reaches this place"
    for text, score in ((said, 0.0), ("leaving coverage: it was on its way out", 0.1)):
        found = event("encounter", MEETING, score=score, explanation=text)
        row, told = explained(scene, found, CARGO, 50)
        assert (row["explanation"], row["score"]) == (text, score)
        assert told == Explained(score, by_detector=True)
        again, _ = explained(scene, pd.DataFrame([row]), CARGO, 50)
        assert again.equals(row)


def test_nothing_and_nobody(scene: Any) -> None:
    found = explain.explain(events.empty(), scene.context(), ())
    pd.testing.assert_frame_equal(found, events.empty())


def test_other_kinds_pass_through(scene: Any) -> None:
    row, told = explained(scene, event("identity", {"duration_s": 7200}), CARGO)
    assert (row["score"], row["explanation"]) == (0.8, "")
    assert told.base_score == 0.8


@pytest.mark.parametrize(
    ("kind", "differs", "types"),
    [
        # Adrift for less than a tide; a boat that goes further than its mooring lets it; a ship.
        ("loitering", {"duration_s": 18_000, "extent_m": 400.0}, (CARGO,)),
        ("loitering", {"duration_s": 46_800, "extent_m": 400.0, "ais_class": "B"}, (0,)),
        ("loitering", {"duration_s": 46_800, "extent_m": 1400.0}, (CARGO,)),
        # Says it is at anchor, and drifts; or said so for a while.
        ("loitering", {"nav_status": 1, "nav_status_fraction": 0.9}, (CARGO,)),
        (
            "loitering",
            {"nav_status": 1, "nav_status_fraction": 0.3, "median_speed_kn": 0.1},
            (CARGO,),
        ),
        # A casualty that is a tug itself and a ship that comes.
        ("encounter", {"nav_status": 2, "duration_s": 4000, "min_distance_m": 5.0}, (52, CARGO)),
        # One that works at sea and a boat that drifted in sight of it in the stream.
        ("encounter", DRIFTED_IN_SIGHT, (33, 99)),
        # Two that lie together far out; a boat whose like were heard on its ground all along.
        ("encounter", {"duration_s": 1500, "min_distance_m": 80.0}, (60, CARGO)),
        ("gap", ON_ITS_GROUND | HEARD_ALL_ALONG, (0,)),
        # A feed that passes bring, as quiet as it always is.
        ("gap", {"feed_heard_fraction": 0.54, "feed_usual_fraction": 0.6}, (CARGO,)),
    ],
)
def test_what_is_no_reason(
    scene: Any, kind: str, differs: dict[str, Any], types: tuple[int, ...]
) -> None:
    row, _ = explained(scene, event(kind, {**BASE[kind], **differs}), *types)
    refused = {
        "anchored or moored",
        "anchored in the end",
        "in attendance",
        "waiting at anchor",
        "tug to a casualty",
        "ferry passing",
        "working to and fro",
    }
    assert row["explanation"].split(":")[0] not in refused


def test_who_is_too_long_for_what_it_says_it_is_has_no_excuse(scene: Any) -> None:
    for ship_type, name in ((30, "fishing"), (52, "tug standing by")):
        for length_m, excused in ((40.0, True), (130.0, False)):
            vessels = scene.vessels({"mmsi": A, "ship_type": ship_type, "length_m": length_m})
            found = event("loitering", DRIFT)
            result = explain.explain(found, scene.context(vessels=vessels), reasons(found))
            assert result["explanation"].iloc[0].startswith(f"{name}: ") == excused


def test_who_fishes_by_conduct_may_have_typed_in_any_length(scene: Any) -> None:
    for share, excused in ((0.43, True), (0.05, False)):
        conduct = {"n_turns": 13, "way_ratio": 1.9, "working_speed_fraction": share}
        found = event("loitering", {**DRIFT, **conduct})
        vessels = scene.vessels({"mmsi": A, "ship_type": 30, "length_m": 95.0})
        result = explain.explain(found, scene.context(vessels=vessels), reasons(found))
        assert result["explanation"].iloc[0].startswith("fishing: ") == excused


def test_a_tow_is_made_up_and_cast_off_near_one_another(scene: Any) -> None:
    pair = {**MEETING, "median_speed_kn": 2.4, "other_median_speed_kn": 2.3, "duration_s": 2400}
    for apart_m, excused in ((200.0, True), (4000.0, False)):
        found = event("encounter", {**pair, "apart_before_m": apart_m, "apart_after_m": 4000.0})
        row, _ = explained(scene, found, 52, CARGO)
        assert row["explanation"].startswith("tug and tow: ") == excused
