"""An explanation as frames and as a cell's output."""

from dataclasses import astuple, dataclass
from pathlib import Path

import pandas as pd

from detectors.surroundings.zones import Zones
from pipelines.ask.desk.given import nine
from pipelines.ask.explain import Explanation
from pipelines.ask.explain.page import sections, write
from pipelines.base.visible import clean
from pipelines.publish import checks


@dataclass(frozen=True)
class Table:
    """A frame as a cell's output, with its texts whole; `table` makes one."""

    frame: pd.DataFrame

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            text: str = self.frame.to_html(index=False, escape=True, na_rep="", border=0)
        text = text.replace(" | ", "<br>")  # what a list in one cell is joined by
        # Texts read from the left; what the frame holds is escaped, so this is the table's own.
        return text.replace("<td>", '<td style="text-align: left">')


def table(frame: pd.DataFrame, n: int = 10) -> Table:
    """Return the first rows of a frame to look at: texts whole, nothing of them hidden or run.

    Times are shown to the minute, UTC (Z); MMSIs with nine digits; positions to a metre; reasons
    below one another.
    """
    shown = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).head(n)
    told = {str(name): [_stated(value, str(name)) for value in shown[name]] for name in shown}
    return Table(pd.DataFrame(told, dtype="object"))


def _stated(value: object, name: str) -> object:
    if name in {"mmsi", "other_mmsi"} and not isinstance(value, str):
        return nine(int(str(value)))
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%MZ}"
    if isinstance(value, float):
        return "" if pd.isna(value) else _number(value, name)
    if isinstance(value, str):
        return clean(value)
    return "" if value is pd.NaT or value is None else value


def _number(value: float, name: str) -> str:
    if name.endswith(("lat", "lon")):  # of a longitude four digits are six miles
        return f"{value:.5f}"
    return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


@dataclass(frozen=True, repr=False)
class Told:
    """All that an event rests on; the last line of a cell shows it.

    `explanation`: see `explain.gather.Explanation`.
    """

    explanation: Explanation
    zones: Zones

    def __repr__(self) -> str:
        event = self.explanation.event
        return f"Told({event['event_id']} {event['kind']}, score {event['score']:.2f})"

    @property
    def limits(self) -> pd.DataFrame:
        """Each limit of the rule with the value measured and the margin, the nearest first."""
        rows = [astuple(row) for row in checks.rows(self.explanation.evidence)]
        return pd.DataFrame(rows, columns=["measured", "value", "limit", "margin", "parameter"])

    @property
    def reasons(self) -> pd.DataFrame:
        """The innocent reasons that it was held against."""
        rows = [(c.name, c.verdict, c.weight, c.sentence) for c in self.explanation.considered]
        return pd.DataFrame(rows, columns=["reason", "verdict", "weight", "why"])

    @property
    def reports(self) -> pd.DataFrame:
        """The reports it rests on, as they stand in the feed."""
        rows = [
            (r.what, r.feed, r.offset, "\n".join(r.reported.lines), r.reported.problem)
            for r in self.explanation.raw
        ]
        return pd.DataFrame(rows, columns=["report", "feed", "place", "text", "problem"])

    @property
    def revisions(self) -> pd.DataFrame:
        """Return what each run learned of it."""
        rows = [
            (r.run_id, r.known_time, r.status, "; ".join(r.changes))
            for r in self.explanation.revisions
        ]
        return pd.DataFrame(rows, columns=["run_id", "known_time", "status", "changes"])

    def page(self, path: Path | str) -> Path:
        """Write it as a page that needs no network; return its path."""
        return write(self.explanation, self.zones, Path(path))

    def _repr_html_(self) -> str:
        return str(sections(self.explanation))
