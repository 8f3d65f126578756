"""Whose clocks make times doubtful."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd

from pipelines.ask.clocks import Off, wrong_clocks
from pipelines.store import Queries

SINCE, UNTIL = (pd.Timestamp(f"2026-01-05T{hour}:00Z") for hour in ("00", "12"))


def test_times_put_right_by_whole_hours_are_no_estimates() -> None:
    told = [
        {"receiver": "ZONE", "offset_s": 28_800.0, "put_right": True},
        {"receiver": "BOTH", "offset_s": 3_600.0, "put_right": True},
        {"receiver": "BOTH", "offset_s": -24.0},
        {"receiver": "SLOW", "offset_s": -12.0},
    ]
    row = {"first_time": SINCE, "last_time": UNTIL, "report": json.dumps({"clocks": told})}
    store: Any = SimpleNamespace(ledger=lambda: pd.DataFrame([row]), clocks_put_right=lambda *_: {})
    found = wrong_clocks(cast(Queries, store), SINCE, UNTIL)
    assert found == {"BOTH": Off(24.0), "SLOW": Off(12.0)}
