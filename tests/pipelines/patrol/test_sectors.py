"""Risk sectors say where and when something was noticed."""

import numpy as np
import pandas as pd
import pytest

from detectors.core import events
from pipelines.patrol.sectors import LANDING_WEIGHT, sectors
from tests.making import event_row

NO_PLACES = pd.DataFrame({"lat": np.empty(0), "lon": np.empty(0)})


def crossing(
    number: int, lat: float, lon: float, time: str, kind: str = "crossing", score: float = 0.8
) -> dict:
    start = pd.Timestamp(time)
    end = start + pd.Timedelta("1h")
    return event_row(kind, start, end, mmsi=number, lat=lat, lon=lon, score=score)


def test_the_riskiest_sector_is_where_and_when_it_happened():
    past = [crossing(k, 2.6 + k / 1000, 101.1, f"2026-01-0{k}T18:00Z") for k in range(1, 6)]
    past.append(crossing(9, 5.1, 99.1, "2026-01-03T04:00Z"))
    past += [
        crossing(8, 2.6, 99.1, "2026-01-04T04:00Z"),
        crossing(7, 5.1, 101.1, "2026-01-05T04:00Z"),
    ]
    found = sectors(events.build(past), NO_PLACES, 10.0, 0.25, 5)
    first = found[0]
    assert first.west <= 101.1 < first.west + 0.25
    assert first.south <= 2.6 < first.south + 0.25
    assert first.events == 5
    two, three = first.rate_per_h[[2, 3]]  # 18:30 UTC is 02:30 in Kuala Lumpur
    assert two == pytest.approx(three, rel=1e-3)
    assert max(first.rate_per_h) in (two, three)
    assert (first.lat - first.south, first.lon - first.west) == (0.125, 0.125)
    night, noon = pd.Timestamp("2026-01-20T18:00Z"), pd.Timestamp("2026-01-20T05:00Z")
    assert first.expected(night, 2.0) > 50 * first.expected(noon, 2.0)


def test_what_happened_in_the_middle_of_a_sector_counts_alike_for_those_around_it():
    found = sectors(
        events.build([crossing(1, 2.625, 101.125, "2026-01-01T18:00Z")]), NO_PLACES, 1.0, 0.25, 99
    )
    risk = {(s.south, s.west): float(s.rate_per_h.sum()) for s in found}
    assert max(risk, key=risk.__getitem__) == (2.5, 101.0)
    assert risk[2.5, 100.75] == pytest.approx(risk[2.5, 101.25])
    assert risk[2.25, 101.0] == pytest.approx(risk[2.75, 101.0], rel=1e-3)


def test_weights_add_up_over_all_sectors_and_hours():
    past = events.build([crossing(1, 2.6, 101.1, "2026-01-01T18:00Z")])
    places = pd.DataFrame({"lat": [2.9], "lon": [101.4]})
    found = sectors(past, places, 10.0, 0.1, 10_000)
    total = sum(float(s.rate_per_h.sum()) for s in found) * 10.0
    assert total == pytest.approx(0.8 + LANDING_WEIGHT, rel=0.03)


def test_other_kinds_and_no_history():
    other = events.build([crossing(1, 2.6, 101.1, "2026-01-01T18:00Z", kind="geofence")])
    assert sectors(other, NO_PLACES, 10.0, 0.25, 5) == []


@pytest.mark.parametrize(("score", "counts"), [(0.1, True), (0.09, False)])
def test_what_is_as_good_as_nothing_counts_for_none(score, counts):
    one = events.build([crossing(1, 2.6, 101.1, "2026-01-01T18:00Z", score=score)])
    assert bool(sectors(one, NO_PLACES, 10.0, 0.25, 5)) == counts
