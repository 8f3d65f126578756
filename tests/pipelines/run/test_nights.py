"""Nights that follow one another in any order, over events that come, go, move and are found again.

What a night meets of what earlier ones left depends on which events they told: hardly any of the
exercises has those that matter. So the detection is a world of stories that changes from one night
to the next, and all else is as it is: the same seeds, the same nights.
"""

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detectors.core import events, frames
from detectors.core.detector import Context
from detectors.kinematics.integrity import PROVISIONAL
from detectors.surroundings.coverage import Coverage
from detectors.surroundings.zones import Zones
from pipelines.base.settings import load
from pipelines.detect.compare import readers_of
from pipelines.detect.heard import heard_by_vessel
from pipelines.detect.window import Detection
from pipelines.run import runs
from pipelines.run.dispositions import record
from pipelines.run.opened import writing
from pipelines.run.setup import Setup, build_detectors
from pipelines.run.windows import Window
from pipelines.store import Writer
from tests.making import event_row, reports, said

BEGIN = pd.Timestamp("2026-01-05T16:00", tz="UTC").as_unit("us")
HOURS, STORIES, NIGHTS = 96, 40, 12
VESSELS = [533000001 + 7 * n for n in range(9)]
KINDS = ("gap", "gap", "gap", "loitering", "encounter", "identity", "identity", "crossing")
CHANGED = {"how": "in turn", "imo": 9074729, "says_the_same": True}
MET = {"median_distance_m": 62.0, "median_speed_kn": 0.4, "other_median_speed_kn": 0.5}
CAME = {"from_state": "IDN", "to_state": "MYS", "ended": "shore"}
EVIDENCE = {"identity": CHANGED, "encounter": {**MET, "zones_reached": True}, "crossing": CAME}
FAILED = "it was made to"


class World:
    """Stories as they are, whoever looks."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.stories = [self._story() for _ in range(STORIES)]

    def _story(self) -> dict[str, Any]:
        rng, kind = self.rng, self.rng.choice(KINDS)
        own, other = sorted(rng.sample(VESSELS, 2))
        pair = kind in ("encounter", "identity")
        start = BEGIN + pd.Timedelta(minutes=rng.randrange(60 * HOURS))
        lasts = None if rng.random() < 0.2 else pd.Timedelta(minutes=rng.randrange(900))
        return {
            "kind": kind,
            "mmsi": own,
            "other_mmsi": other if pair else 0,
            "track_ids": f"{own}01;{other}01" if pair else f"{own}01",
            "start": start,
            "anchor": start + pd.Timedelta(rng.randrange(10**6), "us"),
            "end": None if lasts is None else start + lasts,
            "lat": 4.2 + rng.random() / 5,
            "lon": 100.3,
            "score": rng.choice((0.05, 0.25, 0.4, 0.55, 0.7)),
            "gone": False,
            **({"subkind": "shared"} if kind == "identity" else {}),
        }

    def goes_on(self) -> None:
        """Change as late reports and other thresholds change what is found."""
        for one in self.rng.sample(self.stories, 6):
            match self.rng.randrange(4):
                case 0:
                    one["gone"] = not one["gone"]
                case 1:  # another event takes the story over
                    one["anchor"] += pd.Timedelta(1, "s")
                case 2:
                    one["score"] = self.rng.choice((0.05, 0.25, 0.4, 0.55, 0.7))
                case _ if one["end"] is not None:
                    one["end"] += pd.Timedelta(hours=self.rng.randrange(9))

    def found(self, window: Window, settle: dict[str, pd.Timedelta]) -> pd.DataFrame:
        """Return what a look at a window finds, as `window.detect` does: also what verdicts may
        have changed since.
        """
        rows = []
        for one in self.stories:
            over = one["end"] is not None and one["end"] <= window.now
            end = one["end"] if over else None
            since = window.start - PROVISIONAL - settle[one["kind"]]
            if one["gone"] or one["start"] > window.end or (end is not None and end < since):
                continue
            about = {k: v for k, v in one.items() if k not in ("kind", "start", "end", "gone")}
            about["evidence"] = EVIDENCE.get(one["kind"], {})
            rows.append({**event_row(one["kind"], one["start"], end), **about})
        return events.build(rows)


@pytest.fixture
def setup(small_ingested_home: Path, tmp_path: Path) -> Setup:
    """An installation that no night has looked at."""
    home = shutil.copytree(small_ingested_home, tmp_path / "home", symlinks=True)
    installation = load(home)
    return Setup(installation, Zones.none(), tuple(build_detectors(installation)), {})


def window_of(store: Writer, rng: random.Random, upto: pd.Timestamp) -> tuple[Window, str]:
    """Return what is looked at, and how: all that is new, a past span, the same again, by day."""
    last, horizon = store.last_run(looks=False), store.last_looked_at() or BEGIN
    how = "night" if last is None else rng.choice(("night", "night", "past", "again", "look"))
    if how == "again" and last is not None:
        return Window(last["start"], last["end"], horizon, again=True), how
    if how == "past":
        start = BEGIN + pd.Timedelta(hours=rng.randrange(HOURS))
        start = min(start, horizon)
        end = min(start + pd.Timedelta(hours=rng.choice((1, 24))), horizon)
        return Window(start, end, horizon, (start, end)), how
    late = rng.random() < 0.3  # a file of long ago
    start = min(horizon, upto - pd.Timedelta(hours=40)) if late else min(horizon, upto)
    return Window(start, upto, upto), how


# In the first two a silence is found again that was a lead of an earlier night; in the second also
# a change of numbers that has grown into what is looked at. In the third an incident is kept as it
# was told whose events lie further back than what is compared.
@pytest.mark.parametrize("seed", [1, 10, 12])
def test_nights_in_any_order_over_what_changes_between_them(setup: Setup, seed: int) -> None:
    rng = random.Random(seed)
    world, upto = World(rng), BEGIN + pd.Timedelta(hours=12)
    settle = {d.name: pd.Timedelta(d.settle) for d in setup.detectors}
    for _ in range(NIGHTS):
        with writing(setup.installation, 5) as store:
            window, how = window_of(store, rng, upto)
            found, failures = world.found(window, settle), dict[str, str]()
            if rng.random() < 0.2:
                failures = dict.fromkeys(readers_of(setup.detectors, rng.choice(KINDS)), FAILED)
                found = found[~found["detector"].isin(list(failures))].reset_index(drop=True)
            judged = night(store, setup, window, found, failures, look=how == "look")
            holds(judged)
        if rng.random() < 0.4 and len(judged.assessed.incidents):
            one = rng.choice(judged.assessed.incidents["incident_id"].tolist())
            said_of = {"author": "A", "reason": "r", "quiet_within_m": 2000.0}
            conclusion = rng.choice(("cleared", "boarded", "watch"))
            record(setup.installation, one, conclusion=conclusion, **said_of)
        if rng.random() < 0.2:
            settings = setup.installation.settings
            fewer = settings.assess.model_copy(update={"max_flags": rng.choice((2, 100))})
            changed = settings.model_copy(update={"assess": fewer})
            setup = replace(setup, installation=replace(setup.installation, settings=changed))
        world.goes_on()
        upto = min(
            upto + pd.Timedelta(hours=rng.choice((6, 24))), BEGIN + pd.Timedelta(hours=HOURS)
        )


def night(
    store: Writer,
    setup: Setup,
    window: Window,
    found: pd.DataFrame,
    failures: dict[str, str],
    look: bool = False,
) -> runs.Judged:
    """Judge and record what a night, or a look, found."""
    vessels = said(*({"mmsi": one, "name": f"V {one}"} for one in VESSELS), schema=frames.VESSELS)
    times = pd.Series([window.end] * len(VESSELS))
    last = reports(frames.TRACKED, mmsi=VESSELS, time=times, lat=4.0, lon=100.0)
    heard = heard_by_vessel(last, window.start, window.end)
    context = Context(window.start, window.now, setup.zones, vessels, Coverage.none())
    detection = Detection(found, failures, heard, context, 1)
    judged = runs.judge(store, setup, window, detection, look=look)
    about = {"whole": "", "looked_at": {}, "put_off": []} if look else None
    runs.note(store, judged, runs.told(store, setup, judged, {}, about), publish=True)
    return judged


def test_what_a_detector_found_the_night_before_is_no_lead_again_where_it_fails(
    setup: Setup,
) -> None:
    """It ranked first and second on a night on which the detector of crossings failed."""
    settle = {d.name: pd.Timedelta(d.settle) for d in setup.detectors}["crossing"]
    begin = BEGIN + settle + pd.Timedelta(hours=12)
    ends = begin - settle - PROVISIONAL / 2, begin - settle / 2
    about = {"evidence": CAME, "lat": 4.2, "lon": 100.3, "score": 0.7}
    found = events.build(
        [
            {**event_row("crossing", BEGIN, end), **about, "mmsi": one, "track_ids": f"{one}01"}
            for one, end in zip(VESSELS, ends, strict=False)
        ]
    )
    failures = dict.fromkeys(readers_of(setup.detectors, "crossing"), FAILED)
    with writing(setup.installation, 5) as store:
        first = night(store, setup, Window(BEGIN, begin, begin), found, {})
        assert sorted(first.assessed.flagged["mmsi"]) == VESSELS[:2]
        end = begin + pd.Timedelta(hours=24)
        later = night(store, setup, Window(begin, end, end), found[:0], failures)
    assert later.assessed.flagged["mmsi"].tolist() == [VESSELS[1]], "hers isn't settled yet"


def holds(judged: runs.Judged) -> None:
    """Hold a night against what is true of all nights."""
    compared, assessed = judged.compared, judged.assessed
    incidents, flagged = assessed.incidents, assessed.flagged
    assert not judged.failures, "by what earlier nights left, or it would hide what fails"
    assert compared["event_id"].is_unique
    assert assessed.events["event_id"].is_unique
    assert incidents["incident_id"].is_unique
    assert flagged["mmsi"].is_unique
    live = incidents[incidents["rank"] > 0]
    assert live["rank"].tolist() == list(range(1, len(live) + 1))
    within = [one for ids in live["events"] for one in ids.split(";")]
    assert len(within) == len(set(within))
    assert all(incidents["events"])
    rank_of = dict(zip(live["incident_id"], live["rank"], strict=True))
    assert [rank_of[one] for one in flagged["incident_id"]] == flagged["rank"].tolist()
    gone = compared.loc[compared["status"] == "retracted", "event_id"]
    assert not set(within) & set(gone)
    # What is told of is at hand, though an earlier window told it.
    assert {*within} <= {*compared["event_id"]}
