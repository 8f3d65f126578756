"""How work is cut, named and kept."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.detector import RestsOn
from pipelines.base.settings import load
from pipelines.detect.spread import work
from pipelines.detect.spread.days import NO_MMSI, ranges_of
from pipelines.detect.spread.engines import EngineError, engine
from pipelines.detect.spread.looks import Kinds
from pipelines.run.setup import build_detectors

TIME = pd.Timestamp("2026-01-05", tz="UTC")


@given(
    reports=st.dictionaries(st.integers(1, NO_MMSI - 1), st.integers(1, 10_000), max_size=40),
    parts=st.integers(1, 12),
)
def test_ranges_hold_every_mmsi_once_and_like_shares(reports: dict[int, int], parts: int) -> None:
    heard = pd.DataFrame(
        {"mmsi": sorted(reports), "reports": [reports[m] for m in sorted(reports)]}
    )
    store: Any = SimpleNamespace(report_counts=lambda *_: heard)
    ranges = ranges_of(store, TIME, TIME, parts)
    assert 1 <= len(ranges) <= parts
    assert ranges[0][0] == 0
    assert ranges[-1][1] == NO_MMSI
    assert all(a[1] == b[0] for a, b in pairwise(ranges))
    assert all(low < high for low, high in ranges)
    total, most = sum(reports.values()), max(reports.values(), default=0)
    for low, high in ranges:
        held = sum(n for mmsi, n in reports.items() if low <= mmsi < high)
        assert held <= total / parts + most


def place_in(folder: Path) -> work.Place:
    installation = load(folder / "home")
    return work.Place(
        str(installation.home),
        str(installation.config),
        str(folder / "work"),
        work.fingerprint(installation),
    )


def test_a_result_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    place = place_in(tmp_path)

    def fail_half_way() -> None:
        with place.make("looks", "a") as folder:
            (folder / "half.txt").write_text("half")
            (folder / "none.txt").read_text()

    with pytest.raises(FileNotFoundError):
        fail_half_way()
    assert not place.folder("looks", "a").exists()
    with place.make("looks", "a") as slow:
        (slow / "one.txt").write_text("slow")
        with place.make("looks", "a") as fast:
            (fast / "one.txt").write_text("fast")
    assert (place.folder("looks", "a") / "one.txt").read_text() == "fast"
    assert [path.name for path in (tmp_path / "work" / "looks").iterdir()] == ["a"]


def test_a_worker_with_another_program_or_configuration_refuses(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    assert place.installation().home == tmp_path / "home"
    other = work.Place(place.home, place.config, place.work, "another")
    with pytest.raises(work.WorkerError, match="another version"):
        other.installation()


def test_the_fingerprint_is_of_what_was_learned_too(tmp_path: Path) -> None:
    installation = load(tmp_path)
    before = work.fingerprint(installation)
    installation.learned.mkdir()
    (installation.learned / "normal-2026-01-01.json").write_text("{}")
    assert work.fingerprint(installation) != before


def test_no_detector_needs_everybody(tmp_path: Path) -> None:
    every = build_detectors(load(tmp_path))
    kinds = Kinds.of(every)
    assert {"gap", "geofence"} <= set(kinds.own)
    assert {"encounter", "loitering", "identity", "spoofing"} <= set(kinds.company)
    assert {"mother_ship", "possible_meeting", "unmatched_sighting"} <= set(kinds.events)
    assert not kinds.everybody
    assert sorted(kinds.own + kinds.company + kinds.events) == sorted(d.name for d in every)


def test_who_reads_the_events_of_one_that_needs_more_needs_more_too(tmp_path: Path) -> None:
    every = {d.name: d for d in build_detectors(load(tmp_path))}

    def kinds_with(**changed: Any) -> Kinds:
        said = {n: type(f"{n}_", (type(d),), changed.get(n, {})) for n, d in every.items()}
        return Kinds.of([kind() for kind in said.values()])

    assert "gap" in kinds_with(gap={"after": ("encounter",)}).everybody
    assert "loitering" in kinds_with(loitering={"after": ("gap",)}).everybody
    kinds = kinds_with(encounter={"rests_on": RestsOn.ALL})
    assert {"encounter", "mother_ship"} <= set(kinds.everybody)
    assert "possible_meeting" in kinds.events


def test_a_scheduler_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(EngineError, match="no Dask scheduler at nowhere") as error,
        engine("dask", "nowhere://127.0.0.1:1", 1),
    ):
        pass
    assert "dask scheduler" in str(error.value.hint)
