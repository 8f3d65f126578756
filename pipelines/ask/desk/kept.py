"""What a store keeps of each date, and how much of it a look at a night reads, for a notebook."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from pipelines.ask.desk import pictures
from pipelines.ask.desk.given import titled
from pipelines.ask.desk.night import Night
from pipelines.detect import days, window
from pipelines.detect.memory import Sizes
from pipelines.run.setup import Setup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STANDS: Final = "stands"
ANEW: Final = "worked out anew"
_NOT_SOUND: Final = ("false_fixes", "clock_faults", "not_vessels")


@dataclass(frozen=True, repr=False)
class Kept:
    """What is kept of a night's store, and of its look."""

    dates: pd.DataFrame
    """A UTC date a row: `reports` received, `copies` of one transmission and what is `not_sound`
    among them, `files`; `received_bytes` on disk, `judged_bytes` of what was worked out once
    (verdicts and tracks) and `bytes_a_report` for both; whether the `next_run` takes that as it
    `stands`, or works it out anew since what it rests on changed."""
    counts: pd.DataFrame
    """How many reports of each vessel the night's look reads, look-back included: mmsi, reports."""
    title: str
    """Which night it is."""

    def __repr__(self) -> str:
        reports, n_bytes = (int(self.dates[name].sum()) for name in ("reports", "received_bytes"))
        n_bytes += int(self.dates["judged_bytes"].sum())
        return f"Kept({self.title}: {reports:,} reports in {n_bytes / 1e6:,.1f} MB)"

    def reads(self, *memory_gb: float, times: int = 1) -> pd.DataFrame:
        """Return what the look reads where it may take so much memory (`detection.memory_gb`), or
        would on a sea with so many `times` the vessels.

        Returns a row for each memory_gb: `reports` of how many `vessels`, in how many `parts`, as
        many `held` at a time, and the memory that it will take: `peak_gb`, estimated.
        """
        reports = np.tile(self.counts["reports"].to_numpy("int64"), times)
        counts = pd.DataFrame({"mmsi": np.arange(len(reports)), "reports": reports})
        sizes = [Sizes.of(counts, most_gb) for most_gb in memory_gb]
        return pd.DataFrame(
            {
                "memory_gb": memory_gb,
                "reports": [one.reports for one in sizes],
                "vessels": len(counts),
                "parts": [len(one.ranges) for one in sizes],
                "held": [one.held for one in sizes],
                "peak_gb": [round(one.peak_gb, 2) for one in sizes],
            }
        )

    def draw(self) -> "Figure":
        """Draw what a report takes on disk, by date: as it was received, and worked out."""
        return pictures.stacked(
            self.dates["date"].tolist(),
            {
                name.removesuffix("_bytes"): self.dates[name] / self.dates["reports"]
                for name in ("received_bytes", "judged_bytes")
            },
            "bytes a report",
            self.title,
        )


def kept(night: Night) -> Kept:
    """Return what is kept of the dates in a night's store, and how much its look reads."""
    inst, run = night.installation, night.run
    setup = Setup.load(inst)
    reach_back = timedelta(days=inst.settings.detection.reach_back_days)
    with night.opened.reader() as reader:
        dates, stale = _dates(reader), days.stale(reader)
        asked = reader, setup.detectors, run["start"], run["end"], reach_back
        counts = reader.reports_in(reader.need(window.first_reach(*asked)), run["end"])
    dates["next_run"] = [ANEW if date in stale else STANDS for date in dates["date"]]
    return Kept(dates, counts, titled(f"run {run['run_id']}", simulated=night.simulated))


def _dates(reader: Any) -> pd.DataFrame:
    held = reader.files_by_date()
    worked_out = [json.loads(text) if isinstance(text, str) else {} for text in held["counts"]]
    both = held["bytes"] + held["judged_bytes"]
    return pd.DataFrame(
        {
            "date": held["date"],
            "reports": held["rows"],
            "copies": [one.get("duplicates", 0) for one in worked_out],
            "not_sound": [sum(one.get(name, 0) for name in _NOT_SOUND) for one in worked_out],
            "files": held["files"],
            "received_bytes": held["bytes"],
            "judged_bytes": held["judged_bytes"],
            "bytes_a_report": (both / held["rows"]).round(1),
        }
    )
