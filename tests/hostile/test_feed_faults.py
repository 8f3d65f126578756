"""Numbers that are invented so that what one vessel did is taken for a feed's fault."""

from typing import Any

import pandas as pd

from pipelines.assess.feed_faults import SHARE, VESSELS
from pipelines.assess.reasons import by_feed
from tests.hostile.test_crowds import FORGED, NIGHT, TRUE, crossed, listed
from tests.making import event_row


def replayed(mmsi: int, score: float = 0.7) -> dict[str, Any]:
    begin = NIGHT + pd.Timedelta(hours=5 + mmsi % 10)
    about = {"subkind": "replay", "score": score, "lat": 3.0, "lon": 100.5}
    return event_row("spoofing", begin, begin + pd.Timedelta(hours=1), mmsi=mmsi, **about)


def test_what_is_taken_for_a_feeds_fault_is_told_and_costs_no_other_lead() -> None:
    """Whoever invents a twentieth of the vessels hides such an event, and nothing beside it."""
    invented = [replayed(FORGED + k) for k in range(VESSELS)]
    ours = [replayed(TRUE, 0.9), crossed(TRUE, 0.5)]
    few = listed(*invented[: VESSELS - 2], *ours)
    assert few.flagged.set_index("mmsi")["score"][TRUE] >= 0.9, "of fewer each is a lead"
    many = listed(*invented, *ours)
    assert many.flagged["mmsi"].tolist() == [TRUE]
    assert many.flagged["score"].tolist() == [0.5]
    [said] = many.held_back
    assert str(said).startswith(f"{VESSELS + 1} of {VESSELS + 1} vessels sent an earlier stretch")
    told = many.events.set_index(["mmsi", "kind"])["reason"]
    assert told[TRUE, "spoofing"].endswith(by_feed())
    assert not told[TRUE, "crossing"].endswith(by_feed())
    assert SHARE * 200 > VESSELS, "in a larger night it takes more of them"
