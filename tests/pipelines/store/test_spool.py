"""What a look in parts keeps by vessel comes back as it was read, whichever part is asked for."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames
from detectors.kinematics.integrity import Segmented
from pipelines.store import spool
from pipelines.store.catalogue import DiskFullError
from pipelines.store.judged_files import Within
from pipelines.store.spool import Spool

START = pd.Timestamp("2026-03-01T00:00Z").as_unit("us")
END = START + pd.Timedelta("1D")
NUMBERS = (563000001, 563000002, 563000003, 563000004)


def reports(mmsis: tuple[int, ...], seed: int, per_unit: float) -> pd.DataFrame:
    """Twenty of each vessel, two of whose hulls take turns; values that are whole in some unit."""
    random = np.random.default_rng(seed)
    n = 20
    many = n * len(mmsis)
    times = pd.Series(START + pd.to_timedelta(np.arange(n) * 600, unit="s")).astype(frames.TIME)
    table = pd.DataFrame(
        {
            "mmsi": np.repeat(mmsis, n),
            "time": pd.concat([times] * len(mmsis), ignore_index=True),
            "lat": np.round(random.uniform(-1, 5, many) * per_unit) / per_unit,
            "lon": np.round(random.uniform(99, 105, many) * per_unit) / per_unit,
            "sog_kn": np.where(
                random.random(many) < 0.2, np.nan, random.integers(0, 300, many) / 10
            ),
            "cog_deg": random.uniform(0, 359, many),
            "heading_deg": np.where(random.random(many) < 0.5, np.nan, 17.0),
            "nav_status": 15,
            "msg_type": random.integers(1, 4, many),
            "ais_class": random.choice(["A", "B", ""], many) if seed else "B",
            "source": f"{seed:016x}",
            "source_offset": random.integers(0, 2**40, many),
            "reason": frames.FALSE_FIX,
        }
    )
    table["track_id"] = table["mmsi"] * 100 + 1 + (np.arange(many) % n >= n // 2)
    return table


@pytest.fixture(scope="module")
def kept() -> list[Segmented]:
    found = []
    for k, (mmsis, per_unit) in enumerate(((NUMBERS[:2], 600_000.0), (NUMBERS[2:], 1e9))):
        table = reports(mmsis, k, per_unit)
        own, aside = table[table.index % 3 > 0], table[table.index % 3 == 0]
        tracked, noise = (one.reset_index(drop=True) for one in (own, aside))
        found.append(
            Segmented(frames.conform(tracked, frames.TRACKED), frames.conform(noise, frames.NOISE))
        )
    return found


@pytest.mark.parametrize("mmsis", [NUMBERS, NUMBERS[1:3], NUMBERS[3:], (5,)])
@pytest.mark.parametrize("some", [True, False])
def test_each_part_comes_back(
    kept: list[Segmented], tmp_path: Path, mmsis: tuple[int, ...], some: bool
) -> None:
    """All of it, or of one vessel a day and of the others some hours."""
    need = pd.DataFrame({"mmsi": mmsis, "from_time": START})
    wanted = np.ones((len(NUMBERS), 48), bool)
    wanted[::2, 3:] = False
    within = Within(np.array(NUMBERS), START.value // 1000, 1800_000_000, wanted) if some else None
    with Spool(tmp_path) as spool:
        for one in kept:
            spool.add(one)
        assert not list(tmp_path.iterdir())  # its file has no name
        got = spool.segmented(need, END, within=within)
        few = spool.segmented(need, END, ["mmsi", "time", "track_id", "cog_deg"], within).tracked
    for side, schema in (("tracked", frames.TRACKED), ("noise", frames.NOISE)):
        all_of = pd.concat([getattr(one, side) for one in kept], ignore_index=True)
        all_of = all_of[all_of["mmsi"].isin(mmsis)]
        if within is not None:
            time_us = frames.epoch_us(all_of["time"])
            all_of = all_of[within.holds(all_of["mmsi"].to_numpy(), time_us)]
        expected, found = all_of.reset_index(drop=True), getattr(got, side)
        frames.validate(found, schema)
        words = [name for name, column in schema.items() if column.dtype == "category"]
        pd.testing.assert_frame_equal(
            found.astype(dict.fromkeys(words, "str")),
            expected.astype(dict.fromkeys(words, "str")),
            check_exact=True,
        )
    pd.testing.assert_frame_equal(few, got.tracked[list(few.columns)])


def test_nothing_is_kept(tmp_path: Path) -> None:
    """A part without a report, and a file that can't be made where the store is."""
    with Spool(tmp_path / "none") as spool:
        empty = frames.empty(frames.TRACKED), frames.empty(frames.NOISE)
        spool.add(Segmented(*empty))
        need = pd.DataFrame({"mmsi": NUMBERS, "from_time": START})
        got = spool.segmented(need, END)
    assert got.tracked.empty
    assert got.noise.empty


def test_a_process_that_is_killed_leaves_nothing(kept: list[Segmented], tmp_path: Path) -> None:
    """And of two that look at once each reads what it kept itself."""
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        with Spool(tmp_path) as other:
            for one in kept:
                other.add(one)
            os.write(tell, b"kept")
            time.sleep(60)
            os._exit(0)
    with Spool(tmp_path) as mine:
        assert os.read(ready, 4) == b"kept"
        mine.add(kept[1])
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        got = mine.segmented(pd.DataFrame({"mmsi": NUMBERS, "from_time": START}), END).tracked
    assert got["mmsi"].unique().tolist() == list(NUMBERS[2:])
    assert got["cog_deg"].tolist() == kept[1].tracked["cog_deg"].tolist()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_and_nothing_else(
    kept: list[Segmented], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What couldn't be written can't be written either when the file is closed."""
    full = Path("/dev/full")
    monkeypatch.setattr(spool, "file_in", lambda folder: (folder, full.open("r+b")))
    with pytest.raises(DiskFullError), Spool(full.parent) as held:
        held.add(kept[0])


def test_room_is_looked_for_where_the_file_lies(tmp_path: Path) -> None:
    """A folder that isn't there has no room to tell of."""
    where, file = spool.file_in(tmp_path / "none")
    file.close()
    assert where.is_dir()
    where, file = spool.file_in(tmp_path)
    file.close()
    assert where == tmp_path
