"""Maps for notebooks: the brief's own, in a frame of the cell's output, readable offline."""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.core import frames
from detectors.surroundings.zones import Zones
from pipelines.ask.explain.page import as_flagged
from pipelines.base.files import write_text
from pipelines.base.schemas import FLAGGED, INCIDENTS, PARTS
from pipelines.base.text import one_line
from pipelines.publish import brief
from pipelines.publish.products import Products

HEIGHT_PX: Final = 560
_TITLE_LIMIT: Final = 300


@dataclass(frozen=True)
class Chart:
    """A map that can be moved and played back; the last line of a cell shows it."""

    title: str
    """What stands below it."""
    products: Products
    """What it shows."""

    def page(self, path: Path | str) -> Path:
        """Write it as a page that needs no network; return its path."""
        return write_text(Path(path), self._page())

    def _page(self) -> str:
        return brief.render(self.products, heading=self.title, chart_only=True)

    def _repr_html_(self) -> str:
        # The frame may run the page's scripts, and reach neither the notebook nor the network
        title = html.escape(one_line(self.title, _TITLE_LIMIT))
        return (
            f'<iframe sandbox="allow-scripts" title="{title}" srcdoc="{html.escape(self._page())}" '
            f'style="width: 100%; height: {HEIGHT_PX}px; border: 1px solid #ccc"></iframe>'
            f"<p>{title}</p>"
        )


def chart(
    title: str,
    run: dict[str, Any],
    *,
    flagged: pd.DataFrame,
    events: pd.DataFrame,
    tracks: pd.DataFrame,
    vessels: pd.DataFrame,
    zones: Zones,
    span: tuple[pd.Timestamp, pd.Timestamp],
) -> Chart:
    """Draw a map of flagged vessels and their events.

    Parameters
    ----------
    run
        As `night.Night` has it.
    flagged, events, tracks, vessels
        As `products.Products` has them; further columns don't matter.
    zones
        To draw below them.
    span
        First and last time of the slider.
    """
    products = Products(
        run_id=str(run["run_id"]),
        start=span[0],
        end=span[1],
        simulated=bool(run["manifest"]["simulated"]),
        events=_plain(events),
        flagged=frames.conform(_plain(flagged), FLAGGED),
        parts=frames.empty(PARTS),
        incidents=frames.empty(INCIDENTS),
        tracks=frames.conform(_plain(tracks), frames.TRACKED),
        vessels=vessels,
        zones=zones,
        manifest=run["manifest"],
    )
    return Chart(title, products)


def flagged_by(event: pd.Series, known: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """Return the vessels of one event as if it had flagged them.

    Parameters
    ----------
    event
        A row of `events.EVENTS` with its reason.
    known
        What they call themselves: `frames.VESSELS`.
    tracks
        Where they were: `frames.TRACKED`, by time within a vessel.
    """
    names = known.drop_duplicates("mmsi").set_index("mmsi")
    unknown = {"imo": 0, "name": "", "callsign": ""}
    vessels = [
        {
            **(names.loc[mmsi, list(unknown)].to_dict() if mmsi in names.index else unknown),
            "mmsi": mmsi,
            "flag_state": "",
            "ship_type": "",
            "reasons": event["reason"],
        }
        for mmsi in (event["mmsi"], event["other_mmsi"])
        if mmsi
    ]
    return as_flagged(event.to_dict(), vessels, tracks)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
