"""Coverage: what was heard, where and when."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.surroundings import coverage, coverage_learn
from detectors.surroundings.coverage import Coverage
from tests.detectors.whole import coverage_of
from tests.making import reports

T0 = pd.Timestamp("2025-03-01T00:00:00Z")
SLOT0 = int(T0.timestamp()) // coverage.SLOT_S


def tracked(*rows: tuple) -> pd.DataFrame:
    """Tracked positions from (mmsi, seconds, lat, lon, class) tuples."""
    frame = pd.DataFrame(rows, columns=["mmsi", "s", "lat", "lon", "ais_class"])
    frame = frame.sort_values(["mmsi", "s"], ignore_index=True)
    time = T0 + pd.to_timedelta(frame.pop("s"), unit="s")
    return reports(frames.TRACKED, **frame, time=time)


def test_vessels_and_reports_are_counted_by_half_hour_cell_and_class():
    day = tracked(
        (563000001, 10, 1.25, 103.85, "A"),
        (563000001, 20, 1.25, 103.85, "A"),
        (563000001, 60, 1.25, 103.85, "A"),
        (563000002, 30, 1.26, 103.86, "A"),
        (563000003, 30, 1.26, 103.86, "B"),
        (563000003, 1900, 1.26, 103.86, "B"),
    )
    learnt = coverage_learn.learn(day)
    frames.validate(learnt.cells, coverage.CELLS)
    frames.validate(learnt.feed, coverage.FEED)
    counts = learnt.cells[["ais_class", "vessels", "reports"]].to_numpy().tolist()
    assert counts == [["A", 2, 4], ["B", 1, 1], ["B", 1, 1]]
    assert learnt.cells["interval_s"].fillna(-1).tolist() == [10.0, -1, 1870.0]
    assert learnt.cells[["lat_cell", "lon_cell"]].drop_duplicates().to_numpy().tolist() == [
        [912, 2838]
    ]
    assert learnt.feed[["vessels", "reports"]].to_numpy().tolist() == [[3, 5], [1, 1]]
    assert set(learnt.feed["date"]) == {"2025-03-01"}


def test_class_b_counts_only_its_like():
    learnt = coverage_learn.learn(
        tracked((563000001, 10, 1.25, 103.85, "A"), (563000003, 30, 1.31, 103.86, "B"))
    )
    vessels, _, _ = learnt.around([1.25] * 3, [103.85] * 3, [SLOT0] * 3, ["A", "B", ""])
    assert vessels.tolist() == [2, 1, 2]


def test_the_surroundings_reach_one_cell_and_across_the_antimeridian():
    learnt = coverage_learn.learn(tracked((563000001, 10, 1.25, 179.95, "A")))
    points = [179.95, 179.85, 179.75, -179.95, -179.85]
    vessels, _, _ = learnt.around([1.25] * 5, points, [SLOT0] * 5, ["A"] * 5)
    assert vessels.tolist() == [1, 1, 0, 1, 0]


def test_other_half_hours_do_not_count():
    learnt = coverage_learn.learn(tracked((563000001, 10, 1.25, 103.85, "A")))
    vessels, _, _ = learnt.around([1.25] * 2, [103.85] * 2, [SLOT0, SLOT0 + 1], ["A", "A"])
    assert vessels.tolist() == [1, 0]
    assert learnt.feed_heard([SLOT0 * 3, SLOT0 * 3 + 1]).tolist() == [True, False]
    usual = learnt.feed_usual(SLOT0 * 3 + np.array([-1, 0, 3, 144])).tolist()
    assert usual == pytest.approx([np.nan, 1.0, 0.25, np.nan], nan_ok=True)


def test_nothing_heard_nothing_known():
    nothing = Coverage.none()
    vessels, silences, interval_s = nothing.around([1.25], [103.85], [SLOT0], ["A"])
    assert vessels.tolist() == [0]
    assert silences.tolist() == [0]
    assert np.isnan(interval_s).all()
    assert coverage_learn.learn(frames.empty(frames.TRACKED)).feed.empty


def test_a_late_copy_of_one_track_is_no_feed():
    """A moored ship's track comes a second time while everybody else's reports are lost."""
    outage = range(100, 190)
    rows = [
        (563000001 + k, 60.0 * m, 1.0, 103.0, "A")
        for k in range(40)
        for m in range(300)
        if m not in outage or k == 0
    ]
    learnt = coverage_learn.learn(tracked(*rows))
    tens = SLOT0 * 3 + np.arange(30)
    assert learnt.feed_heard(tens).tolist() == [not 10 <= ten < 19 for ten in range(30)]
    assert learnt.feed_usual(tens[-1:]).tolist() == [0.7]
    # Of ten vessels one is as many as may be about.
    few = coverage_learn.learn(tracked(*(row for row in rows if row[0] <= 563000010)))
    assert few.feed_heard(tens).all()


def test_nobody_falls_silent_in_an_outage_of_the_feed():
    rows = [
        (563000001 + k, 60.0 * m, 1.0, 103.0, "A")
        for k in range(3)
        for m in range(300)
        if not 100 <= m < 190
    ]
    assert coverage_learn.learn(tracked(*rows)).cells["silences"].sum() == 0


def test_sums_over_half_hours_are_those_of_each():
    rng = np.random.default_rng(3)
    rows = [
        (563000001 + k, 86_400 * rng.random(), 1.0 + rng.random() / 3, 103.0 + rng.random() / 3, c)
        for k, c in enumerate("AB" * 300)
    ]
    rows += [(563000001 + k, 86_400 * rng.random(), *row[2:]) for k, row in enumerate(rows)]
    learnt = coverage_learn.learn(tracked(*rows))
    lat, lon = 1.0 + rng.random(40) / 3, 103.0 + rng.random(40) / 3
    first = SLOT0 + rng.integers(0, 40, 40)
    last, classes = first + rng.integers(-1, 12, 40), np.array(list("AB") * 20)
    vessels, silences = learnt.between(lat, lon, first, last, classes)
    for i in range(40):
        slots = np.arange(first[i], last[i] + 1)
        n = len(slots)
        each = learnt.around([lat[i]] * n, [lon[i]] * n, slots, [classes[i]] * n)
        assert (vessels[i], silences[i]) == (each.vessels.sum(), each.silences.sum())
    assert vessels.max() > 5
    assert silences.max() > 0


def test_what_receives_a_place_is_known_from_half_a_degree_around():
    learnt = coverage_learn.learn(tracked((563000001, 10, 1.25, 179.95, "B")))
    places = [(1.25, 179.95), (1.9, 179.4), (0.6, -179.6), (2.1, 179.95), (1.25, 178.9)]
    lat, lon = (list(axis) for axis in zip(*places, strict=True))
    assert learnt.receiving(lat, lon, [SLOT0] * 5).tolist() == [1, 1, 1, 0, 0]
    assert learnt.receiving([1.25], [179.95], [SLOT0 + 1]).tolist() == [0]
    assert Coverage.none().receiving([1.25], [179.95], [SLOT0]).tolist() == [0]


def test_a_track_falls_silent_where_it_is_last_heard_for_an_hour():
    rows = [(563000002, 60.0 * k, 3.0, 100.0, "A") for k in range(300)]  # heard for five hours
    rows += [(563000001, s, lat, 103.0, "A") for s, lat in ((0, 1.0), (600, 1.1), (4200, 1.2))]
    learnt = coverage_learn.learn(tracked(*rows)).cells
    there = learnt[learnt["lon_cell"] == 2830].sort_values("lat_cell")
    assert there["silences"].tolist() == [0, 1, 1]
    assert learnt["silences"].sum() == 2  # of the other one it isn't known yet


ROWS = st.tuples(
    st.integers(563000001, 563000003),
    st.one_of(st.integers(75_000, 95_000), st.integers(0, 3 * 86400 - 1)),
    st.sampled_from([1.0, 1.05, 1.1, -0.05]),
    st.sampled_from([103.0, 103.1, 179.99, -180.0]),
    st.sampled_from(["A", "B", ""]),
)


@pytest.mark.slow
@given(st.lists(ROWS, min_size=1, max_size=40, unique_by=lambda r: (r[0], r[1])))
@settings(max_examples=50, deadline=None)
def test_each_day_stands_for_itself_and_equals_the_naive_count(rows):
    frame = tracked(*rows)
    days = [part.reset_index(drop=True) for _, part in frame.groupby(frame["time"].dt.date)]
    whole, parts = (
        coverage_learn.learn(frame),
        coverage_of([coverage_learn.learn(day) for day in days]),
    )
    pd.testing.assert_frame_equal(whole.cells, parts.cells)
    pd.testing.assert_frame_equal(whole.feed, parts.feed)

    before = frame.groupby(["track_id", frame["time"].dt.date])["time"].diff().dt.total_seconds()
    keys = [frame["time"].dt.floor("30min"), "ais_class"]
    cell = np.floor((frame[["lat", "lon"]] + [90.0, 180.0]).mul(10).round(6)).astype(int)
    day = frame["time"].dt.date
    newest = frame.groupby(day)["time"].transform("max")
    after = frame.groupby(["track_id", day])["time"].diff(-1).dt.total_seconds().mul(-1)
    silent = (after.isna() | (after >= 3600)) & (frame["time"] + pd.Timedelta("1h") <= newest)
    feed = set(frame["time"].dt.floor("10min"))
    goes_on = [
        sum(slot + pd.Timedelta(minutes=10 * k) in feed for k in range(1, 6)) >= 3
        for slot in frame["time"].dt.floor("10min")
    ]
    silent &= pd.Series(goes_on, index=frame.index)
    naive = frame.assign(silent=silent, before=before, a=cell["lat"], b=cell["lon"] % 3600)
    naive = naive.groupby([keys[0], "a", "b", "ais_class"]).agg(
        vessels=("mmsi", "nunique"),
        reports=("mmsi", "size"),
        silences=("silent", "sum"),
        interval=("before", lambda s: s.quantile(0.5, interpolation="lower")),
    )
    got = whole.cells
    assert naive["vessels"].tolist() == got["vessels"].tolist()
    assert naive["silences"].tolist() == got["silences"].tolist()
    assert naive["reports"].tolist() == got["reports"].tolist()
    assert naive["interval"].fillna(-1).tolist() == pytest.approx(
        got["interval_s"].fillna(-1).tolist()
    )
