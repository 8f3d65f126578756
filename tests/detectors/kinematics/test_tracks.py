"""Tracks: what is a copy, what is a corrupt fix, and whose report is it."""

import itertools
import math
import time as clock

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.core.errors import FrameError
from detectors.kinematics import hull_limits, tracks
from detectors.kinematics.geodesy import distance_m, wrap_lon

T0 = pd.Timestamp("2025-03-01T00:00:00Z")
KEYS = ["mmsi", "time", "source", "source_offset"]


def reports(*rows: tuple, **columns) -> pd.DataFrame:
    """Positions from (mmsi, seconds, lat, lon) tuples."""
    frame = pd.DataFrame(rows, columns=["mmsi", "s", "lat", "lon"])
    given_columns = {
        "time": T0 + pd.to_timedelta(frame.pop("s"), unit="s"),
        "sog_kn": np.nan,
        "cog_deg": np.nan,
        "heading_deg": np.nan,
        "nav_status": 15,
        "msg_type": 1,
        "ais_class": "A",
        "source": "feed",
        "source_offset": np.arange(1, len(frame) + 1),
    }
    return frames.conform(frame.assign(**{**given_columns, **columns}), frames.POSITIONS)


def fold(positions: pd.DataFrame, cuts_s: list[float]) -> tuple[pd.DataFrame, pd.DataFrame, list]:
    """Segment piece by piece; return all labels, the final state and the counts."""
    edges = [T0 - pd.Timedelta("1D"), *(T0 + pd.Timedelta(c, "s") for c in sorted(cuts_s))]
    edges.append(T0 + pd.Timedelta("9999D"))
    state, parts, counts = tracks.no_state(), [], []
    for a, b in itertools.pairwise(edges):
        piece = positions[(positions["time"] >= a) & (positions["time"] < b)]
        done = tracks.segment(piece.reset_index(drop=True), state)
        state = done.state
        parts += [done.tracked.assign(reason=""), done.noise.assign(track_id=0)]
        counts.append(done.counts)
    labels = pd.concat(parts)[[*KEYS, "track_id", "reason"]]
    return labels.sort_values(KEYS, ignore_index=True), state, counts


def naive_labels(positions: pd.DataFrame) -> pd.DataFrame:
    """The rules of `segment`, report by report."""
    rows = positions.sort_values(KEYS).to_dict("records")
    hulls: dict[int, list[dict]] = {}
    out = []
    for r in rows:
        mine = hulls.setdefault(r["mmsi"], [])
        t, given_so_far = r["time"].timestamp(), max((h["ordinal"] for h in mine), default=0)
        confirmed = [h for h in mine if h["ordinal"] and t - h["t"] <= 30 * 86400]
        tentative = [h for h in mine if not h["ordinal"] and t - h["born"] <= 86400]
        best, best_rank = None, (math.inf, math.inf)
        for h in confirmed + tentative:
            d = float(distance_m(h["lat"], h["lon"], r["lat"], r["lon"]))
            said = max(r["sog_kn"], h["sog"]) if r["sog_kn"] + h["sog"] >= 0 else math.inf
            unsupported = 30 if t - h["t"] > 900 else 0
            limit = min(60, max(unsupported, 2 * said)) * 1852 / 3600
            soon = h["ordinal"] or t - h["t"] <= 900
            if d <= 5000 or (soon and d <= limit * (t - h["t"])):
                rank = (0 if h["ordinal"] and d <= 5000 else 1, d)
                if rank < best_rank:
                    best, best_rank = h, rank
        if not confirmed or best is None:
            if len(tentative) >= hull_limits.MAX_TENTATIVE and confirmed:
                stalest = min(tentative, key=lambda h: h["t"])
                mine[:] = [h for h in mine if h is not stalest]
            best = {"ordinal": 0 if confirmed else given_so_far + 1, "born": t, "n": 0, "t": -1e18}
            mine.append(best)
        repeat = t == best["t"]
        best["n"] += not repeat
        if not best["ordinal"] and best["n"] >= 3:
            best["ordinal"] = given_so_far + 1
        best.update(t=t, lat=r["lat"], lon=r["lon"], sog=r["sog_kn"])
        reason = "" if best["ordinal"] else "impossible jump"
        reason = "same time" if repeat and best["ordinal"] else reason
        out.append((0 if reason else r["mmsi"] * 100 + best["ordinal"], reason))
    labels = pd.DataFrame(rows, columns=positions.columns)[KEYS].astype({"source": "str"})
    labels[["track_id", "reason"]] = pd.DataFrame(out, columns=["track_id", "reason"])
    return labels


@st.composite
def feeds(draw) -> pd.DataFrame:
    """A few vessels that share MMSIs, hop between a few places, and are heard at odd times."""
    rows = []
    for k in range(draw(st.integers(1, 40))):
        mmsi = draw(st.sampled_from([563000001, 563000002]))
        place = draw(
            st.sampled_from([(1.0, 103.0), (1.04, 103.0), (2.5, 102.0), (1.1, 103.0), (1.5, 103.0)])
        )
        jitter = draw(st.integers(-3, 3)) * 0.003
        seconds = draw(st.sampled_from([0, 0, 10, 60, 200, 600, 4000, 50_000, 90_000]))
        if k and draw(st.integers(0, 40)) == 0:
            seconds = 31 * 86400
        rows.append((mmsi, (rows[-1][1] if rows else 0) + seconds, place[0] + jitter, place[1]))
    sog_kn = [draw(st.sampled_from([np.nan, 0.0, 20.0, 40.0])) for _ in rows]
    return reports(*rows, sog_kn=sog_kn)


# --- duplicates ---------------------------------------------------------------------------------


def test_one_transmission_heard_thrice_is_one_report():
    heard = reports(
        (563000001, 0.0, 1.2, 103.5),
        (563000001, 0.0, 1.2, 103.5),
        (563000001, 3.0, 1.2, 103.5),
        source=["b", "a", "c"],
    )
    kept, n = tracks.deduplicate(heard)
    assert n == 2
    assert kept["source"].tolist() == ["a"]


def test_a_moored_vessel_keeps_its_reports():
    every_10_s = reports(*[(563000001, 10.0 * k, 1.2, 103.5) for k in range(30)])
    kept, n = tracks.deduplicate(every_10_s)
    assert (len(kept), n) == (30, 0)


def test_a_moored_vessel_heard_by_two_keeps_each_report_once():
    seconds = [s for k in range(30) for s in (10.0 * k, 10.0 * k + 3)]
    kept, n = tracks.deduplicate(reports(*[(563000001, s, 1.2, 103.5) for s in seconds]))
    assert (len(kept), n) == (30, 30)
    assert set(kept["time"].dt.second % 10) == {0}


def test_nulls_are_content_and_other_content_is_another_report():
    heard = reports(
        *[(563000001, 0.0, 1.2, 103.5)] * 3, sog_kn=[np.nan, np.nan, 0.0], source=["a", "b", "c"]
    )
    kept, n = tracks.deduplicate(heard)
    assert n == 1
    assert kept["source"].tolist() == ["a", "c"]


def test_rounding_below_ais_resolution_does_not_hide_a_copy():
    heard = reports(
        (563000001, 0.0, 1.234567, 103.5), (563000001, 0.0, 740740 / 600000 + 1e-7, 103.5)
    )
    assert tracks.deduplicate(heard)[1] == 1


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_duplicates_rest_on_neither_order_nor_partition(data):
    seconds = data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=30))
    places = data.draw(st.lists(st.sampled_from([1.1, 1.2]), min_size=30, max_size=30))
    sources = data.draw(st.lists(st.sampled_from("ab"), min_size=30, max_size=30))
    n = len(seconds)
    heard = reports(
        *[(563000001, s, p, 103.5) for s, p in zip(seconds, places, strict=False)],
        source=sources[:n],
    )
    kept, _ = tracks.deduplicate(heard)
    shuffled = heard.sample(frac=1, random_state=data.draw(st.integers(0, 9)))
    pd.testing.assert_frame_equal(kept, tracks.deduplicate(shuffled)[0])

    cut = T0 + pd.Timedelta(data.draw(st.integers(0, 40)), "s")
    reach = pd.Timedelta(tracks.DUPLICATE_WINDOW_S, "s")
    before, n_before = tracks.deduplicate(heard[heard["time"] < cut])
    after, n_after = tracks.deduplicate(heard[heard["time"] >= cut - reach], since=cut)
    both = pd.concat([before, after], ignore_index=True)
    pd.testing.assert_frame_equal(kept, both)
    assert n_before + n_after == len(heard) - len(kept)

    rows = heard.sort_values(KEYS).to_dict("records")  # the rule, said again slowly
    naive = [
        all(b["lat"] != a["lat"] or (a["time"] - b["time"]).total_seconds() > 5 for b in rows[:i])
        for i, a in enumerate(rows)
    ]
    assert len(kept) == sum(naive)


# --- hulls --------------------------------------------------------------------------------------


def test_a_plain_vessel_is_one_track():
    frame = reports(*[(563000001, 10.0 * k, 1.2, 103.5 + 0.0005 * k) for k in range(100)])
    done = tracks.segment(frame, tracks.no_state())
    assert done.tracked["track_id"].unique().tolist() == [56300000101]
    frames.validate(done.tracked, frames.TRACKED)
    assert done.counts == {
        "rows": 100,
        "tracked": 100,
        "impossible_jump": 0,
        "same_time": 0,
        "too_many_hulls": 0,
        "further_hulls": 0,
    }
    assert done.state[["ordinal", "n_reports"]].to_numpy().tolist() == [[1, 100]]


def test_a_corrupt_fix_is_noise_and_the_track_goes_on():
    rows = [(563000001, 10.0 * k, 1.2, 103.5 + 0.0005 * k) for k in range(100)]
    rows[50] = (563000001, 500.0, 21.2, 103.5)
    done = tracks.segment(reports(*rows), tracks.no_state())
    assert len(done.tracked) == 99
    assert done.noise["reason"].tolist() == ["impossible jump"]
    assert done.noise["lat"].tolist() == [21.2]


def test_the_ghost_of_a_corrupt_fix_does_not_draw_the_passing_vessel():
    rows = [(563000001, 10.0 * k, 1.0 + 0.001 * k, 103.5) for k in range(300)]
    rows[20] = (563000001, 200.0, 1.2, 103.5)  # 20 km ahead: it passes there at k = 200
    done = tracks.segment(reports(*rows), tracks.no_state())
    assert len(done.tracked) == 299


def test_a_fix_a_few_miles_off_while_moored_is_noise():
    rows = [(563000001, 540.0 * k, 1.188, 103.748) for k in range(100)]
    rows[50] = (563000001, 50 * 540.0, 1.251, 103.748)  # 25 kn over 9 minutes, says 0.1 kn
    done = tracks.segment(reports(*rows, sog_kn=0.1), tracks.no_state())
    assert done.noise["lat"].tolist() == [1.251]
    fast = [(563000001, 60.0 * k, 1.0 + 0.01083 * k, 103.0) for k in range(60)]  # 39 kn
    assert len(tracks.segment(reports(*fast[::10], sog_kn=38), tracks.no_state()).tracked) == 6
    assert len(tracks.segment(reports(*fast[::10]), tracks.no_state()).tracked) == 6


def test_three_corrupt_fixes_hours_apart_are_no_vessel():
    rows = [(563000001, 180.0 * k, 1.188, 103.748) for k in range(480)]
    for k, lat in ((100, 3.3), (130, 3.4), (160, 3.5)):  # 10 nm apart, an hour and a half between
        rows[k] = (563000001, 180.0 * k, lat, 103.748)
    done = tracks.segment(reports(*rows), tracks.no_state())
    assert done.counts["further_hulls"] == 0
    assert len(done.tracked) == 477


def test_two_hulls_under_one_mmsi_become_two_tracks():
    rows = [(563000001, 10.0 * k, *((1.2, 103.5) if k % 2 else (5.2, 98.5))) for k in range(40)]
    done = tracks.segment(reports(*rows), tracks.no_state())
    by_track = done.tracked.groupby("track_id")["lat"]
    assert by_track.unique().map(list).to_dict() == {56300000101: [5.2], 56300000102: [1.2]}
    assert by_track.size().tolist() == [20, 18]  # the second begins with its third report
    assert done.counts["further_hulls"] == 1
    assert done.noise["reason"].tolist() == ["impossible jump"] * 2


def test_a_hull_confirmed_on_the_next_day_has_the_same_labels_as_in_one_go():
    rows = [(563000001, 60.0 * k, 5.2, 98.5) for k in range(2880)]
    rows += [(563000001, 86400 + s, 1.2, 103.5) for s in (-30, 90, 150, 210)]
    frame = reports(*rows)
    whole, _, _ = fold(frame, [])
    daily, _, counts = fold(frame, [86400])
    pd.testing.assert_frame_equal(whole, daily)
    assert [c["further_hulls"] for c in counts] == [0, 1]
    second = whole[whole["track_id"] == 56300000102]
    assert second["time"].min() == T0 + pd.Timedelta(86400 + 150, "s")


def test_three_reports_at_one_time_confirm_nothing():
    rows = [(563000001, 60.0 * k, 5.2, 98.5) for k in range(10)]
    rows += [(563000001, 305.0, 1.2, 103.5 + 0.001 * k) for k in range(3)]
    assert tracks.segment(reports(*rows), tracks.no_state()).counts["further_hulls"] == 0


def test_two_reports_of_one_hull_at_one_time_leave_one():
    rows = [(563000001, 0.0, 1.2, 103.5), (563000001, 0.0, 1.201, 103.5)]
    frame = reports(*rows, source=["b", "a"])
    done = tracks.segment(frame, tracks.no_state())
    assert done.tracked["source"].tolist() == ["a"]
    assert done.noise["reason"].tolist() == ["same time"]


def test_a_hull_silent_for_more_than_30_days_is_closed():
    rows = [(563000001, 0.0, 1.2, 103.5), (563000001, 31 * 86400.0, 1.2, 103.5)]
    labels, state, _ = fold(reports(*rows), [86400])
    assert labels["track_id"].tolist() == [56300000101, 56300000102]
    assert state["ordinal"].tolist() == [1, 2]  # the first keeps its number for good


def test_no_mmsi_gets_more_than_99_hulls():
    rows = [(100000000, 30.0 * (4 * k + j), -60.0 + k, 40.0) for k in range(110) for j in range(4)]
    done = tracks.segment(reports(*rows), tracks.no_state())
    assert done.tracked["track_id"].max() == 10000000099
    assert done.counts["too_many_hulls"] > 0
    assert done.counts["rows"] == len(done.tracked) + len(done.noise)


def test_antimeridian_is_no_jump():
    rows = [(563000001, 60.0 * k, 1.2, (179.99 + 0.005 * k + 180) % 360 - 180) for k in range(9)]
    assert len(tracks.segment(reports(*rows), tracks.no_state()).tracked) == 9


def test_reports_older_than_the_state_are_refused():
    frame = reports((563000001, 100.0, 1.2, 103.5))
    state = tracks.segment(frame, tracks.no_state()).state
    with pytest.raises(FrameError, match="newer"):
        tracks.segment(frame, state)


def test_empty_in_empty_out():
    done = tracks.segment(frames.empty(frames.POSITIONS), tracks.no_state())
    assert done.tracked.empty
    assert done.noise.empty
    assert done.state.empty
    assert tracks.deduplicate(frames.empty(frames.POSITIONS))[1] == 0
    assert tracks.summarise(done.tracked).empty


@given(feeds())
@settings(max_examples=150, deadline=None)
def test_labels_equal_the_naive_ones(feed):
    pd.testing.assert_frame_equal(fold(feed, [])[0], naive_labels(feed))


@given(feeds(), st.lists(st.integers(0, 400_000), max_size=5))
@settings(max_examples=60, deadline=None)
def test_folding_over_any_cuts_equals_one_go(feed, cuts):
    whole, state, _ = fold(feed, [])
    pieces, folded_state, _ = fold(feed, [float(c) for c in cuts])
    pd.testing.assert_frame_equal(whole, pieces)
    live = ["mmsi", "slot", "ordinal", "n_reports", "time", "lat", "lon"]
    confirmed = [s[s["ordinal"] > 0][live].reset_index(drop=True) for s in (state, folded_state)]
    pd.testing.assert_frame_equal(*confirmed)


@given(feeds(), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_row_order_is_irrelevant(feed, seed):
    pd.testing.assert_frame_equal(
        fold(feed, [])[0], fold(feed.sample(frac=1, random_state=seed), [])[0]
    )


@pytest.mark.slow
def test_a_feed_with_every_vessel_in_conflict_stays_bearable():
    rng = np.random.default_rng(1)
    n, vessels = 60_000, 600
    frame = reports(
        *zip(
            563000000 + rng.integers(0, vessels, n),
            np.sort(rng.uniform(0, 86400, n)),
            rng.uniform(-1, 9, n),
            rng.uniform(94, 106, n),
            strict=True,
        )
    )
    began = clock.process_time()
    done = tracks.segment(frame, tracks.no_state())
    assert clock.process_time() - began < 20
    assert done.counts["rows"] == len(done.tracked) + len(done.noise)


# --- summaries ----------------------------------------------------------------------------------


def test_a_track_is_summarised_by_day():
    rows = [(563000001, 43200.0 * k, 1.2, 103.5 + 0.1 * k) for k in range(4)]
    rows.append((563000002, 0.0, 1.0, 104.0))
    summary = tracks.summarise(tracks.segment(reports(*rows), tracks.no_state()).tracked)
    assert summary["track_id"].tolist() == [56300000101, 56300000101, 56300000201]
    assert summary["n_reports"].tolist() == [2, 2, 1]
    assert summary["length_m"].tolist() == pytest.approx([11117.1, 11117.1, 0.0], abs=1.0)
    assert summary["west"].tolist() == pytest.approx([103.5, 103.7, 104.0])
    assert summary["east"].tolist() == pytest.approx([103.6, 103.8, 104.0])
    shapes = shapely.from_wkb(summary["geometry"].to_numpy())
    assert [s.geom_type for s in shapes] == ["LineString", "LineString", "Point"]


def test_the_simplified_line_stays_within_its_tolerance():
    rng = np.random.default_rng(2)
    lat, lon = 1.2 + np.cumsum(rng.normal(0, 2e-4, 500)), 103.5 + 0.001 * np.arange(500)
    rows = [(563000001, 10.0 * k, lat[k], lon[k]) for k in range(500)]
    tracked = tracks.segment(reports(*rows), tracks.no_state()).tracked
    line = shapely.from_wkb(tracks.summarise(tracked)["geometry"].iloc[0])
    assert len(line.coords) < 300
    away = shapely.distance(line, shapely.points(lon, lat))
    assert away.max() <= tracks.SIMPLIFY_DEG


def test_a_track_across_the_antimeridian_has_its_true_extent():
    rows = [(563000001, 600.0 * k, 1.2, lon) for k, lon in enumerate([179.98, -179.99, -179.96])]
    summary = tracks.summarise(tracks.segment(reports(*rows), tracks.no_state()).tracked)
    assert summary[["west", "east"]].to_numpy()[0].tolist() == pytest.approx([179.98, -179.96])
    assert summary["length_m"].iloc[0] == pytest.approx(0.06 * 111_170, rel=1e-3)
    line = shapely.from_wkb(summary["geometry"].iloc[0])
    assert line.bounds[2] - line.bounds[0] == pytest.approx(0.06)


def test_a_summary_is_the_same_to_the_last_digit_whoever_else_is_summarised():
    rng = np.random.default_rng(3)
    table = reports(
        *(
            (563000001 + n, 300.0 * k, 1.2, float(lon))
            for n, (west, step) in enumerate([(-170.0, 1.7), (103.4, 0.01), (179.99, 0.01)])
            for k, lon in enumerate(wrap_lon(west + np.cumsum(rng.normal(step, 0.01, 200))))
        )
    )
    tracked = frames.conform(table.assign(track_id=table["mmsi"] * 100 + 1), frames.TRACKED)
    each = [tracks.summarise(own.reset_index(drop=True)) for _, own in tracked.groupby("mmsi")]
    pd.testing.assert_frame_equal(
        pd.concat(each, ignore_index=True), tracks.summarise(tracked), check_exact=True
    )
