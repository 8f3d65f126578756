"""What every detector keeps to, found by discovery: a new module is under test by being there.

There is no list of exemptions. A detector that can't pass changes, or the check does.
"""

import dataclasses
import re
from datetime import timedelta
from functools import cache, partial
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import detectors
from detectors.core import events, frames, run
from detectors.core.detector import Context
from detectors.core.evidence import Evidence
from detectors.core.relations import Along, Near, Own
from detectors.kinematics import geodesy
from detectors.surroundings import coverage_learn
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from pipelines.base.yaml_files import read_yaml
from tests.detectors.scenes import by_digests, detected, earlier_of, in_company, stage_additions
from tests.detectors.tables import make_positions, make_zones
from tests.detectors.whole import coverage_of

ALL = pytest.mark.parametrize("name", detectors.names())
PAUSES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NUMBER_KEY = re.compile(
    r"^n_|(_|^)(s|m|km2|kn|deg|lat|lon|ratio|fraction|score|weight|probability|neighbours|reports"
    r"|status|type|code)$"
)
"""Numbers in evidence say their unit, or that they are a count, a code or a share."""


def build(name: str):
    """The detector with its own defaults."""
    return detectors.find(name)()


def shifted(stage, shift):
    """The stage at another time."""

    def later(frame, *columns):
        return frame.assign(**{c: (frame[c] + shift).astype(frames.TIME) for c in columns})

    return dataclasses.replace(
        stage,
        positions=later(stage.positions, "time"),
        statements=later(stage.statements, "first_time", "last_time"),
        sightings=later(stage.sightings, "time"),
        start=stage.start + shift,
        end=stage.end + shift,
    )


@pytest.fixture(scope="module")
def whole(stage, earlier):
    """Events of each detector over the whole stage in one go."""
    return {
        name: run.look(build(name), stage.positions, earlier(name, stage))
        for name in detectors.names()
    }


@pytest.fixture(scope="module")
def looked(stage):
    """What gives events of a detector in a window of the stage, looked at once for all tests."""

    @cache
    def look(name, start, end):
        return stage.look(build(name), start, end)

    return look


@pytest.fixture(scope="module")
def later(stage):
    """What gives the stage so many days later."""
    return cache(lambda days: shifted(stage, timedelta(days=days)))


@pytest.fixture(scope="module")
def nowhere(stage):
    """The stage where no layer reaches."""
    return dataclasses.replace(stage, zones=Zones.none())


SHIFT_DEG = 78.4
"""So far east the stage straddles the antimeridian."""


@pytest.fixture(scope="module")
def at_the_dateline(stage):
    """The stage without zones, and the same at the antimeridian."""
    bare = dataclasses.replace(stage, zones=boundless())
    lon = geodesy.wrap_lon(stage.positions["lon"].to_numpy() + SHIFT_DEG)
    assert lon.min() < -179
    assert lon.max() > 179
    seen = geodesy.wrap_lon(stage.sightings["lon"].to_numpy() + SHIFT_DEG)
    return bare, dataclasses.replace(
        bare, positions=stage.positions.assign(lon=lon), sightings=stage.sightings.assign(lon=seen)
    )


@pytest.fixture(scope="module")
def earlier():
    """Context of the whole stage for a detector, with the events of those it comes after."""
    known = {}

    def context_of(name, stage):
        if name not in known:
            context, detector = stage.context(), build(name)
            found = earlier_of(detector, stage.positions, context)
            known[name] = dataclasses.replace(context, earlier=found)
        return known[name]

    return context_of


@ALL
def test_is_configured(name, request):
    config = read_yaml(request.config.rootpath / "config/detectors.yaml")
    assert name in config, "config/detectors.yaml has a block for it"
    assert len(detectors.build({name: config[name]})) <= 1


@ALL
def test_states_its_facts(name):
    detector = build(name)
    assert detector.name == name
    assert detector.version
    assert len(detector.source) > 30, (
        "source cites where its rule comes from, in more than 30 characters; of one's own: "
        '"Own rule: " and what it goes by'
    )
    assert set(detector.requires) <= set(frames.TRACKED)
    assert timedelta(0) < detector.lookback < timedelta(days=7)
    assert timedelta(0) <= detector.settle <= detector.lookback
    assert detectors.reasons_of(name) == detector.hypotheses


@ALL
def test_finds_something_on_the_stage(name, whole):
    assert len(whole[name]) > 0, (
        f"nothing on the common stage is a {name}, so that the other checks hold for nothing: put "
        f"a track that is one into tests/detectors/cases/{name}/stage/positions.csv (MMSIs from "
        "563000110 to 563000199, from 2026-03-01T09:00Z to 2026-03-02T15:00Z, 1 to 3° N, 101 to "
        "102° E; columns as of a case, see test_cases.py), and zones that it needs into "
        "zones.geojson beside it"
    )


def test_a_detector_may_bring_its_own_tracks_and_zones_onto_the_stage(tmp_path):
    own = tmp_path / "cable_stop" / "stage"
    own.mkdir(parents=True)
    (own / "positions.csv").write_text(
        "mmsi,time,lat,lon,every_s\n563000110,2026-03-01T20:00Z,2.8,101.1,60\n"
        "563000110,2026-03-01T21:00Z,2.8,101.2,\n"
    )
    cable = gpd.GeoDataFrame(
        {"zone_class": ["cable"]}, geometry=[shapely.box(101.1, 2.7, 101.2, 2.9)], crs=4326
    )
    cable.to_file(own / "zones.geojson", driver="GeoJSON")
    tracks, zones = stage_additions(tmp_path)
    assert len(make_positions(tracks)) == 61
    assert make_zones(zones).within([2.8], [101.15], ("cable",)).all()
    nothing, none = stage_additions(tmp_path / "elsewhere")
    assert nothing.empty
    assert none == []


@ALL
def test_is_silent_on_no_input(name):
    start = pd.Timestamp("2026-03-01T00:00Z")
    nothing = Context(
        start,
        start + timedelta(days=1),
        Zones.none(),
        frames.empty(frames.VESSELS),
        Coverage.none(),
    )
    found = run.look(build(name), frames.empty(frames.TRACKED), nothing)
    pd.testing.assert_frame_equal(found, events.empty())


@ALL
def test_needs_no_more_columns_than_it_says(name, stage, whole, earlier):
    required = [c for c in frames.TRACKED if c in build(name).requires]
    found = run.look(build(name), stage.positions[required], earlier(name, stage))
    pd.testing.assert_frame_equal(found, whole[name])


@ALL
def test_returns_events_that_touch_its_window(name, whole, stage, looked):
    found = whole[name]
    frames.validate(found, events.EVENTS)
    pd.testing.assert_frame_equal(events.sort(found), found)
    assert found["event_id"].is_unique
    assert (found["detector"] == name).all()
    assert found["score"].between(0, 1).all()
    assert found["lat"].notna().all()
    assert (found["end"].isna() | (found["end"] >= found["start"])).all()
    detector = build(name)
    middle = stage.start + (stage.end - stage.start) / 2
    for start, end in ((stage.start, middle), (middle, stage.end)):
        part = looked(name, start, end)
        assert (part["start"] <= end).all()
        assert (part["end"].isna() | (part["end"] >= start - detector.settle)).all()


@ALL
def test_scores_are_within_what_it_says(name, whole, stage, earlier):
    context = earlier(name, stage)
    assert whole[name]["score"].max() <= build(name).highest_score(context.zones, context.models)


@ALL
def test_does_not_change_its_input_and_is_deterministic(name, stage, whole, earlier):
    context = earlier(name, stage)
    given = {
        "positions": stage.positions,
        "cells": context.coverage.cells,
        "feed": context.coverage.feed,
        "zones": context.zones.frame,
        "vessels": context.vessels,
        "statements": context.statements,
        "sightings": context.sightings,
        "noise": context.noise,
        **context.earlier,
    }
    before = {what: frame.copy(deep=True) for what, frame in given.items()}
    again = run.look(build(name), stage.positions, context)
    for what, frame in given.items():
        pd.testing.assert_frame_equal(frame, before[what], obj=what)
    pd.testing.assert_frame_equal(again, whole[name])


class Unread:
    """What nobody may read."""

    def __getattr__(self, name):
        raise AssertionError("reads_statements must say so")

    __getitem__ = __len__ = __iter__ = __getattr__


@pytest.mark.parametrize(
    "name", [n for n in detectors.names() if not detectors.find(n).reads_statements]
)
def test_reads_no_statements_unless_it_says_so(name, stage, whole, earlier):
    context = dataclasses.replace(earlier(name, stage), statements=Unread())
    pd.testing.assert_frame_equal(run.look(build(name), stage.positions, context), whole[name])


@ALL
def test_row_order_is_irrelevant(name, stage, whole, earlier):
    shuffled = stage.positions.sample(frac=1, random_state=1)
    ordered = shuffled.sort_values(["track_id", "time"])  # an index that isn't 0, 1, 2, …
    pd.testing.assert_frame_equal(run.look(build(name), ordered, earlier(name, stage)), whole[name])


@ALL
def test_other_vessels_make_no_difference_to_a_vessels_events(name, stage, whole, earlier):
    """Nothing rests on statistics of what happens to be loaded: coverage is given by the day."""
    own = stage.positions[stage.positions["mmsi"] < 563000200].reset_index(drop=True)
    found = run.look(build(name), own, earlier(name, stage))
    among = whole[name][~whole[name][["mmsi", "other_mmsi"]].ge(563000200).any(axis=1)]
    pd.testing.assert_frame_equal(found, among.reset_index(drop=True))


@pytest.mark.slow
@ALL
def test_rests_on_those_that_it_declares_alone(name, stage, whole, earlier):
    """Each vessel with its company alone gives the same events; and that isn't everybody's."""
    found, company = in_company(build(name), stage.positions, earlier(name, stage))
    pd.testing.assert_frame_equal(found, whole[name])
    vessels = set(stage.positions["mmsi"].tolist())
    assert any(len(company.of(mmsi)) < len(vessels) - 1 for mmsi in vessels)


@pytest.mark.parametrize("name", [n for n in detectors.names() if detectors.find(n).digests])
def test_digests_of_others_are_enough(name, stage, whole, earlier):
    found = by_digests(build(name), stage.positions, earlier(name, stage))
    pd.testing.assert_frame_equal(found, whole[name])


def scattered(stage, seed, n_vessels):
    """Some vessels of the stage, each somewhat elsewhere and at another time: a scene by chance."""
    rng = np.random.default_rng(seed)
    vessels = rng.choice(stage.positions["mmsi"].unique(), n_vessels, replace=False)
    own = stage.positions[stage.positions["mmsi"].isin(vessels)]
    at = np.searchsorted(np.sort(vessels), own["mmsi"])
    minutes = rng.integers(-90, 90, n_vessels)[at]
    north, east = rng.normal(0.0, 0.05, (2, n_vessels))
    return dataclasses.replace(
        stage,
        positions=own.assign(
            time=(own["time"] + pd.to_timedelta(minutes, unit="min")).astype(frames.TIME),
            lat=own["lat"] + north[at],
            lon=own["lon"] + east[at],
        ).reset_index(drop=True),
    )


@pytest.mark.slow
@ALL
@settings(max_examples=2, deadline=None, suppress_health_check=PAUSES)
@given(seed=st.integers(0, 2**32 - 1))
def test_declared_company_is_enough_in_any_scene(name, seed, stage):
    scene, detector = scattered(stage, seed, 8), build(name)
    context = scene.context()
    expected = detected(detector, scene.positions, context)
    known = dataclasses.replace(context, earlier=earlier_of(detector, scene.positions, context))
    found, _ = in_company(detector, scene.positions, known)
    pd.testing.assert_frame_equal(found, expected)


TOO_LITTLE = [
    ("encounter", (Own(),)),
    ("mother_ship", (Own(),)),
    ("possible_meeting", (Own(),)),
    ("unmatched_sighting", (Near(100.0, 0.0, Along(600, 600), Along(600, 600)),)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "relations"), TOO_LITTLE)
def test_a_declaration_that_names_too_few_is_found_out(name, relations, stage, whole, earlier):
    too_little = property(lambda _: relations)
    wrong = type("Wrong", (detectors.find(name),), {"rests_on": too_little})()
    found, _ = in_company(wrong, stage.positions, earlier(name, stage))
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(found, whole[name])


@pytest.mark.parametrize(
    ("name", "days"),
    [
        pytest.param(name, days, marks=pytest.mark.prove if k else ())
        for name in detectors.names()
        for k, days in enumerate(detectors.find(name).symmetric_days)
    ],
)
def test_shifts_with_time(name, stage, whole, later, days):
    """By whole days; a detector that looks at the sun says after how many it is back."""
    shift, moved = timedelta(days=days), later(days)
    found = detected(build(name), moved.positions, moved.context())
    expected = whole[name]
    keys = ["start", "mmsi", "other_mmsi", "subkind", "zone_id", "track_ids"]
    found, expected = (f.sort_values(keys, ignore_index=True) for f in (found, expected))
    times = ["start", "end"]
    ids = ["event_id", "group_id", "evidence"]
    pd.testing.assert_frame_equal(
        found.drop(columns=[*times, *ids]), expected.drop(columns=[*times, *ids])
    )
    for column in times:
        assert (
            (found[column] - shift).fillna(stage.end) == expected[column].fillna(stage.end)
        ).all()
    for mine, other in zip(numbers(found), numbers(expected), strict=True):
        of_the_sun = {key for key in other if key.startswith("sun_") or "_sun_" in key}
        assert {k: mine[k] for k in of_the_sun} == pytest.approx(
            {k: other[k] for k in of_the_sun}, abs=0.1
        )
        rest = mine.keys() - of_the_sun
        assert {k: mine[k] for k in rest} == {k: other[k] for k in other.keys() - of_the_sun}


@ALL
def test_has_no_dateline(name, at_the_dateline):
    here, there = (detected(build(name), s.positions, s.context()) for s in at_the_dateline)
    same = ["kind", "subkind", "mmsi", "other_mmsi", "track_ids", "zone_id"]
    pd.testing.assert_frame_equal(here[same], there[same])
    for column in ("start", "end"):
        apart = (here[column] - there[column]).abs().fillna(timedelta(0))
        assert (apart < timedelta(milliseconds=1)).all()
    assert there["lat"].tolist() == pytest.approx(here["lat"].tolist(), abs=1e-6)
    back = geodesy.wrap_lon(there["lon"].to_numpy() - SHIFT_DEG)
    assert np.asarray(back).tolist() == pytest.approx(here["lon"].tolist(), abs=1e-6)
    assert there["score"].tolist() == pytest.approx(here["score"].tolist(), abs=1e-3)


@ALL
def test_says_not_assessed_where_no_layer_reaches(name, nowhere):
    found = detected(build(name), nowhere.positions, nowhere.context())
    if not build(name).needs_zones:
        assert (found["score"] > 0).any(), "what needs no zone is assessed all the same"
        return
    assert (found["score"] == 0).all()
    assert found["explanation"].str.startswith("not assessed").all()


@ALL
def test_evidence_is_flat_and_says_its_units_and_limits(name, whole):
    parameters = {"", *detectors.find(name).model_fields}
    for evidence in whole[name]["evidence"]:
        for key, value in values_of(evidence).items():
            assert re.fullmatch(r"[a-z][a-z0-9_]*", key)
            assert value is None or isinstance(value, str | int | float | bool)
            measured = key not in evidence.settings  # those are named as the parameters are
            if measured and isinstance(value, int | float) and not isinstance(value, bool):
                assert NUMBER_KEY.search(key), f"{key} doesn't say its unit"
        assert evidence.checks, "it names its limits"
        assert {check.parameter for check in evidence.checks} <= parameters
        assert Evidence.parse(evidence.json()) == evidence
        assert evidence.as_simulated() == dataclasses.replace(evidence, simulated=True).json()


@ALL
def test_evidence_points_at_real_reports(name, stage, whole):
    rows = stage.positions
    real = {
        (mmsi, f"{source}:{offset}")
        for part in (rows, stage.statements)
        for mmsi, source, offset in zip(
            part["mmsi"], part["source"], part["source_offset"], strict=True
        )
    } | {(0, f"{name}") for name in stage.sightings["sighting_id"]}
    for event in whole[name].itertuples():
        sources = {k: v for k, v in event.evidence.facts.items() if k.endswith("_source")}
        assert any(sources.values()), "it says which reports it rests on"
        for value in filter(None, sources.values()):
            assert {(event.mmsi, value), (event.other_mmsi, value), (0, value)} & real


@ALL
def test_day_by_day_equals_one_go(name, stage, whole, looked):
    midnight = pd.Timestamp("2026-03-02T00:00Z")
    windows = [(stage.start, midnight), (midnight, stage.end)]
    driven = stage.drive(build(name), windows, partial(looked, name))
    pd.testing.assert_frame_equal(driven, whole[name])


@ALL
def test_looking_twice_changes_nothing(name, stage, whole, looked):
    late = pd.Timestamp("2026-03-02T06:00Z")
    windows = [(stage.start, stage.end), (late, stage.end), (late, stage.end)]
    driven = stage.drive(build(name), windows, partial(looked, name))
    pd.testing.assert_frame_equal(driven, whole[name])


@pytest.mark.slow
@ALL
@given(cuts=st.lists(st.integers(1, 1799), min_size=1, max_size=6, unique=True))
@settings(max_examples=5, deadline=None, suppress_health_check=PAUSES)
def test_any_windows_equal_one_go(name, stage, whole, cuts):
    edges = [stage.start, *(stage.start + timedelta(minutes=m) for m in sorted(cuts)), stage.end]
    windows = list(pairwise(edges))
    pd.testing.assert_frame_equal(stage.drive(build(name), windows), whole[name])


def values_of(evidence: Evidence) -> dict[str, object]:
    """What was measured, what else is known, and what the rule was set to."""
    measured = {check.name: check.measured for check in evidence.checks}
    return {**measured, **evidence.facts, **evidence.settings}


def numbers(found: pd.DataFrame) -> list[dict[str, float]]:
    """The numbers in the evidence of each event."""
    return [
        {k: v for k, v in values_of(evidence).items() if isinstance(v, int | float)}
        for evidence in found["evidence"]
    ]


def boundless() -> Zones:
    """No zones and no land, known to be none anywhere."""
    none = Zones.none()
    return Zones(none.frame, none.land, shapely.box(-180, -90, 180, 90))


def test_coverage_of_the_stage_is_learnt_by_the_day(stage):
    days = [
        part.reset_index(drop=True)
        for _, part in stage.positions.groupby(stage.positions["time"].dt.date)
    ]
    parts = coverage_of([coverage_learn.learn(day) for day in days])
    pd.testing.assert_frame_equal(parts.cells, stage.context().coverage.cells)
