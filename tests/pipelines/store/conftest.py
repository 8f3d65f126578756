"""Small feeds made of frames."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from detectors.core import frames

START = pd.Timestamp("2026-01-05T16:00:00", tz="UTC").as_unit("us")


@dataclass
class FakeBatch:
    positions: pd.DataFrame
    statics: pd.DataFrame


def make_batch(
    mmsis: list[int], *, hours: float = 36, step_s: int = 600, source: str = "aa", name: str = "A"
) -> FakeBatch:
    n = int(hours * 3600 / step_s)
    parts = []
    for k, mmsi in enumerate(mmsis):
        time = START + pd.to_timedelta(np.arange(n) * step_s + k, unit="s")
        parts.append(
            pd.DataFrame(
                {
                    "mmsi": mmsi, "time": time, "lat": 4.0 + k * 0.2 + np.arange(n) * 1e-4,
                    "lon": 100.0, "sog_kn": 0.1, "cog_deg": 10.0, "heading_deg": np.nan,
                    "nav_status": 0, "msg_type": 1, "ais_class": "A", "source": source,
                    "source_offset": np.arange(n) * len(mmsis) + k,
                }
            )
        )  # fmt: skip
    positions = frames.conform(pd.concat(parts, ignore_index=True), frames.POSITIONS)
    statics = pd.DataFrame(
        {
            "mmsi": mmsis, "time": START, "imo": 0, "name": name, "callsign": "", "ship_type": 70,
            "length_m": 100.0, "beam_m": np.nan, "draught_m": np.nan, "destination": "",
            "ais_class": "A", "source": source, "source_offset": 1,
        }
    )  # fmt: skip
    return FakeBatch(positions, frames.conform(statics, frames.STATICS))


REPORT = {"simulated": False, "format": "test", "rejected": {}}


@pytest.fixture(scope="session")
def batch() -> Callable[..., FakeBatch]:
    return make_batch
