"""Gap: the rule said again slowly, and silences of days looked at in any windows."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.core import frames
from detectors.gap import Gap, cut_off, glimpses, passes
from detectors.gap.silences import History, Silences
from detectors.kinematics import geodesy
from detectors.surroundings import coverage
from detectors.surroundings.rates import fitted
from detectors.surroundings.receivers import Receivers
from tests.detectors.scenes import Stage
from tests.detectors.surroundings.test_receivers import SLOT0, learnt
from tests.detectors.tables import make_positions, make_zones

T0 = pd.Timestamp("2026-03-01T00:00Z")
HOUR_S = 3600
DAYS = 6


def hours(n: float) -> pd.Timedelta:
    return pd.Timedelta(seconds=round(n * HOUR_S))


def neighbours(rng: np.random.Generator, n: int = 5) -> list[tuple]:
    """Vessels at rest all over the place, heard every ten minutes with whole hours missing."""
    rows = []
    for k in range(n):
        lat, lon = 2.0 + 0.02 * k, 101.0 + 0.1 * rng.integers(0, 4)
        off = rng.integers(0, DAYS * 24, 4)
        for slot in range(DAYS * 24 * 6):
            if slot // 6 not in off:
                klass = "AB"[k % 2]
                rows.append((563000200 + k, T0 + hours(slot / 6 + 0.01 * k), lat, lon, klass))
    return rows


@st.composite
def silent_vessels(draw) -> list[tuple]:
    """Vessels that report in bursts with silences of minutes to days between them."""
    rows = []
    for k in range(draw(st.integers(1, 3))):
        at, lat, lon = draw(st.floats(0, 20)), 2.04, draw(st.sampled_from([101.0, 101.15, 101.4]))
        kn, klass = draw(st.sampled_from([0.0, 2.0, 8.0])), draw(st.sampled_from("AB"))
        for _ in range(draw(st.integers(1, 6))):
            for _ in range(draw(st.integers(1, 8))):
                every_h = draw(st.sampled_from([0.03, 0.1, 0.2, 0.5]))
                rows.append((563000001 + k, T0 + hours(at), lat, lon, klass))
                at += every_h
                lon += kn * every_h / 60
            at += draw(st.sampled_from([0.9, 1.2, 2.5, 7.0, 23.0, 25.0, 30.0, 60.0]))
    return [row for row in rows if row[1] < T0 + hours(DAYS * 24)]


def staged(rows: list[tuple]):
    columns = ["mmsi", "time", "lat", "lon", "ais_class", "sog_kn"]
    table = pd.DataFrame(rows, columns=columns[: len(rows[0])])
    table = table.drop_duplicates(["mmsi", "time"])
    return Stage(make_positions(table), make_zones([]), T0, T0 + hours(DAYS * 24))


def naive(stage) -> set[tuple]:
    """Gaps as the docstring of `Gap` says, one silence at a time: (mmsi, start, end or None)."""
    rows, limits = stage.positions, Gap()
    found = set()
    seen = rows.assign(slot=rows["time"].dt.floor("30min"))
    seen["row"], seen["col"] = coverage.cells_of(rows["lat"].to_numpy(), rows["lon"].to_numpy())

    def vessels(lat: float, lon: float, slot: pd.Timestamp, klass: str) -> tuple[int, float]:
        row, col = (int(c[0]) for c in coverage.cells_of([lat], [lon]))
        there = seen[(seen["slot"] == slot) & (seen["row"].sub(row).abs() <= 1)]
        there = there[there["col"].sub(col).abs() <= 1]
        there = there[there["ais_class"] == "B"] if klass == "B" else there
        cells = there.drop_duplicates(["mmsi", "row", "col"])
        known = stage.cells.merge(there[["slot", "row", "col", "ais_class"]].drop_duplicates())
        known = known[known["interval_s"].notna()]
        if known.empty:
            return len(cells), float("nan")
        return len(cells), float(np.average(known["interval_s"], weights=known["reports"]))

    cells = stage.cells
    feed = set(rows["time"].dt.floor("10min"))

    def inside(start: pd.Timestamp, end: pd.Timestamp, minutes: int, most: int) -> list:
        """Whole slots between two times."""
        slot, slots = start.ceil(f"{minutes}min"), []
        while slot + pd.Timedelta(minutes=minutes) <= end and len(slots) < most:
            slots.append(slot)
            slot += pd.Timedelta(minutes=minutes)
        return slots

    def between(a: pd.Series, b: pd.Series, slot: pd.Timestamp) -> tuple[float, float]:
        part = (slot + hours(0.25) - a["time"]) / (b["time"] - a["time"])
        return geodesy.interpolate(a["lat"], a["lon"], b["lat"], b["lon"], part)

    def excused(a: pd.Series, b: pd.Series) -> bool:
        """Whether the others, or the feed, weren't heard either from one report to the next."""
        beside = [
            vessels(*between(a, b, slot), slot, a["ais_class"])[0] >= 2
            for slot in inside(a["time"], b["time"], 30, 6)
        ]
        brought = [slot in feed for slot in inside(a["time"], b["time"], 10, 18)]
        return any(part and np.mean(part) < 0.5 for part in (beside, brought))

    def around(lat: float, lon: float, klass: str) -> pd.DataFrame:
        row, col = (int(c[0]) for c in coverage.cells_of([lat], [lon]))
        near = cells[(cells["row"] - row).abs().le(1) & (cells["col"] - col).abs().le(1)]
        return near[near["ais_class"] == "B"] if klass == "B" else near

    def known(lat: float, lon: float, klass: str, start: pd.Timestamp, end: pd.Timestamp) -> tuple:
        """Vessels heard in half hours before and meanwhile, as far as settled, and silences."""
        own = start.floor("30min")
        near = around(lat, lon, klass)
        near = near[near["slot"].between(own - hours(24), own + hours(12)) & (near["slot"] != own)]
        near = near[near["slot"] + hours(1.5) <= end]
        return int(near["vessels"].sum()), int(near["silences"].sum())

    def receiving(lat: float, lon: float, slot: pd.Timestamp, size: int = 5) -> int:
        row, col = (int(c[0]) // size for c in coverage.cells_of([lat], [lon]))
        near = cells[(cells["slot"] == slot) & (cells["row"] // size - row).abs().le(1)]
        return int(near.loc[(near["col"] // size - col).abs().le(1), "vessels"].sum())

    def way_before(track: pd.DataFrame, i: int, over_s: float = 900.0) -> tuple[float, float]:
        """Speed (kn) and course over a quarter of an hour, or so long, or the last step."""
        here, back, over = track.iloc[i], max(i - 1, 0), pd.Timedelta(seconds=over_s)
        while back > 0 and here["time"] - track["time"].iloc[back - 1] <= over:
            back -= 1
        was = track.iloc[back]
        ends = (was["lat"], was["lon"], here["lat"], here["lon"])
        took_s = (here["time"] - was["time"]).total_seconds()
        speed_kn = float(geodesy.speed_kn(geodesy.distance_m(*ends), took_s)) if took_s else 0.0
        return speed_kn, float(geodesy.bearing_deg(*ends))

    def sailed_to(track: pd.DataFrame, i: int, slot: pd.Timestamp) -> tuple[float, float] | None:
        """Where it is if it sailed on, None beyond the box of all heard in the day before."""
        here = track.iloc[i]
        place, (speed_kn, course) = (here["lat"], here["lon"]), way_before(track, i)
        if speed_kn < 3:
            return place
        gone_m = speed_kn * geodesy.KNOT_MPS * (slot + hours(0.25) - here["time"]).total_seconds()
        place = tuple(float(v) for v in geodesy.destination(*place, course, gone_m))
        own = here["time"].floor("30min")
        box = cells[cells["slot"].between(own - hours(24), own - hours(0.5))]
        row, col = (int(c[0]) for c in coverage.cells_of([place[0]], [place[1]]))
        sides = box["row"].min() <= row <= box["row"].max()
        sides &= box["col"].min() <= col <= box["col"].max()
        return place if len(box) == 0 or sides else None

    def passes(track: pd.DataFrame, i: int, end: pd.Timestamp, is_open: bool) -> tuple[bool, bool]:
        """Whether the place is heard thinly, and more chances were missed than the vessel's own
        hearing before explains.
        """
        here, start = track.iloc[i], track["time"].iloc[i]
        row, col = (int(c[0]) // 5 for c in coverage.cells_of([here["lat"]], [here["lon"]]))
        own = start.floor("30min")
        near = cells[cells["slot"].between(own - hours(24), own - hours(0.5))]
        near = near[(near["row"] // 5 - row).abs().le(1) & (near["col"] // 5 - col).abs().le(1)]
        past = [k for k in range(i + 1) if track["time"].iloc[k] >= start - hours(3)]
        heard = len({track["time"].iloc[k].floor("30min") for k in past})
        over_s = (start - track["time"].iloc[past[0]]).total_seconds()
        is_b = here["ais_class"] == "B"
        tens = pd.date_range(end=start.floor("10min"), periods=144, freq="10min")
        brought = [ten in feed for ten in tens]
        size = 40 if not is_open and np.mean(brought[brought.index(True) :]) <= 0.9 else 5

        def chance_to_be_heard(lat: float, lon: float, slot: pd.Timestamp) -> bool:
            if is_b:
                return vessels(lat, lon, slot, "B")[0] >= 1
            return receiving(lat, lon, slot, size) >= 2

        missed = [
            chance_to_be_heard(*between(track.iloc[k], track.iloc[k + 1], slot), slot)
            for k in past[:-1]
            for slot in inside(track["time"].iloc[k], track["time"].iloc[k + 1], 30, 24)
        ]
        silent = [
            place is not None and chance_to_be_heard(*place, slot)
            for slot in inside(start, end, 30, 24)
            for place in [
                sailed_to(track, i, slot) if is_open else between(here, track.iloc[i + 1], slot)
            ]
        ]
        # The chance to miss one after the other, each time with one miss more behind it.
        # Before the first, four that others show: of one no more are missed than the root of how
        # often they fall silent for an hour there, or anywhere where that is little known.
        day = cells[cells["slot"].between(own - hours(24), own - hours(0.5))]
        day = day[day["ais_class"] == "B"] if is_b else day
        places = day[day["vessels"] > 0].groupby(["row", "col"])[["silences", "vessels"]].sum()
        mean, strength = fitted(*(places[name].to_numpy("float64") for name in places))
        there = day[day.index.isin(around(here["lat"], here["lon"], "A").index)]
        n_lost = there["silences"].sum() + mean * strength
        often = np.sqrt(n_lost / (there["vessels"].sum() + strength))
        chance, n_missed = 1.0, sum(missed) + 4 * min(max(often, 0.13), 0.5)
        for k in range(sum(silent)):
            chance *= (n_missed + k) / (heard + sum(missed) + 4 + k)
        thin = len(near) > 0 and near["reports"].sum() <= 5 * near["vessels"].sum()
        rare = chance <= (0.002 if is_b else 0.006)
        steps = [(b - a).total_seconds() for a, b in pairwise(track["time"].iloc[k] for k in past)]
        slots = (own - track["time"].iloc[past[0]].floor("30min")) / hours(0.5) + 1
        middle_s = np.quantile(steps or [0.0], 0.5, method="lower")
        if steps and heard >= slots and 0.4 * np.mean(steps) <= middle_s:
            thin &= np.mean(steps) > 1200
        return thin, thin and heard >= (4 if is_open else 2) and over_s >= 1800 and rare

    def in_full(track: pd.DataFrame, first: int, last: int, usual_s: float, of_s: float) -> bool:
        """Whether reports came in full from one to another, by the intervals of `usual_s`."""
        times = list(track["time"])
        since = [k for k in range(last) if times[last] - times[k] <= hours(usual_s / HOUR_S)]
        begin = min([first, *since])
        steps = [(b - a).total_seconds() for a, b in pairwise(times[begin : last + 1])]
        n = last - first + 1
        if n < limits.min_history_reports:
            return False
        usual = np.quantile(steps, 0.5, method="lower")
        steady = max(steps[first - begin :]) <= limits.max_in_full_ratio * usual
        return steady and n * usual / of_s >= limits.in_full_share

    def full_before(track: pd.DataFrame, i: int, speed_kn: float) -> bool:
        slower = max(cut_off.LEAVES_KN / max(speed_kn, 3.0), 1.0)
        straight_kn, _ = way_before(track, i, limits.in_full_s * slower)
        leaves = speed_kn >= 3 and straight_kn >= cut_off.STRAIGHT_SHARE * speed_kn
        full_s = limits.in_full_s * (slower if leaves else 1.0)
        ago = track["time"].iloc[i] - track["time"].iloc[: i + 1]
        first = int(np.argmax(ago <= pd.Timedelta(seconds=full_s)))
        return in_full(track, first, i, full_s * limits.recent_s / limits.in_full_s, full_s)

    def full_after(track: pd.DataFrame, i: int) -> bool:
        later = track["time"].iloc[i:] - track["time"].iloc[i]
        last = i + int(np.count_nonzero(later <= pd.Timedelta(seconds=limits.in_full_s))) - 1
        return in_full(track, i, last, limits.in_full_s, limits.in_full_s)

    def out_of_the_feed(lat: float, lon: float, start: pd.Timestamp) -> bool:
        slot = np.array([start.floor("30min").value // 1800 // 10**9])
        edge_m = stage.rates.edge_m(np.array([lat]), np.array([lon]), slot)
        return bool(edge_m[0] <= 0.0)

    for _, track in rows.groupby("track_id"):
        times = list(track["time"])
        for i, start in enumerate(times):
            is_open = i + 1 == len(times)
            end = stage.end if is_open else times[i + 1]
            silent_s = (end - start).total_seconds()
            here = track.iloc[i]
            if silent_s < (2 if here["ais_class"] == "B" else 1) * HOUR_S:
                continue
            before = [t for t in times[: i + 1] if t >= start - hours(3)]
            past = [track.iloc[k] for k in range(i + 1 - len(before), i + 1)]
            counted = [
                (a["time"], (b["time"] - a["time"]).total_seconds())
                for a, b in pairwise(past)
                if not excused(a, b)
            ]
            track_s = (start - times[0]).total_seconds()
            late = [t for t in before if t >= start - hours(0.75)]
            steps = [s for t, s in counted if t in late]
            if len(late) < 5 or sum(steps) < 1800:
                steps = [s for _, s in counted]
            longest_s = max(steps, default=float("nan"))
            regular_s = sum(s for _, s in counted)
            regular = len(before) >= 5 and regular_s >= 1800 and silent_s >= 10 * longest_s
            unproven = silent_s >= 24 * HOUR_S and (
                (not regular and track_s < 3 * HOUR_S) or track_s < 900
            )
            thin, by_passes = passes(track, i, end, is_open)
            if not (regular or unproven or by_passes):
                continue
            if by_passes or (unproven and thin):  # more of its history may show that it does
                found.add((int(here["mmsi"]), start, None if is_open else end))
                continue
            there = here if is_open else track.iloc[i + 1]
            klass = here["ais_class"]
            back = max(i - 1, 0) if len(before) < 2 else i
            while back > 0 and (start - times[back - 1]).total_seconds() <= 900:
                back -= 1
            back = min(back, max(i - 1, 0))
            origin = track.iloc[back]
            span_s = (start - times[back]).total_seconds()
            ends = (origin["lat"], origin["lon"], here["lat"], here["lon"])
            moved_m = float(geodesy.distance_m(*ends))
            speed_kn = float(geodesy.speed_kn(moved_m, span_s)) if span_s > 0 else 0.0
            moving = speed_kn >= 3
            full = full_before(track, i, speed_kn)
            course = geodesy.bearing_deg(*ends)
            gone_s = limits.in_full_s * speed_kn * geodesy.KNOT_MPS
            next_place = geodesy.destination(here["lat"], here["lon"], course, gone_s)
            over = moving and out_of_the_feed(*map(float, next_place), start)
            over &= is_open or not out_of_the_feed(there["lat"], there["lon"], start)
            sharp = full and not is_open and full_after(track, i + 1) and not over

            beside, indirect, around_s, worths = [], [], [], []
            for slot in inside(start, end, 30, 24):
                lat, lon = (here["lat"], here["lon"]) if is_open else between(here, there, slot)
                n, interval_s = vessels(lat, lon, slot, klass)
                n_heard, n_lost = known(lat, lon, klass, start, end)
                beside.append(n >= 2)
                indirect.append(n < 2 and n_heard >= 8 and receiving(lat, lon, slot) >= 2)
                well = not is_open and n_heard >= 48 and (n_lost + 0.5) / (n_heard + 1) <= 0.03
                worth = 0.0 if klass == "B" else (0.4 if moving and not well else 0.75)
                worths.append(worth * indirect[-1])
                around_s.append(interval_s)
            timed = np.array(around_s)[np.isfinite(around_s)]
            typical_s = np.quantile(timed, 0.5, method="lower") if len(timed) else float("nan")
            often = klass != "B" and sum(beside) >= 4
            often &= sum(beside) + sum(indirect) >= 0.6 * len(beside) - 1e-9
            if np.mean(beside) + np.mean(worths) < 0.6 - 1e-9 and not often:
                continue
            if not unproven and silent_s < 10 * typical_s:
                continue
            n_vessels, n_silences = known(here["lat"], here["lon"], klass, start, end)
            if n_silences >= 3 and n_silences > 0.05 * n_vessels * (2 if sharp else 1):
                continue
            gone_m = geodesy.distance_m(here["lat"], here["lon"], there["lat"], there["lon"])
            came_back = not is_open and gone_m <= 0.25 * speed_kn * geodesy.KNOT_MPS * silent_s
            lost = sharp or (full and not is_open and np.mean(beside) >= 0.9)
            if moving and not unproven and not lost and (is_open or gone_m < 30_000):
                ahead_m = min(speed_kn * geodesy.KNOT_MPS * 7200, 30_000)
                lat, lon = geodesy.destination(here["lat"], here["lon"], course, ahead_m)
                ahead = [vessels(lat, lon, s, klass)[0] >= 1 for s in inside(start, end, 30, 4)]
                n_ahead, _ = known(lat, lon, klass, start, end)
                seldom = 8 <= n_ahead <= 48 and n_ahead >= 0.5 * n_vessels
                off = geodesy.bearing_deg(here["lat"], here["lon"], there["lat"], there["lon"])
                off_deg = abs((float(off) - float(course) + 180.0) % 360.0 - 180.0)
                again = not is_open and off_deg <= 45 and gone_m >= ahead_m / 2
                again &= gone_m <= 0.5 * speed_kn * geodesy.KNOT_MPS * silent_s
                known_on = seldom or again or (came_back and n_ahead >= 8)
                if np.mean(ahead) < 0.5 and not known_on:
                    continue
            found.add((int(here["mmsi"]), start, None if is_open else end))
    return found


class Known:
    """A stage with its coverage at hand for the oracle."""

    def __init__(self, stage) -> None:
        self.positions, self.end = stage.positions, stage.end
        self.rates = stage.context().coverage.rates()
        cells = stage.context().coverage.cells
        self.cells = cells.rename(columns={"time": "slot", "lat_cell": "row", "lon_cell": "col"})


PAUSES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.slow
@given(rows=silent_vessels(), seed=st.integers(0, 5))
@settings(max_examples=6, deadline=None, suppress_health_check=PAUSES)
def test_finds_what_the_slow_rule_finds(rows, seed):
    others = neighbours(np.random.default_rng(seed))
    stage = staged([*rows, *others])
    found = Gap().detect(stage.positions, stage.context())
    got = {(e.mmsi, e.start, None if pd.isna(e.end) else e.end) for e in found.itertuples()}
    assert got == naive(Known(stage))


@pytest.mark.slow
@given(
    rows=silent_vessels(),
    seed=st.integers(0, 5),
    cuts=st.lists(st.floats(0.1, DAYS * 24 - 0.1), max_size=7, unique=True),
)
@settings(max_examples=10, deadline=None, suppress_health_check=PAUSES)
def test_silences_of_days_are_the_same_in_any_windows(rows, seed, cuts):
    others = neighbours(np.random.default_rng(seed))
    stage = staged([*rows, *others])
    edges = [T0, *(T0 + hours(c) for c in sorted(cuts)), stage.end]
    windows = list(pairwise(edges))
    whole = Gap().detect(stage.positions, stage.context())
    pd.testing.assert_frame_equal(stage.drive(Gap(), windows), whole)


@pytest.mark.slow
@given(rows=silent_vessels(), seed=st.integers(0, 5), at_h=st.floats(1.0, DAYS * 24 - 2.0))
@settings(max_examples=15, deadline=None, suppress_health_check=PAUSES)
def test_of_whom_is_not_asked_no_silence_touches_the_window(rows, seed, at_h):
    """An hour, as of a look between nights: of most nothing is asked."""
    stage = staged([*rows, *neighbours(np.random.default_rng(seed))])
    context = stage.context(T0 + hours(at_h), T0 + hours(at_h + 1))
    positions = stage.positions[stage.positions["time"] <= context.end].reset_index(drop=True)
    found = Gap().detect(positions, context)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("detectors.gap.detector.of_silent", lambda _limits, all_of, _context: all_of)
        pd.testing.assert_frame_equal(found, Gap().detect(positions, context))


def test_a_long_silence_seen_from_its_end_is_judged_on_its_whole_history():
    regular = [(563000001, T0 + hours(k / 20), 2.04, 101.1, "A") for k in range(200)]
    patchy = [(563000002, T0 + hours(0.9 * k), 2.04, 101.1, "A") for k in range(11)]
    seldom = [(563000003, T0 + hours(2.5 * k), 2.04, 101.1, "A") for k in range(5)]
    back = [(m, T0 + hours(50), 2.04, 101.1, "A") for m in (563000001, 563000002, 563000003)]
    others = neighbours(np.random.default_rng(0), 8)
    stage = staged([*regular, *patchy, *seldom, *back, *others])
    found = stage.look(Gap(), T0 + hours(48), T0 + hours(51))
    # Reception is thin there. Of a day on which few fall silent neither one heard in 4 of the last
    # 7 half hours misses 24 more of them by chance, nor one heard in 2.
    assert found["mmsi"].tolist() == [563000002, 563000001, 563000003]
    assert found["start"].tolist() == [T0 + hours(9), T0 + hours(199 / 20), T0 + hours(10)]
    assert [e.facts["by_passes"] for e in found["evidence"]] == [True, False, True]


def test_few_silences_at_a_time_find_what_all_at_once_do(monkeypatch):
    at_h = [*(k / 20 for k in range(200)), 50.0]
    rows = [(563000001 + n, T0 + hours(h + n), 2.04, 101.1, "A") for n in range(5) for h in at_h]
    stage = staged([*rows, *neighbours(np.random.default_rng(7284), 8)])
    whole = Gap().detect(stage.positions, stage.context())
    monkeypatch.setattr("detectors.gap.detector.AT_ONCE", 1)
    assert len(whole) > 1
    pd.testing.assert_frame_equal(Gap().detect(stage.positions, stage.context()), whole)


@pytest.mark.parametrize(("like", "n_found"), [("B", 1), ("A", 0)])
def test_class_b_is_held_against_the_passes_in_which_its_like_was_heard(like, n_found):
    """Passes of a satellite every 40 minutes; of six it was heard in before it missed nine."""
    rows = [
        (563000200 + k, T0 + hours(n / 1.5), 2.0 + 0.02 * k, 101.1, like)
        for k in range(4)
        for n in range(60)
    ]
    heard = [*range(24, 30), *range(39, 60)]
    rows += [(563000001, T0 + hours(n / 1.5 + 0.01), 2.04, 101.1, "B") for n in heard]
    stage = staged(rows)
    found = Gap().detect(stage.positions, stage.context())
    found = found[found["mmsi"].eq(563000001) & found["end"].notna()]
    assert found["start"].tolist() == [T0 + hours(29 / 1.5 + 0.01)] * n_found


@pytest.mark.parametrize(("every_min", "n_found"), [(40, 1), (5, 0)])
def test_a_satellite_that_hears_what_is_far_off_hears_what_is_between(every_min, n_found):
    """Ships 100 nm off are heard at each pass, or all the time by stations, and nobody nearer,
    while one under way misses eight passes.
    """
    rows = [
        (563000200 + k, T0 + hours(n * every_min / 60), 3.7 + 0.02 * k, 101.1, "A")
        for k in range(4)
        for n in range(DAYS * 24 * 60 // every_min)
    ]
    rows += [
        (563000001, T0 + hours(n / 1.5 + m / 60), 2.04, 101.1 + 0.1 * (n - 24), "A")
        for n in (*range(24, 30), *range(38, 44))
        for m in (0, 1)
    ]
    stage = staged(rows)
    found = Gap().detect(stage.positions, stage.context())
    found = found[found["mmsi"].eq(563000001) & found["end"].notna()]
    assert [e.facts["feed_by_passes"] for e in found["evidence"]] == [True] * n_found
    for start, evidence in zip(found["start"], found["evidence"], strict=True):
        facts, chance = evidence.facts, evidence["missed_probability"]
        past = facts["n_chances_heard"] + facts["n_chances_missed"]
        unheard = (past / (past + facts["n_chances"])) ** facts["n_history_reports"]
        expected = min(chance, unheard) * heard_a_day(stage.positions, start.floor("30min"))
        assert facts["n_missed_by_chance"] == pytest.approx(expected, rel=0.05)  # of 6 decimals


@pytest.mark.parametrize(
    ("every", "east", "told"), [(1, 0.0, True), (1, 0.5, False), (4, 0.0, False)]
)
def test_what_a_coast_station_hears_all_day_comes_by_no_passes(every, east, told):
    """X hears three places in each half hour, or now and then, or one of them across 100 nm."""
    lons = 103.6 - 4 * east, 103.85, 104.1
    rows = [("X", slot, 1.25, lon, "A") for slot in range(0, 49, every) for lon in lons]
    rows += [("Y", slot, 5.0, 100.0, "A") for slot in range(49)]
    last = SimpleNamespace(
        lat=np.array([1.25]), lon=np.array([104.1]), ais_class_of=lambda row: np.array(["A"])
    )
    began_us = np.array([(SLOT0 + 48) * coverage.SLOT_S * 10**6])
    silences = Silences(np.array([0]), np.array([True]), began_us, began_us + 10**10, {})
    found = passes._by_stations(silences, np.array([0]), last, Receivers(learnt(rows)))
    assert found.tolist() == [told]


def heard_a_day(rows, own) -> float:
    """Vessels of class A by half hour and cell in the day before, or as many since the feed began,
    as in a day.
    """
    seen = rows.assign(slot=rows["time"].dt.floor("30min"))
    seen = seen[(seen["slot"] >= own - hours(24)) & (seen["slot"] < own)]
    cells = zip(*coverage.cells_of(seen["lat"].to_numpy(), seen["lon"].to_numpy()), strict=True)
    once = set(zip(seen["mmsi"], seen["slot"], cells, strict=True))
    return len(once) * hours(24) / (own - seen["slot"].min())


@pytest.mark.parametrize(
    ("knots", "lie_ahead", "n_found"), [(12.0, False, 0), (12.0, True, 1), (0.0, False, 1)]
)
def test_passes_count_where_it_would_be_if_it_sailed_on(knots, lie_ahead, n_found):
    """A satellite passes every 40 minutes and hears those that lie where a ship was last heard: one
    that was leaving what the feed is about missed none of these passes.
    """
    lie = [101.1, 101.9, 102.7] if lie_ahead else [101.1]
    rows = [
        (563000200 + 10 * j + k, T0 + hours(n / 1.5), 2.0 + 0.02 * k, lon, "A")
        for j, lon in enumerate(lie)
        for k in range(4)
        for n in range(60)
    ]
    rows += [
        (563000001, T0 + hours(h), 2.04, 101.15 + knots / 60 * (h - 29 / 1.5), "A")
        for n in range(24, 30)
        for h in (n / 1.5, n / 1.5 + 1 / 60)
    ]
    stage = staged(rows)
    found = Gap().detect(stage.positions, stage.context())
    assert (found["mmsi"].eq(563000001) & found["end"].isna()).sum() == n_found


@pytest.mark.parametrize(("sog_after_kn", "n_found"), [(12.0, 1), (0.1, 0)])
def test_a_ship_that_came_to_lie_sends_less_often_than_before(sog_after_kn, n_found):
    """A satellite passes every 40 minutes; a ship misses four passes and is heard 2 nm further on,
    under way again, or at rest.
    """
    rows = [
        (563000200 + k, T0 + hours(n / 1.5 + m / 60), 2.0 + 0.02 * k, 101.1, "A", 0.0)
        for k in range(4)
        for n in range(12)
        for m in (0, 1)
    ]
    rows += [
        (563000001, T0 + hours(n / 1.5 + m / 60), 2.04, 101.1 + 0.13 * n + 0.003 * m, "A", 12.0)
        for n in (0, 1)
        for m in (0, 1)
    ]
    rows += [
        (563000001, T0 + hours(n / 1.5 + m / 60), 2.04, 101.263, "A", sog_after_kn)
        for n in range(6, 12)
        for m in (0, 1)
    ]
    stage = staged(rows)
    found = Gap().detect(stage.positions, stage.context())
    assert (found["mmsi"].eq(563000001) & found["end"].notna()).sum() == n_found


@pytest.mark.parametrize(("n_missed", "n_found"), [(4, 1), (2, 0)])
def test_a_ship_under_way_is_held_against_the_passes_of_a_feed_that_has_just_begun(
    n_missed, n_found
):
    """A satellite passes every 40 minutes; after the second pass one ship misses some."""
    rows = [
        (563000200 + k, T0 + hours(n / 1.5 + m / 60), 2.0 + 0.02 * k, 101.1, "A")
        for k in range(4)
        for n in range(12)
        for m in (0, 1)
    ]
    rows += [
        (563000001, T0 + hours(n / 1.5 + m / 60), 2.04, 101.1 + 0.13 * n + 0.003 * m, "A")
        for n in (0, 1, *range(2 + n_missed, 12))
        for m in (0, 1)
    ]
    stage = staged(rows)
    found = Gap().detect(stage.positions, stage.context())
    found = found[found["mmsi"].eq(563000001) & found["end"].notna()]
    assert [e.facts["n_chances"] for e in found["evidence"]] == [n_missed] * n_found


@pytest.mark.parametrize(
    ("every_h", "ahead", "n_found"), [(0.25, True, 0), (0.25, False, 1), (1.5, True, 1)], ids=str
)
def test_ground_between_its_ends_shows_that_it_was_heard(every_h, ahead, n_found):
    """Reports of three hours were set aside: they lie ahead of where they end, or on the way there,
    or leave an hour and a half.
    """
    at = np.arange(30, 33, every_h)[1:]
    then = at if ahead else at - 3
    assert set_aside(at, 2.04, 101.2 + (then - 24) / 30, frames.CLOCK_FAULT) == n_found


@pytest.mark.parametrize(
    ("every_h", "reason", "n_found"),
    [
        (0.1, frames.FALSE_FIX, 0),
        (0.1, frames.INTERFERENCE, 1),
        (0.1, frames.CLOCK_FAULT, 1),
        (0.75, frames.FALSE_FIX, 1),
        (2.0, frames.FALSE_FIX, 1),
        (0.3, frames.FALSE_FIX, 1),
    ],
)
def test_who_sends_false_positions_is_not_silent(every_h, reason, n_found):
    """For three hours it sends one place far off: every six minutes, or three times, which may be
    another's with a damaged number, or once, or so seldom that `spoofing` may tell of none; as it
    doesn't of interference.
    """
    at = np.arange(30, 33, every_h)[1:]
    assert set_aside(at, 3.5, np.full(len(at), 100.2), reason) == n_found


def test_false_positions_that_sail_a_way_are_told_by_nothing_else():
    """Every ten minutes one 12 nm abeam of its way: it was a silence told by nobody."""
    at = np.arange(30, 33, 1 / 6)[1:]
    assert set_aside(at, 2.24, 101.2 + (at - 24) / 30, frames.FALSE_FIX) == 1
    turned = np.radians(np.arange(len(at)) * 60)
    lat, lon = 2.44 + 0.05 * np.cos(turned), 101.4 + 0.05 * np.sin(turned)
    assert set_aside(at, lat, lon, frames.FALSE_FIX) == 0


@pytest.mark.parametrize(
    ("turns", "off_deg", "n_found"), [(3.0, 0.0, 0), (0.7, 0.0, 1), (3.0, 0.02, 1)], ids=str
)
def test_false_positions_on_a_part_of_a_circle_or_around_one_are_told_by_nothing_else(
    turns, off_deg, n_found
):
    at, rng = np.arange(30, 33, 1 / 6)[1:], np.random.default_rng(2)
    turned = np.linspace(0, turns * 2 * np.pi, len(at))
    radius = 0.05 + rng.uniform(-off_deg, off_deg, len(at))
    lat, lon = 2.44 + radius * np.cos(turned), 101.4 + radius * np.sin(turned)
    assert set_aside(at, lat, lon, frames.FALSE_FIX) == n_found


@pytest.mark.parametrize("at", [np.arange(26, 30, 0.1), np.arange(30, 30.8, 0.1)[1:]], ids=len)
def test_false_positions_before_a_silence_or_in_its_first_hour_end_it_not(at):
    assert set_aside(at, 3.5, np.full(len(at), 100.2), frames.FALSE_FIX) == 1


def test_false_positions_at_one_place_after_another_are_told_by_nothing_else():
    """Five at each, and sixteen minutes before the next: 35 of them hid a silence of five hours."""
    at = np.concatenate([30.05 + k * 0.73 + np.arange(5) * 0.117 for k in range(4)])
    lat = np.repeat(3.5 + 0.2 * np.arange(4), 5)
    assert set_aside(at, lat, np.full(20, 100.2), frames.FALSE_FIX) == 1


def test_who_sends_positions_all_over_the_sea_is_not_heard():
    """Where it was for three hours is told by nothing else that counts."""
    at, rng = np.arange(30, 33, 0.15)[1:], np.random.default_rng(1)
    lat, lon = rng.uniform(1.0, 4.0, len(at)), rng.uniform(99.0, 103.0, len(at))
    assert set_aside(at, lat, lon, frames.FALSE_FIX) == 1


def test_five_false_positions_within_a_minute_are_no_sending():
    """Of so few seconds `spoofing` tells nothing, so the silence is what there is to tell."""
    at, limits = 31.5 + np.arange(6) / 360, Gap(min_duration_a_s=7200)
    assert set_aside(at, 3.5, np.full(6, 100.2), frames.FALSE_FIX, limits) == 1


@pytest.mark.parametrize(
    ("at_h", "east", "n_found"),
    [
        ((31.3,), 0.0, 1),  # where it may be, on its own track
        ((31.3, 32.2, 33.1, 34.0), 0.0, 1),
        ((31.3,), 0.9, 1),  # one that it can't have come from, so that another track begins with it
        (np.arange(30.2, 35, 0.2), 0.0, 0),  # every twelve minutes: it is sending
        (31.3 + np.arange(20) / 60, 0.0, 0),  # for twenty minutes
        (30.15 + np.arange(18) * 0.27, 0.0, 0),  # one in fourteen, as far receivers hear a ship
    ],
)
def test_a_few_reports_end_no_silence_in_any_windows(at_h, east, n_found):
    """Of a ship that sends nothing for five hours but these, heard in full before and after."""
    others = [
        (563000200 + k, T0 + hours(n / 20), 2.0 + 0.02 * k, 101.45, "A")
        for k in range(4)
        for n in range(24 * 20, 44 * 20)
    ]
    own = [(h, 0.0) for h in np.arange(22, 41, 0.02) if not 30 < h < 35]
    own += [(h, east) for h in np.asarray(at_h).tolist()]
    ship = pd.DataFrame(
        [
            (563000001, T0 + hours(h), 2.04 + off, 101.2 + (h - 24) / 30 + off, "A")
            for h, off in sorted(own)
        ],
        columns=["mmsi", "time", "lat", "lon", "ais_class"],
    )
    rest = pd.DataFrame(others, columns=ship.columns)
    if east:  # as verdicts cut it
        ship["track_id"] = 56300000101 + (ship["time"] >= T0 + hours(min(at_h)))
        rest["track_id"] = rest["mmsi"] * 100 + 1
    table = pd.concat([ship, rest], ignore_index=True).sort_values(["mmsi", "time"])
    stage = Stage(make_positions(table), make_zones([]), T0, T0 + hours(DAYS * 24))
    whole = Gap().detect(stage.positions, stage.context())
    of_it = whole[(whole["mmsi"] == 563000001) & whole["end"].notna()]
    long = of_it[of_it["end"] - of_it["start"] > hours(4.9)]
    assert len(long) == n_found
    if n_found:
        assert long["evidence"].iloc[0].facts["n_reports_meanwhile"] == len(at_h)
    edges = [T0, *(T0 + hours(h) for h in (29, 30.5, 31.2, 32, 33.5, 34.9, 35.1, 35.5, 41, 60))]
    windows = list(pairwise([*edges, stage.end]))
    pd.testing.assert_frame_equal(stage.drive(Gap(), windows), whole)


def test_a_track_that_glimpses_cut_goes_on_in_one_other():
    """Two transmitters send a silent ship's number, each after a glimpse: they were made one."""

    def sent(at_h, off, track):
        return [
            (563000001, T0 + hours(h), 2.04 + off, 101.2 + off, "A", 56300000100 + track)
            for h in at_h
        ]

    later = np.arange(35, 41, 0.1)
    rows = [*sent(np.arange(22, 30, 0.1), 0.0, 1), *sent([31.3, *later], 0.5, 2)]
    rows += sent([32.3, *later], -0.5, 3)
    columns = ["mmsi", "time", "lat", "lon", "ais_class", "track_id"]
    positions = make_positions(pd.DataFrame(rows, columns=columns))
    thinned, number, _ = glimpses.without_glimpses(Gap(), positions)
    assert len(number) == 2
    sizes = thinned.groupby("track_id").size().to_dict()
    assert sizes == {56300000101: 80 + len(later), 56300000103: len(later)}


def set_aside(at_h, lat, lon, reason, limits=None) -> int:
    """Count silences of a ship of which nothing counts from the 30th hour to the 33rd but what was
    set aside.
    """
    rows = [
        (563000200 + k, T0 + hours(n / 20), 2.0 + 0.02 * k, 101.45, "A")
        for k in range(4)
        for n in range(24 * 20, 40 * 20)
    ]
    own = [(h, 101.2 + (h - 24) / 30) for h in np.arange(24, 37, 0.05) if not 30 < h < 33]
    rows += [(563000001, T0 + hours(h), 2.04, lon, "A") for h, lon in own]
    stage = staged(rows)
    times = [T0 + hours(h) for h in at_h]
    told = {"mmsi": 563000001, "time": times, "lat": lat, "lon": lon, "ais_class": "A"}
    aside = make_positions(pd.DataFrame(told)).assign(reason=reason)
    context = replace(stage.context(), noise=frames.conform(aside, frames.NOISE))
    return int((limits or Gap()).detect(stage.positions, context)["mmsi"].eq(563000001).sum())


@pytest.mark.parametrize(("minutes", "n_found"), [((0, 6, 12, 18, 24), 0), ((0, 1, 2, 3, 4), 1)])
def test_a_thinned_feed_of_stations_has_no_passes(minutes, n_found):
    """Five reports in each half hour, evenly or in a burst, and then none for four hours, under way
    off the ground where others are heard.
    """
    rows = [
        (563000200 + k, T0 + hours(n / 2 + m / 60), 2.0 + 0.02 * k, 101.1, "A")
        for k in range(4)
        for n in range(80)
        for m in minutes[:2]
    ]
    slots = [*range(48, 54), *range(62, 70)]
    rows += [
        (563000001, T0 + hours(n / 2 + m / 60), 2.04, 101.35 + 0.02 * (n - 48), "A")
        for n in slots
        for m in minutes
    ]
    stage = staged(rows)
    found = Gap().detect(stage.positions, stage.context())
    closed = found["mmsi"].eq(563000001) & found["end"].notna()
    assert closed.sum() == n_found


def moored(n: int, off: int) -> list[tuple]:
    """Boats side by side at a place that no zone has, some of whose sets go off one after the
    other, and elsewhere ships that go on sending.
    """
    rows = []
    for k in range(n):
        until_h = 20 + k if k < off else DAYS * 24
        rows += [
            (563000400 + k, T0 + hours(j / 20), 2.04 + 1e-4 * k, 101.1, "A")
            for j in range(min(int(until_h * 20), 40 * 20))
        ]
    return rows


@pytest.mark.parametrize(
    ("n", "off", "mapped"), [(9, 4, True), (9, 1, False), (3, 2, False)], ids=str
)
def test_where_many_lie_and_sets_go_off_is_a_berth_mapped_or_not(n, off, mapped):
    rows = [(563000001, T0 + hours(j / 20), 2.041, 101.101, "A") for j in range(30 * 20)]
    passing = [
        (563000500 + k, T0 + hours(j / 6), 2.1, 101.12, "A")
        for k in range(4)
        for j in range(40 * 6)
    ]
    stage = staged([*rows, *moored(n, off), *passing])
    found = stage.look(Gap(), T0 + hours(29), T0 + hours(40))
    own = found[found["mmsi"] == 563000001]
    assert own.empty == mapped
    if not mapped:
        evidence = own["evidence"].iloc[0]
        assert evidence.facts["among_many_lying"] == (n >= 5)
        assert evidence.facts["n_lying"] >= n + 1 - off


@pytest.mark.parametrize(("speed_kn", "in_full"), [(12.0, True), (5.0, False), (0.0, True)])
def test_a_slow_vessel_is_held_against_as_much_longer(monkeypatch, speed_kn, in_full):
    """Every minute, and for the last 45 minutes every third: at 5 kn that is how reach ends."""
    monkeypatch.setattr(cut_off, "_over_the_edge", lambda *_: np.zeros(1, bool))
    at_s = np.r_[np.arange(0, 8_100, 60), np.arange(8_100, 10_801, 180)]
    lon = 101.0 + speed_kn * at_s / HOUR_S / 60
    table = pd.DataFrame({"mmsi": 563000001, "time": T0, "lat": 2.0, "lon": lon})
    table["time"] += pd.to_timedelta(at_s, unit="s")
    reports = History(make_positions(table))
    row = np.array([len(at_s) - 1])
    when_us = reports.time_us[row]
    measured = {"speed_before_kn": np.array([speed_kn])}
    silence = Silences(row, np.ones(1, bool), when_us, when_us + HOUR_S * 2_000_000, measured)
    found = cut_off.sharply(Gap(), silence, reports, None)
    assert found.columns["heard_in_full_before"].tolist() == [in_full]
