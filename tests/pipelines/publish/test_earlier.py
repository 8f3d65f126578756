"""Maps show the way to what began before their night, and no more of it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.publish import earlier
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import vessel_cards
from pipelines.publish.products import Products
from tests.pipelines.publish.conftest import END, START, event_row, flagged_row, make, positions

SILENT, HEARD = 533_000_001, 533_000_002


def spanning(days: float) -> tuple[Products, pd.DataFrame]:
    """A silence that began some days before the night, and a loitering within it; and where both
    vessels were in all of three weeks, each half hour.
    """
    began = START - pd.Timedelta(days=days)
    rows = [
        event_row("gap", SILENT, began, end=pd.NaT),
        event_row("loitering", HEARD, START + pd.Timedelta(hours=2)),
    ]
    flagged = [flagged_row(n + 1, mmsi=533_000_001 + n, event_ids=[n]) for n in range(2)]
    hours = np.arange(-21 * 24, 24, 0.5)
    reports = []
    for mmsi, until in ((SILENT, -24 * days), (HEARD, 24.0)):
        own = hours[hours <= until]
        times = (START + pd.to_timedelta(own, unit="h")).as_unit("us")
        reports.append(
            positions(mmsi, 3.0 + own / 1000, np.full(len(own), 100.5), times, sog_kn=8.0)
        )
    return make(rows, ["", ""], flagged, {}), pd.concat(reports, ignore_index=True)


def test_a_map_shows_the_way_to_what_began_before_its_night() -> None:
    """A brief's silence of two days had no way that led to it, and no pace for what is reached."""
    products, reports = spanning(2.0)
    ask = earlier.among(reports)
    before = earlier.ways(ask, products.incidents, START, END)
    assert set(before["mmsi"]) == {SILENT}, "what began in the night is shown from there on"
    in_night = reports[reports["time"] >= START]
    scene = scene_of(
        replace(products, tracks=in_night, earlier=before), vessel_cards(products), language="en"
    )
    ways = {one.mmsi: np.concatenate(one.pieces) for one in scene.tracks}
    began_s = -2 * 86_400
    assert ways[SILENT][0, 2] == began_s - earlier.BEFORE.total_seconds()
    assert ways[SILENT][-1, 2] == began_s
    assert ways[HEARD][0, 2] == 0
    [gap] = [one for one in scene.events if one.kind == "gap"]
    assert gap.pace_kn == 8.0


def test_what_began_long_ago_or_is_over_brings_no_more_than_two_weeks() -> None:
    products, reports = spanning(20.0)
    ask = earlier.among(reports)
    since = earlier.begun(products.incidents["start"].min(), END)
    assert since == END - earlier.LONGEST - earlier.BEFORE
    assert earlier.ways(ask, products.incidents, START, END).empty  # nothing was heard of it since
    over = products.incidents.assign(rank=0)
    assert earlier.ways(ask, over, START, END).empty
    assert earlier.ways(ask, products.incidents.head(0), START, END).empty
    assert earlier.joined(reports.head(0), reports) is reports


def test_what_began_long_ago_has_no_more_read_of_the_others() -> None:
    """For one silence of two weeks two weeks were read of all that had begun before."""
    products, reports = spanning(10.0)
    early = products.incidents["start"].where(
        products.incidents["start"] < START, START - pd.Timedelta(hours=1)
    )
    asked: dict[int, pd.Timestamp] = {}

    def ask(mmsis: list[int], begin: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        asked.update(dict.fromkeys(mmsis, begin))
        return earlier.among(reports)(mmsis, begin, end)

    before = earlier.ways(ask, products.incidents.assign(start=early), START, END)
    assert asked[HEARD] == START - pd.Timedelta(hours=1) - earlier.BEFORE
    assert asked[SILENT] == START - pd.Timedelta(days=10) - earlier.BEFORE
    assert set(before["mmsi"]) == {SILENT, HEARD}
