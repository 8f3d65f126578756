"""Stories of false positions made one: as asked of each pair, slowly, by many at once."""

import numpy as np
import pandas as pd
import pytest

from detectors.kinematics.reports import Reports
from detectors.spoofing import Spoofing
from detectors.spoofing.merge import merge, strongest, without_shaped
from detectors.spoofing.story import Story
from tests.detectors.tables import make_positions

SUBKINDS = ("jump", "frozen", "scatter", "circle")
VESSELS, EACH = 4, 40


def of_each_pair(stories: list[Story]) -> list[Story]:
    """The best of those that share reports, each held against all that were kept."""
    kept: list[Story] = []
    for one in sorted(stories, key=lambda s: (-s.score, s.first - s.last, s.first, s.subkind)):
        if not any(one.first <= other.last and other.first <= one.last for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda s: s.first)


@pytest.fixture(scope="module")
def reports() -> Reports:
    """Four vessels, forty reports each, ten minutes apart."""
    rows = VESSELS * EACH
    at = pd.Timestamp("2026-03-01T00:00Z") + pd.to_timedelta(np.arange(EACH) * 600, unit="s")
    return Reports(
        make_positions(
            pd.DataFrame(
                {
                    "mmsi": np.repeat(533000301 + np.arange(VESSELS), EACH),
                    "time": list(at) * VESSELS,
                    "lat": np.full(rows, 2.0),
                    "lon": np.full(rows, 102.0),
                }
            )
        )
    )


def some(reports: Reports, rng: np.random.Generator, n: int, homes: bool = False) -> list[Story]:
    """Stories of some reports of a vessel each, of scores that are often equal."""
    found = []
    for _ in range(n):
        first = int(rng.integers(EACH))
        begin = int(rng.integers(VESSELS)) * EACH
        a, b = begin + first, begin + first + int(rng.integers(0, min(8, EACH - first)))
        home = begin + int(rng.integers(EACH)) if homes else -1
        found.append(
            Story(
                str(rng.choice(SUBKINDS)),
                a,
                b,
                float(rng.choice([0.5, 0.6, 0.7])),
                int(reports.time_us[a]),
                int(reports.time_us[b]),
                False,
                {"returned": bool(rng.integers(2)), "jump_m": 1.0, "jump_s": 1.0, "jump_kn": 1.0},
                home,
            )
        )
    return found


@pytest.mark.parametrize("seed", range(20))
def test_stories_are_told_apart_as_by_each_pair(reports: Reports, seed: int) -> None:
    """Those kept, and those set aside beside one that has a shape."""
    rng = np.random.default_rng(seed)
    stories = some(reports, rng, int(rng.integers(60)))
    kept = strongest(stories)
    assert kept == of_each_pair(stories)
    scattered = some(reports, rng, 30)
    beside = [
        one
        for one in scattered
        if any(
            reports.track[s.first] == reports.track[one.first]
            and s.start_us <= one.end_us
            and one.start_us <= s.end_us
            for s in kept
        )
    ]
    far = [one for one in scattered if one not in beside]
    assert without_shaped(reports, kept, scattered) == [*kept, *far]


@pytest.mark.parametrize("seed", range(20))
def test_stories_of_a_vessel_are_merged_whoever_is_beside_it(reports: Reports, seed: int) -> None:
    """An excursion takes up shapes of its own track, or its home's, and of nobody else."""
    rng = np.random.default_rng(seed)
    within, away = strongest(some(reports, rng, 40)), some(reports, rng, 12, homes=True)

    def of(stories: list[Story], track: int) -> list[Story]:
        return [s for s in stories if reports.track[s.first] == track]

    limits = Spoofing()
    together = merge(limits, reports, within, away)
    tracks = np.unique(reports.track).tolist()
    alone = [merge(limits, reports, of(within, t), of(away, t)) for t in tracks]
    assert together == [one for each in alone for one in each]
    assert len(together) < len(within) + len(away)
