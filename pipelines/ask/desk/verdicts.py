"""What each report of a feed is worth, and why, for a notebook."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from detectors.core.frames import POSITIONS, empty
from detectors.kinematics import integrity
from detectors.kinematics.integrity import Verdict
from detectors.kinematics.integrity.verdicts import REASONS
from pipelines.ask.desk import pictures
from pipelines.ask.desk.given import lettered, nine, number, points, titled
from pipelines.ask.desk.night import Night
from pipelines.base.settings import load
from pipelines.ingest import IngestOptions, decode, discover

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORDS: Final = tuple(Verdict(v).name.lower().replace("_", " ") for v in range(len(Verdict)))


@dataclass(frozen=True, repr=False)
class Verdicts:
    """Judged reports of a feed."""

    reports: gpd.GeoDataFrame
    """mmsi, time, lat, lon, sog_kn, hull, shift_s, verdict in a word, and why; as points."""
    title: str
    """Which reports they are."""

    def __repr__(self) -> str:
        reports, vessels = len(self.reports), self.reports["mmsi"].nunique()
        return f"Verdicts({self.title}: {reports:,} reports of {vessels:,} vessels)"

    def counts(self) -> pd.DataFrame:
        """Return how many reports, and of how many vessels, got each verdict, and why."""
        told = self.reports.groupby(["verdict", "why"], as_index=False)
        found: pd.DataFrame = told.agg(reports=("mmsi", "size"), vessels=("mmsi", "nunique"))
        return found.sort_values("reports", ascending=False, ignore_index=True)

    def of(self, *mmsis: int | str) -> "Verdicts":
        """Return those of some vessels."""
        wanted = [nine(number(mmsi)) for mmsi in mmsis]
        mine = self.reports[self.reports["mmsi"].isin(wanted)].reset_index(drop=True)
        return Verdicts(mine, ", ".join(wanted))

    def most(self, verdict: str) -> str:
        """Return the vessel with most reports of a verdict, empty where none has any."""
        counts = self.reports.loc[self.reports["verdict"] == verdict, "mmsi"].value_counts()
        return str(counts.sort_index(kind="stable").idxmax()) if len(counts) else ""

    def draw(self) -> "Figure":
        """Draw them on a map: sound ones as dots, each other verdict by a sign of its own."""
        return pictures.verdicts(self.reports, self.title)


def verdicts(of: Night | Path | str, *, mapping: str | None = None) -> Verdicts:
    """Return the verdicts of a night's reports, or of those of a feed that is in no store.

    Raises SelatError if the feed can't be read.

    Parameters
    ----------
    of
        A night, or the path of a feed.
    mapping
        Of a table that isn't recognised: see ``config/mappings.yaml``.
    """
    if isinstance(of, Night):
        start, end = of.run["start"], of.run["end"]
        with of.opened.reader() as reader:
            dates = pd.date_range(start.floor("D"), end, freq="D")
            parts = [reader.judged_since(f"{date:%Y-%m-%d}", start) for date in dates]
        judged = pd.concat(parts, ignore_index=True)
        title = titled(f"run {of.run['run_id']}", simulated=of.simulated)
        return _told(judged[judged["time"] <= end], title)
    path = Path(of)
    return _told(integrity.judge_alone(_positions(path, mapping)), path.name)


def _positions(path: Path, mapping: str | None) -> pd.DataFrame:
    options = IngestOptions(mapping=mapping, mappings=load().config / "mappings.yaml")
    feeds = discover([str(path)], path.parent)  # standard input isn't asked for
    parts = [batch.positions for feed in feeds for batch in decode(feed, options)]
    return pd.concat(parts, ignore_index=True) if parts else empty(POSITIONS)


def _told(judged: pd.DataFrame, title: str) -> Verdicts:
    verdict = judged["verdict"].to_numpy("int64")
    names: list[Any] = ["mmsi", "time", "lat", "lon", "sog_kn", "hull", "shift_s"]
    table = judged[names].assign(
        verdict=np.array(WORDS, dtype=object)[verdict], why=np.array(REASONS, dtype=object)[verdict]
    )
    return Verdicts(lettered(points(table.reset_index(drop=True))), title)
