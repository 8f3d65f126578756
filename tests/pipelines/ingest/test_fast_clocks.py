"""Receivers on another zone's time, by what came around their sentences."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median_low

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import fast_clocks
from pipelines.ingest.aivdm import Decoder
from pipelines.ingest.clocks import ZONE_HINT, told
from pipelines.ingest.fast_clocks import (
    HOUR_US,
    LEAST_OTHERS,
    LEAST_REPORTS,
    MOST_SHARE,
    NEAR_US,
    ROWS,
    FastClocks,
    _hours,
)
from tests.pipelines.ingest.conftest import T0, sentences, tagged

HOUR_S = 3_600
VESSELS = [sentences(mmsi=533000001 + n, lat=2.0 + n / 50, second=60)[0] for n in range(40)]
STATIC = sentences(msg_type=5, shipname="KENANGA")

OffS = Callable[[str, int], float]


def feed(off_s: OffS, n: int = 3 * ROWS, stations: int = 6, seed: int = 1) -> Iterator[str]:
    """Give lines as they come, each dated by its receiver's clock; seconds are right."""
    rng = np.random.default_rng(seed)
    for place in range(n):
        name = f"R{rng.integers(stations)}"
        time = T0 + 3 * place + off_s(name, place)
        lines = STATIC if place % 50 == 49 else [VESSELS[place % len(VESSELS)]]
        yield tagged(lines, time, name)


def late_s(read, lines: Iterator[str], step_s: float = 3.0) -> tuple[np.ndarray, list]:
    """Return by how much each position is dated later than it came, and what is told."""
    found = read("".join(lines), "feed.nmea")
    came = np.array([p for p in range(10**6) if p % 50 != 49][: len(found.positions)])
    sent_s = found.positions["time"].astype("int64").to_numpy() / 1e6
    return sent_s - T0 - step_s * came, told(found.report.to_dict())


@pytest.mark.parametrize("hours", [1, 8, 24])
def test_whole_hours_are_taken_off_and_said(read, hours):
    late, said = late_s(read, feed(lambda name, _: HOUR_S * hours + 20 if name == "R2" else 0))
    assert late.min() == 0
    assert late.max() == 20
    [(text, hint)] = said
    counted = re.match(rf"receiver R2: its clock is {hours} h fast: (\d+) reports ", text)
    assert counted
    statics = int(counted[1]) - np.count_nonzero(late)
    assert 0 < statics < 3 * ROWS // 50
    assert hint == ZONE_HINT


def test_static_data_get_the_time_of_the_positions_beside_them(read):
    lines = feed(lambda name, _: 8 * HOUR_S if name in {"R1", "R2"} else 0)
    statics = read("".join(lines), "feed.nmea").statics
    came = T0 + 3 * np.arange(49, 3 * ROWS, 50)
    assert statics["time"].astype("int64").tolist() == (came * 1_000_000).tolist()


def test_in_a_short_feed_too(read):
    late, said = late_s(read, feed(lambda name, _: 8 * HOUR_S * (name == "R2"), n=120))
    assert not late.any()
    assert len(said) == 1


@pytest.mark.parametrize(
    "off_s",
    [
        # What is delivered late was received when it says.
        lambda name, _: -8 * HOUR_S * (name == "R2"),
        lambda name, _: -HOUR_S * (name in {"R0", "R1", "R2"}),
        # Half hours are no zone of these waters, and may be anything.
        lambda name, _: 1.5 * HOUR_S * (name == "R2"),
        lambda name, place: (place * 7_919 % 30_000) * (name == "R2"),
        # One of two says what the other gainsays.
        lambda name, _: 8 * HOUR_S * (name in {"R0", "R1", "R2"}),
    ],
    ids=["late", "half late", "half hours", "random", "half fast"],
)
def test_what_others_dont_show_stays_as_it_is_dated(read, off_s):
    late, said = late_s(read, feed(off_s))
    assert set(late) == expected(off_s)
    assert not said


def expected(off_s: OffS) -> set[float]:
    rng = np.random.default_rng(1)
    names = [f"R{rng.integers(6)}" for _ in range(3 * ROWS)]
    return {float(off_s(name, p)) for p, name in enumerate(names) if p % 50 != 49}


def test_three_receivers_say_nothing_of_one_another(read):
    late, said = late_s(read, feed(lambda name, _: 8 * HOUR_S * (name == "R2"), stations=3))
    assert late.max() == 8 * HOUR_S
    assert not said


def test_a_clock_that_is_set_is_believed_again(read):
    n = 12 * ROWS
    wrong = range(4 * ROWS, 8 * ROWS)
    late, _ = late_s(read, feed(lambda name, p: 8 * HOUR_S * (name == "R2" and p in wrong), n))
    # What it sends until enough has come to compare is left to the verdicts.
    assert np.count_nonzero(late) < 2 * ROWS / 3
    assert not late[: 4 * ROWS * 49 // 50].any()
    assert not late[9 * ROWS :].any()


def base(time: float) -> list[str]:
    """Give what a base station says at a time."""
    at = datetime.fromtimestamp(time, UTC)
    names = ("year", "month", "day", "hour", "minute", "second")
    return sentences(msg_type=4, **{name: getattr(at, name) for name in names})


def with_bases(sent_s: OffS, clock_s: OffS, n: int = 3 * ROWS) -> Iterator[str]:
    """Give lines of six receivers, which hear base stations: when each was sent, by which clock."""
    rng = np.random.default_rng(1)
    for place in range(n):
        vessel = int(rng.integers(len(VESSELS)))
        name = f"R{vessel % 6}"
        time = T0 + 3 * place + sent_s(name, place)
        lines = base(time) if place % 20 == 19 else [VESSELS[vessel]]
        yield tagged(lines, time + clock_s(name, place), name)


def times_s(found: pd.DataFrame, receiver: int) -> np.ndarray:
    """Return the times of a receiver's reports, of `with_bases`."""
    own = found[(found["mmsi"] - 533000001) % 6 == receiver]
    return own["time"].astype("int64").to_numpy() // 1_000_000


def test_who_is_beside_others_that_are_all_late_keeps_the_time_of_its_base_stations(read):
    def sent_s(name: str, _: int) -> float:
        return -24.0 * HOUR_S * (name != "R2")

    feed_ = with_bases(sent_s, lambda *_: 0)
    found = read("".join(feed_), "feed.nmea")
    assert not told(found.report.to_dict())
    assert times_s(found.positions, 2).min() >= T0
    assert times_s(found.positions, 1).max() < T0


def test_who_is_fast_by_its_base_stations_too_is_put_right_and_believed_again(read):
    wrong = range(3 * ROWS, 6 * ROWS)
    feed_ = with_bases(
        lambda *_: 0, lambda name, p: 8 * HOUR_S * (name == "R2" and p in wrong), 9 * ROWS
    )
    found = read("".join(feed_), "feed.nmea")
    late_s = found.positions["time"].astype("int64").to_numpy() // 1_000_000 - T0
    late_s -= 3 * np.array([p for p in range(9 * ROWS) if p % 20 != 19])
    assert np.count_nonzero(late_s) < 2 * ROWS / 3
    # Receivers are compared from the first report on by which there are enough of them.
    assert not late_s[7 * ROWS + 50 :].any()
    assert len(told(found.report.to_dict())) == 1


def test_base_stations_take_back_what_others_said_before(read):
    """Others that are late by no whole hours don't say any more that it is right."""
    since = 3 * ROWS
    at_random = np.random.default_rng(2).integers(0, 20 * HOUR_S, 10 * ROWS)

    def sent_s(name: str, place: int) -> float:
        return -float(at_random[place]) * (name != "R2" and place >= since)

    feed_ = with_bases(sent_s, lambda n, p: 8 * HOUR_S * (n == "R2" and p < since), 9 * ROWS)
    found = read("".join(feed_), "feed.nmea").positions
    assert times_s(found, 2)[-600:].min() >= T0 + 3 * since


def test_who_is_heard_while_others_catch_up_keeps_its_time(read):
    """The line of five receivers was down; what they kept comes faster than it was received."""
    rng = np.random.default_rng(1)
    lines, own = [], []

    def say(time: int, name: str) -> None:
        own.extend([time] * (name == "R0"))
        vessel = len(lines) % 6 * 6 + int(name[1:])
        lines.append(tagged([VESSELS[vessel]], time, name))

    for place in range(2 * ROWS):
        say(T0 + place // 25, f"R{rng.integers(6)}")
    begun = now = late = T0 + 2 * ROWS // 25
    for now in range(begun, begun + 4_000, 4):
        say(now, "R0")
    while now - late > 3_300:
        for _ in range(75):
            say(late, f"R{rng.integers(1, 6)}")
        for _ in range(4):
            say(now, "R0")
        now, late = now + 1, late + 2
    assert _moved_at_first(lines)
    found = read("".join(lines), "feed.nmea")
    assert times_s(found.positions, 0).tolist() == own
    assert not told(found.report.to_dict())


def _moved_at_first(lines: list[str]) -> bool:
    """Tell whether, of what comes while they catch up alone, the one that doesn't looks fast."""
    late = lines[2 * ROWS + 1_000 :]
    return (put_right("".join(late).encode(), []) != put_right("".join(late).encode(), None)).any()


@given(st.lists(st.integers(1, 30_000), max_size=6))
def test_where_few_reports_come_none_waits_for_more(cuts):
    """Nor does it make a difference then where a feed is cut."""
    lines = [tagged(STATIC, T0 + p, f"R{p % 4}") for p in range(400)]
    lines += feed(lambda name, _: 8 * HOUR_S * (name == "R2"), 2 * ROWS)
    content = "".join(lines).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_clocks, "MOST_WAITING_BYTES", 30_000)
        whole = put_right(content, [])
        assert (whole != put_right(content, None)).any()
        np.testing.assert_array_equal(put_right(content, cuts), whole)
        decoder, clocks = Decoder(), FastClocks()
        some = [clocks.put_right(columns) for columns in decoder.stream(content[:40_000])]
        assert sum(len(one.statics) for settled in some for one in settled)


@given(st.lists(st.integers(1, 30_000), max_size=6), st.integers(0, 5))
def test_where_a_feed_is_cut_makes_no_difference(cuts, seed):
    wrong = range(ROWS // 2, 2 * ROWS)

    def fast_s(name: str, place: int) -> float:
        return 8 * HOUR_S * (name == "R2" and place in wrong)

    lines = feed(fast_s, seed=seed) if seed else with_bases(lambda *_: 0, fast_s)
    content = "".join(lines).encode()
    whole = put_right(content, [])
    assert (whole != put_right(content, None)).any()
    np.testing.assert_array_equal(put_right(content, cuts), whole)


def put_right(content: bytes, cuts: list[int] | None) -> np.ndarray:
    """Return the times of all rows of a feed in blocks of these sizes; None: as they are dated."""
    decoder, clocks, found = Decoder(), FastClocks(), []
    starts = np.cumsum([0, *(cuts or [])]).tolist()
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        for columns in decoder.stream(content[start:end]):
            settled = [columns] if cuts is None else clocks.put_right(columns)
            found += [one.copy() for one in settled]
    found += [] if cuts is None else clocks.end()
    tables = ("positions", "statics")
    return np.concatenate([getattr(one, name)["time"] for name in tables for one in found])


def test_while_there_are_few_receivers_nothing_is_compared(read):
    """One of four is fast, of whom the last two are heard late in the feed."""
    few = feed(lambda *_: 0, n=4 * ROWS, stations=2, seed=3)
    more = list(feed(lambda name, _: 8 * HOUR_S * (name == "R2"), n=6 * ROWS, stations=5))
    late, said = late_s(read, iter([*few, *more[4 * ROWS :]]))
    assert np.count_nonzero(late) < ROWS / 4
    assert not late[-ROWS // 2 :].any()
    assert len(said) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from([0, 0, 0, 1, 8, -3]), st.integers(-60, 60)),
        max_size=200,
    ),
    st.dictionaries(st.integers(0, 7), st.integers(0, 8), max_size=3),
)
def test_receivers_are_compared_as_pair_by_pair(reports, known):
    station = np.array([code for code, _, _ in reports], "int64")
    time_us = np.array([HOUR_US * h + 1_000_000 * s for _, h, s in reports], "int64")
    found = _hours(station, time_us, known)
    jumps = np.abs(np.diff(time_us)).max(initial=0) >= HOUR_US - NEAR_US
    if len(set(station.tolist())) > LEAST_OTHERS and not jumps and not any(known.values()):
        assert found == dict.fromkeys(station.tolist(), 0)
    elif jumps or any(known.get(code, 0) for code in station.tolist()):
        assert found == by_pairs(station.tolist(), time_us.tolist(), known)


def by_pairs(station: list[int], time_us: list[int], known: dict[int, int]) -> dict[int, int]:
    """Return the same, slowly."""
    if len(set(station)) <= LEAST_OTHERS:
        return {}
    later: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, (one, at) in enumerate(zip(station, time_us, strict=True)):
        before = next((p for p in range(place - 1, -1, -1) if station[p] != one), None)
        if before is not None:
            other, then = station[before], time_us[before]
            later[one][other].append(at - then + known.get(other, 0) * HOUR_US)
            later[other][one].append(then - at + known.get(one, 0) * HOUR_US)
    found = {}
    for one, others in later.items():
        said = [median_low(each) for each in others.values() if len(each) >= LEAST_REPORTS]
        if not said:
            continue
        usual = int(np.median([round(each / HOUR_US) for each in said]))
        agree = sum(abs(each - usual * HOUR_US) <= NEAR_US for each in said)
        if usual >= 0 and agree >= max(LEAST_OTHERS, MOST_SHARE * len(said)):
            found[one] = usual
    return found
