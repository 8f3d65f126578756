"""The chart in a terminal: what is where, in Braille and in ASCII."""

import numpy as np
import pandas as pd
import pytest
import shapely

from pipelines.ask.explain.chart import EVENT, FIRST, LAND, SECOND, draw

T = pd.Timestamp("2026-01-05", tz="UTC").as_unit("us")


def track(mmsi: int, lons: list[float], lats: list[float], minutes: float = 5) -> pd.DataFrame:
    time = T + pd.to_timedelta(np.arange(len(lons)) * minutes, unit="min")
    return pd.DataFrame({"mmsi": mmsi, "time": time, "lon": lons, "lat": lats})


def test_north_is_up_and_east_is_right() -> None:
    one, other = track(1, [100.0, 100.1], [4.1, 4.1]), track(2, [100.1], [4.0])
    chart = draw(pd.concat([one, other]), [1, 2], 4.0, 100.0, (), width=40, height=10)
    assert chart is not None
    rows, columns = {}, {}
    for value in (FIRST, SECOND, EVENT):
        where = np.argwhere(chart.layer == value)
        rows[value], columns[value] = where[:, 0].mean(), where[:, 1].mean()
    assert rows[FIRST] < rows[EVENT] == pytest.approx(rows[SECOND], abs=1)
    assert columns[EVENT] < columns[FIRST] < columns[SECOND]


def test_a_track_is_a_line_but_not_over_a_silence() -> None:
    near = draw(track(1, [100.0, 100.2], [4, 4]), [1], 4.1, 100.1, (), width=40, height=9)
    far = draw(track(1, [100.0, 100.2], [4, 4], 120), [1], 4.1, 100.1, (), width=40, height=9)
    assert near is not None
    assert far is not None
    assert (near.layer == FIRST).sum() > 20
    assert (far.layer == FIRST).sum() == 2


def test_land_is_drawn_where_it_is() -> None:
    chart = draw(
        track(1, [100.0, 100.1], [4.0, 4.0]),
        [1],
        4.0,
        100.0,
        [shapely.box(99.0, 4.02, 101.0, 5.0)],
        width=40,
        height=10,
    )
    assert chart is not None
    land = np.argwhere(chart.layer == LAND)[:, 0]
    assert len(land) > 0
    assert land.max() < np.argwhere(chart.layer == EVENT)[0, 0]


def test_across_the_antimeridian_nothing_is_torn() -> None:
    chart = draw(track(1, [179.95, -179.95], [4, 4]), [1], 4.0, 180.0, (), width=40, height=9)
    assert chart is not None
    assert chart.width_nm < 30
    assert (chart.layer == FIRST).sum() > 20


def test_plain_is_ascii_and_as_wide() -> None:
    chart = draw(track(1, [100.0, 100.1], [4, 4]), [1], 4.0, 100.0, (), width=30, height=6)
    assert chart is not None
    plain, braille = chart.text(plain=True).plain, chart.text().plain
    assert plain.isascii()
    assert "X" in plain
    assert "1" in plain
    assert [len(line) for line in plain.splitlines()] == [30] * 6
    assert [len(line) for line in braille.splitlines()] == [30] * 6


def test_nothing_to_draw() -> None:
    nan = float("nan")
    assert draw(track(1, [], []), [1], nan, nan, (), width=30, height=6) is None
