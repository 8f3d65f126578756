"""Rows of the review of learned places: one for a lane, names that can be copied."""

from pathlib import Path
from typing import Any

import pytest
import shapely

from detectors.core.errors import ConfigError
from pipelines.publish.review.rows import find, rows_of
from pipelines.reference.learned import Snapshot


def feature(zone_id: str, box: tuple[float, ...], **more: Any) -> dict[str, Any]:
    facts = {
        "zone_id": zone_id,
        "zone_class": zone_id.split("-")[1],
        "n_vessels": 9,
        "n_visits": 20,
        "n_days": 3,
        "confidence_score": 0.5,
        **more,
    }
    return {"properties": facts, "geometry": shapely.geometry.mapping(shapely.box(*box))}


LANE = [
    feature(
        f"learned-lane-0300n-{10000 + 25 * k}e",
        (100 + k * 0.25, 3.0, 100.25 + k * 0.25, 3.1),
        direction_deg=90.0 + 8 * k,
        n_cells=10 + k,
        confidence_score=0.9 - 0.1 * k,
    )
    for k in range(5)
]
BACK = feature("learned-lane-0312n-10000e", (100.0, 3.1, 100.25, 3.2), direction_deg=270.0)
ROADS = feature("learned-anchorage-0400n-09900e", (99.0, 4.0, 99.1, 4.1))
OTHER = feature("learned-anchorage-0420n-09900e", (99.0, 4.2, 99.1, 4.3))
SNAPSHOT = Snapshot(Path("places.geojson"), {}, [*LANE, BACK, ROADS, OTHER])


def test_a_lane_is_one_row_with_all_of_its_cells() -> None:
    rows = rows_of(SNAPSHOT, {})
    assert [row.key for row in rows] == [
        "lane-0300n-10000e",
        "lane-0312n-10000e",
        "anchorage-0400n-09900e",
        "anchorage-0420n-09900e",
    ]
    assert len(rows[0].zone_ids) == 5
    assert rows[0].facts["n_cells"] == sum(range(10, 15))
    assert rows[0].facts["confidence_score"] == pytest.approx(0.5)
    assert rows_of(SNAPSHOT, {rows[0].zone_ids[2]: "accept"})[0].decision == "mixed"
    assert SNAPSHOT.refused == []  # of an older version


def test_a_place_is_named_by_as_much_as_no_other_begins_with() -> None:
    rows = rows_of(SNAPSHOT, {})
    assert find(rows, "lane-0300") == rows[0].zone_ids
    assert find(rows, "learned-anchorage-040") == ("learned-anchorage-0400n-09900e",)
    # Ids that were decided by before name just what they named: a piece of a lane.
    assert find(rows, "learned-lane-0300n-10000e") == ("learned-lane-0300n-10000e",)
    assert find(rows, "learned-lane-0300n-10050e") == ("learned-lane-0300n-10050e",)
    for asked in ("anchorage-04", "lane", "", "learned-", "nothing"):
        with pytest.raises(ConfigError):
            find(rows, asked)
