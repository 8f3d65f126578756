"""Cases are files: a folder `cases/<detector>/<case>/` is a test.

CASE FORMAT
-----------
`positions.csv`
    What the detector gets; also what coverage is learnt from. Columns of `frames.TRACKED`, of
    which `mmsi, time, lat, lon` are needed. The others default to: no speed, course or heading,
    status 15, type 1, class A, `track_id` mmsi * 100 + 1, source "case" with the number of the
    row (after sorting by track and time, and after filling in) as offset.
    A column `every_s` keeps files small: reports are filled in from its row up to the next row of
    the same track at that interval, on a straight line; a missing speed and course there are
    those of the leg. Empty or 0: nothing is filled in, the vessel is silent on that leg.
    Without a column `track_id`, `segmented: true` in `context.yaml` has tracks and noise told
    apart as the store does.
    A column `station` names the receiver that received a row and those filled in after it.
`statements.csv` (optional)
    What vessels said: columns of `frames.STATEMENTS`, of which `mmsi, first_time, last_time` are
    needed, one row per vessel, UTC date and content; what is left empty is unsaid.
`sightings.csv` (optional)
    What others saw: columns of `frames.SIGHTINGS`.
`zones.geojson` (optional)
    Features with `zone_class` and, if it matters, `zone_id`, `name`, `direction_deg`, `licensed`,
    `rules` and `watch` (as in a zones file); class
    "land" makes land, class "boundary" a line with `left` and `right`.
`context.yaml` (optional)
    `start`, `end`: the window (default: first and last report); `reach: none`: no layer reaches
    the place (default: everywhere); `vessels`: list of mappings with mmsi and other columns of
    `frames.VESSELS`; `parameters`: of the detector (default: its own defaults); `coverage: none`;
    `model: ordinary`: normal traffic goes east and west at nine knots (default: none is fitted).
`expected.yaml`
    `why`: what the case shows. `events`: list, empty where nothing must be found; each event found
    must be one of these and each of these must be found. Keys, all but mmsi optional: `kind`,
    `subkind`, `mmsi`, `other_mmsi`, `zone_id`, `track_ids`; `start`, `end` within `tolerance_s`
    (default 60), `end: open` for none; `lat`, `lon` within `within_m` (default 200); `min_score`,
    `max_score`; `explanation`: text that it must contain; `evidence`: key to value, or to
    [lowest, highest]. `explained: true` at the top passes the events through `explain` first;
    then `untested` may list the reasons that couldn't be tested.

A folder called `stage`, with `positions.csv` and, if needed, `zones.geojson`, is no case: it goes
onto the common stage of the contract suite, for a detector that finds nothing there.
"""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

import detectors
from detectors.core import explain, frames
from detectors.core.detector import Context, Detector
from detectors.core.telling import told
from detectors.gap import detector as gap_detector
from detectors.gap import reception
from detectors.kinematics import geodesy, integrity
from detectors.surroundings import coverage_learn
from detectors.surroundings.coverage import Coverage
from pipelines.base.labels import labels
from pipelines.base.yaml_files import read_yaml
from pipelines.publish import checks
from tests.detectors.scenes import by_digests, detected, earlier_of, in_company
from tests.detectors.tables import (
    Plain,
    features_in,
    make_positions,
    make_receptions,
    make_vessels,
    make_zones,
)

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(path.parent for path in CASES.glob("*/*/expected.yaml"))
PLAIN = set(labels("en").facts.values())
EQUAL = ("kind", "subkind", "mmsi", "other_mmsi", "zone_id", "track_ids")
NO_ZONES = {"everywhere": make_zones([]), "none": make_zones([], shapely.Polygon())}
"""Zones of cases without any, by how far they reach; nobody changes them."""
KEYS = {
    *EQUAL,
    "start",
    "end",
    "tolerance_s",
    "lat",
    "lon",
    "within_m",
    "min_score",
    "max_score",
    "explanation",
    "evidence",
    "untested",
    "weight",
}


def _yaml(path: Path) -> dict[str, Any]:
    return read_yaml(path) if path.exists() else {}


def _time(value: Any) -> pd.Timestamp:
    moment = pd.Timestamp(value)
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")


def _statements(path: Path) -> pd.DataFrame:
    if not path.exists():
        return frames.empty(frames.STATEMENTS)
    table = pd.read_csv(path, comment="#", dtype={"name": str, "callsign": str})
    unsaid: dict[str, Any] = {
        "imo": 0,
        "name": "",
        "callsign": "",
        "ship_type": -1,
        "destination": "",
        "ais_class": "A",
        "reports": 10,
        "source": "case",
        "source_offset": 1,
        "length_m": float("nan"),
        "beam_m": float("nan"),
        "draught_m": float("nan"),
    }
    for name, value in unsaid.items():
        unsaid_by_all = name not in table or table[name].isna().all()
        table[name] = value if unsaid_by_all else table[name].fillna(value)
    for name in ("first_time", "last_time"):
        table[name] = pd.to_datetime(table[name], utc=True).astype(frames.TIME)
    return frames.conform(table, frames.STATEMENTS)


def _sightings(path: Path) -> pd.DataFrame:
    if not path.exists():
        return frames.empty(frames.SIGHTINGS)
    table = pd.read_csv(path, comment="#", dtype={"note": str, "source": str})
    table["note"] = table["note"].fillna("")
    table["time"] = pd.to_datetime(table["time"], utc=True).astype(frames.TIME)
    return frames.conform(table, frames.SIGHTINGS)


def _mismatch(expected: dict[str, Any], found: Any) -> list[str]:
    """In what `found` differs from `expected`."""
    wrong = [
        f"{k} is {getattr(found, k)!r}"
        for k in EQUAL
        if expected.get(k, getattr(found, k)) != getattr(found, k)
    ]
    tolerance_s = expected.get("tolerance_s", 60)
    for name in ("start", "end"):
        wanted, got = expected.get(name), getattr(found, name)
        if wanted is None:
            continue
        if wanted == "open" or pd.isna(got):
            ok = wanted == "open" and pd.isna(got)
        else:
            ok = abs((got - _time(wanted)).total_seconds()) <= tolerance_s
        if not ok:
            wrong.append(f"{name} is {got}")
    if "lat" in expected:
        away_m = geodesy.distance_m(expected["lat"], expected["lon"], found.lat, found.lon)
        if away_m > expected.get("within_m", 200):
            wrong.append(f"it is at {found.lat:.4f}, {found.lon:.4f}, {away_m:.0f} m away")
    if not expected.get("min_score", 0) <= found.score <= expected.get("max_score", 1):
        wrong.append(f"score is {found.score:.3f}")
    if expected.get("explanation", "") not in found.explanation:
        wrong.append(f"explanation is {found.explanation!r}")
    for key, wanted in expected.get("evidence", {}).items():
        got = found.evidence.get(key)
        if isinstance(wanted, list):
            if got is None or not wanted[0] <= got <= wanted[1]:
                wrong.append(f"evidence {key} is {got!r}")
        elif got != wanted:
            wrong.append(f"evidence {key} is {got!r}")
    told = found.evidence.explained
    if "untested" in expected and (told is None or list(told.untested) != expected["untested"]):
        wrong.append(f"explained is {told!r}")
    if "weight" in expected and (told is None or told.weight != expected["weight"]):
        wrong.append(f"explained is {told!r}")
    return wrong


@dataclass(frozen=True)
class Case:
    """What is expected, the detector, and what it is given: read once, and changed by nobody."""

    expected: dict[str, Any]
    detector: Detector
    positions: pd.DataFrame
    context: Context

    @cached_property
    def found(self) -> pd.DataFrame:
        """Events as the detector makes them."""
        return detected(self.detector, self.positions, self.context)


@pytest.fixture(scope="module")
def cases(stage):
    """What gives the case of a folder."""

    @cache
    def read(folder):
        expected, given = _yaml(folder / "expected.yaml"), _yaml(folder / "context.yaml")
        assert expected.get("why"), "a case says what it shows"
        table = pd.read_csv(folder / "positions.csv", comment="#")
        positions = make_positions(table)
        noise = frames.empty(frames.NOISE)
        if given.get("segmented"):
            received = frames.conform(positions, frames.POSITIONS)
            positions, noise = integrity.segment(received)
        zones = NO_ZONES[given.get("reach", "everywhere")]
        if (folder / "zones.geojson").exists():
            zones = make_zones(features_in(folder / "zones.geojson"), zones.reach)
        learnt = Coverage.none()
        if given.get("coverage") != "none":
            learnt = coverage_learn.learn(positions, make_receptions(table))
        context = Context(
            start=_time(given.get("start", positions["time"].min())),
            end=_time(given.get("end", positions["time"].max())),
            zones=zones,
            vessels=make_vessels(positions["mmsi"].unique(), given.get("vessels", ())),
            coverage=learnt,
            noise=noise,
            statements=_statements(folder / "statements.csv"),
            sightings=_sightings(folder / "sightings.csv"),
            models=stage.models if given.get("model") == "ordinary" else {},
        )
        positions = positions[positions["time"] <= context.end].reset_index(drop=True)
        frames.validate(positions, frames.TRACKED)
        detector = detectors.find(folder.parent.name)(**given.get("parameters", {}))
        if detector.after:
            context = replace(context, earlier=earlier_of(detector, positions, context))
        return Case(expected, detector, positions, context)

    return read


@pytest.fixture
def case(folder, cases):
    return cases(folder)


COUNTS = 0.3
"""Events of this score count towards a flag (`assess.min_score`)."""

FIRST = {folder.parent: folder for folder in reversed(FOLDERS)}


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(one, marks=() if FIRST[one.parent] == one else pytest.mark.prove)
        for one in FOLDERS
    ],
    ids=lambda f: f"{f.parent.name}/{f.name}",
)
def test_declared_company_is_enough_in_a_case(case):
    parted, _ = in_company(case.detector, case.positions, case.context)
    pd.testing.assert_frame_equal(parted, case.found)


@pytest.mark.parametrize(
    "folder", [one for one in FOLDERS if one.parent.name == "gap"], ids=lambda f: f.name
)
def test_stations_are_asked_of_each_silence_that_they_may_keep(case, monkeypatch):
    found, heard_around = case.found, gap_detector.heard_around

    def asked_of_all(limits, silences, reports, context):
        with monkeypatch.context() as everything:
            everything.setattr(reception, "may_go_by_passes", lambda s: np.ones(len(s.row), bool))
            told = heard_around(limits, silences, reports, context)
        columns = told.columns
        beside = columns["neighbour_fraction"]
        often = columns["n_half_hours"] * beside >= limits.min_beside - 1e-9
        often &= beside + columns["known_fraction"] >= limits.min_heard_fraction
        often &= reports.ais_class_of(told.row) != "B"
        long = columns["interval_ratio"] >= limits.min_interval_ratio
        keep = often | (columns["heard_fraction"] >= limits.min_heard_fraction)
        keep &= long | ~columns["history_known"]
        return told.narrowed(keep | reception.may_go_by_passes(told))

    monkeypatch.setattr(gap_detector, "heard_around", asked_of_all)
    asked = detected(case.detector, case.positions, case.context)
    pd.testing.assert_frame_equal(asked, found)


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(one, marks=() if FIRST[one.parent] == one else pytest.mark.prove)
        for one in FOLDERS
        if detectors.find(one.parent.name).digests
    ],
    ids=lambda f: f"{f.parent.name}/{f.name}",
)
def test_digests_of_others_are_enough_in_a_case(case):
    parted = by_digests(case.detector, case.positions, case.context)
    pd.testing.assert_frame_equal(parted, case.found)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_case(case):
    expected, found = case.expected, case.found
    if expected.get("explained"):
        found = explain.explain(found, case.context, case.detector.hypotheses)
    left = list(found.itertuples())
    problems = []
    for wanted in expected["events"]:
        assert wanted.keys() <= KEYS, f"unknown keys {wanted.keys() - KEYS}"
        tries = [(_mismatch(wanted, event), event) for event in left]
        best, event = min(tries, key=lambda t: len(t[0]), default=(["nothing left"], None))
        if best:
            problems.append(f"expected {wanted}: {'; '.join(best)}")
        if event is not None:
            left.remove(event)
    problems += [
        f"not expected: {e.kind} {e.subkind} {e.mmsi} {e.other_mmsi or ''} {e.start} - {e.end} "
        f"score {e.score:.2f} {e.explanation} {e.evidence}"
        for e in left
    ]
    assert not problems, "\n".join(problems)
    for row in told(found):
        for mmsi in {row.mmsi, row.other_mmsi} - {0}:
            assert case.detector.tell(row, Plain(), mmsi)
    called = {name for evidence in found["evidence"] for name, _ in checks.facts(evidence)}
    called = {name for name in called if not name.endswith("source")}  # a case's is no feed
    assert called <= PLAIN, "say it in pipelines/base/labels, facts"


def test_every_case_belongs_to_a_detector():
    assert {folder.parent.name for folder in FOLDERS} <= set(detectors.names())


TOLD_BY_HOURS = {
    "half-met-off-a-narrow-coast",
    "half-met-one-close-inshore",
    "half-met-one-from-the-other-side",
    "heard-better-where-it-goes-slowly",
    "heard-four-times",
    "trap-past-the-shore-between-two-passes",
}
"""Cases of crossings that tell, between them, what each part of `concerned` is for: whatever of it
is left out, of all cases it shows in one of these."""


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(one, marks=() if one.name in TOLD_BY_HOURS else pytest.mark.prove)
        for one in FOLDERS
        if detectors.find(one.parent.name).concerned is not Detector.concerned
    ],
    ids=lambda f: f"{f.parent.name}/{f.name}",
)
def test_a_look_between_nights_asks_those_of_whom_it_tells(case):
    """Hour by hour: of whom something that counts came to be told."""
    detector, positions, context = case.detector, case.positions, case.context
    told: dict[str, int] = {}
    for end in pd.date_range(context.start, context.end, freq="h", inclusive="right"):
        known = positions[positions["time"] <= end].reset_index(drop=True)
        since = end - pd.Timedelta(hours=1)
        found = detected(detector, known, replace(context, end=end), explained=True)
        found = found[found["score"] >= COUNTS]
        now = dict(zip(found["event_id"], found["mmsi"], strict=True))
        asked = detector.concerned(known, since, context.zones)
        assert {mmsi for event, mmsi in now.items() if event not in told} <= asked, end
        told |= now
