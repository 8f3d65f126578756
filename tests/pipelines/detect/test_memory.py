"""How vessels are put into parts, and what is said of memory."""

import resource
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from pipelines.detect import memory
from pipelines.detect.heard import Heard, heard_by_vessel
from tests.making import reports

MIDNIGHT = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")


def counts(**reports: int) -> pd.DataFrame:
    return pd.DataFrame({"mmsi": [int(name[1:]) for name in reports], "reports": reports.values()})


@pytest.mark.parametrize(("rows", "n_parts"), [(1, 5), (30, 4), (50, 2), (1_000, 1)])
def test_parts_hold_every_number_once_and_no_more_than_fits(rows: int, n_parts: int) -> None:
    each = counts(v5=30, v7=20, v9=40, v12=5, v13=5)
    parts = memory.ranges(each, rows)
    assert parts[0][0] == 0
    assert parts[-1][1] == 1_000_000_000
    assert all(a[1] == b[0] for a, b in pairwise(parts))
    for low, high in parts:
        own = memory.of_range(each, low, high)["reports"]
        assert own.sum() <= rows or len(own) == 1
    assert len(parts) == n_parts, "none is empty, and each is filled as far as may be"
    assert list(memory.of_range(each, 7, 12)["mmsi"]) == [7, 9]
    assert memory.ranges(each[:0], rows) == [(0, 1_000_000_000)]


def test_more_memory_makes_fewer_parts() -> None:
    each = pd.DataFrame({"mmsi": range(1, 1_001), "reports": 30_000})
    small, large = (memory.Sizes.of(each, gb) for gb in (1.0, 4.0))
    assert len(small.ranges) > len(large.ranges) > 1
    assert "30,000,000 reports in " in str(small)
    assert "GB" in str(small)
    assert " parts" not in str(memory.Sizes.of(each[:10], 2.0))


def test_of_what_fits_all_is_held_and_nothing_beside() -> None:
    few = memory.Sizes.of(counts(v1=30, v2=20), 2.0)
    assert (few.held, len(few.ranges)) == (50, 1)
    assert few.peak_gb == pytest.approx(memory.BASE_GB + 50 * memory.LOOK_BYTES / 1e9)
    many = memory.Sizes.of(pd.DataFrame({"mmsi": range(1, 1_001), "reports": 30_000}), 2.0)
    assert many.held == many.rows < many.reports


def test_what_is_held_of_all_reports_does_not_cut_them_into_crumbs() -> None:
    """Digests of a region's reports take more than may be taken: that is told, not worked around
    with parts of which each takes its time.
    """
    each = pd.DataFrame({"mmsi": range(1, 100_001), "reports": 2_200})
    sizes = memory.Sizes.of(each, 2.0)
    held_gb = sizes.reports * memory.DIGEST_BYTES / 1e9
    assert held_gb > 2.0
    assert memory.MOST_PARTS <= len(sizes.ranges) <= memory.MOST_PARTS + 1
    assert sizes.peak_gb > held_gb
    assert (
        max(
            each[each["mmsi"].between(low, high - 1)]["reports"].sum() for low, high in sizes.ranges
        )
        <= sizes.rows
    )


def test_a_look_that_cannot_fit_is_refused_before_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = memory.Sizes.of(counts(v1=40_000_000), 2.0)
    monkeypatch.setattr(memory, "available_gb", lambda: 3.0)
    with pytest.raises(memory.TooLittleMemoryError, match=r"40,000,000 reports .* 3\.0 GB"):
        sizes.refuse_too_much()
    for free in (64.0, None):
        monkeypatch.setattr(memory, "available_gb", lambda free=free: free)
        sizes.refuse_too_much()


def group(folder: Path, limit: str, names: tuple[str, str, str]) -> None:
    """A control group that has taken 3,000 bytes, 1,000 of them caches."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(
        names, (limit, "3000\n", "rss 9\nfile 1000\ntotal_cache 1000"), strict=True
    ):
        (folder / name).write_text(text)


FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat")
SECOND = ("memory.max", "memory.current", "memory.stat")


@pytest.mark.parametrize(
    ("told", "own", "outer", "names"),
    [
        ("0::/a.slice/b.service\n", "a.slice/b.service", "a.slice", SECOND),
        ("4:cpu,memory:/c/d\n0::/\n", "memory/c/d", "memory/c", FIRST),
    ],
)
def test_what_a_control_group_leaves_counts_and_what_one_around_it_does(
    tmp_path: Path, told: str, own: str, outer: str, names: tuple[str, str, str]
) -> None:
    assert memory.left_in_groups(told, tmp_path) == []
    group(tmp_path / own, "9000\n", names)
    assert memory.left_in_groups(told, tmp_path) == [7000]
    group(tmp_path / outer, "5000\n", names)
    assert sorted(memory.left_in_groups(told, tmp_path)) == [3000, 7000]
    (tmp_path / own / names[0]).write_text("max\n")
    assert memory.left_in_groups(told, tmp_path) == [3000]


def test_what_ulimit_leaves_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (taken + 250_000_000, -1))
    assert memory.available_gb() == pytest.approx(0.25, abs=0.1)


def test_what_was_heard_of_each_vessel() -> None:
    """Up to a time; of two hulls last heard at once the later track counts."""
    rows = [
        (1, 101, 0, 1.0, "B"),
        (1, 101, 90, 1.1, "B"),
        (1, 102, 90, 1.2, "A"),
        (2, 201, 30, 2.0, "B"),
        (2, 201, 40, 2.1, "B"),
        (2, 201, 70, 2.2, "B"),
        (3, 301, 600, 3.0, "A"),
    ]
    table = pd.DataFrame(rows, columns=["mmsi", "track_id", "minute", "lat", "ais_class"])
    time = MIDNIGHT + pd.to_timedelta(table.pop("minute"), unit="min")
    tracked = reports(frames.TRACKED, **table, time=time, lon=100.0)
    start, until = MIDNIGHT + pd.Timedelta("40min"), MIDNIGHT + pd.Timedelta("2h")
    found = heard_by_vessel(tracked, start, until).set_index("mmsi")
    assert found["reports"].tolist() == [3, 3, 0]
    assert found["hours"].tolist() == [1, 2, 0]
    assert found["class_b_only"].tolist() == [False, True, False]
    assert found["lat"].tolist()[:2] == [1.2, 2.2]
    assert found["last_seen"].isna().tolist() == [False, False, True]
    assert Heard.of(found.reset_index()) == Heard(6, 2, 3, (100.0, 1.0, 100.0, 3.0))
    assert heard_by_vessel(tracked[:0], start, until).empty
    assert not heard_by_vessel(tracked, start, MIDNIGHT - pd.Timedelta("1s"))["reports"].any()


def test_where_most_vessels_were_heard_leaves_out_those_of_another_ocean() -> None:
    """In whole degrees, over the antimeridian too; a tenth may be far from all others."""
    x = np.r_[np.linspace(-9.5, 9.5, 70), np.full(30, 150.0)]
    lat = np.r_[np.linspace(-20.5, -10.5, 70), np.full(30, 40.0)]
    for middle, within in (
        (130.0, (120.0, -21.0, 140.0, -10.0)),
        (178.0, (168.0, -21.0, 188.0, -10.0)),
        (-175.0, (175.0, -21.0, 195.0, -10.0)),
    ):
        lon = (middle + x + 180.0) % 360.0 - 180.0
        each = pd.DataFrame({"reports": 1, "hours": 1, "lat": lat, "lon": lon})
        assert Heard.of(each).within_deg == within
        assert Heard.of(each.head(1)).within_deg[1::2] == (-21.0, -20.0)
    assert Heard.of(each.head(0)).within_deg == ()
