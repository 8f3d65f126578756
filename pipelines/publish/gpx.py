"""flagged.gpx (GPX 1.1): waypoints for a chart plotter.

Source: https://www.topografix.com/GPX/1/1/. Names are short and start with the rank: plotters cut
them. Longitude is in [-180, 180) as the schema asks.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

import gpxpy.gpx
import pandas as pd

from detectors.kinematics import geodesy
from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.base.text import one_line
from pipelines.publish import notices
from pipelines.publish.briefing import incident_cards, vessel_cards
from pipelines.publish.cards import IncidentCard, VesselCard
from pipelines.publish.products import Products

_NAME_LIMIT: Final = 30
_DESCRIPTION_LIMIT: Final = 2000


def write(products: Products, path: Path) -> Path:
    """Write a waypoint per incident, then one per flagged vessel (where last heard); return `path`.

    The type of a waypoint says which of these it is, in the language of the products. What has no
    known place is left out, and the file's description says how many.
    """
    words = labels.labels(products.language)
    about = notices.summary(products)
    document = gpxpy.gpx.GPX()
    document.creator = "Selat"
    document.name = one_line(_title(products), 120)
    document.time = _time(products.end)
    waypoints = [
        *(_incident(one, products) for one in incident_cards(products)),
        *(_vessel(card, products) for card in vessel_cards(products)),
    ]
    document.waypoints = [waypoint for waypoint in waypoints if waypoint is not None]
    missing = len(waypoints) - len(document.waypoints)
    if missing:
        about += " " + words.no_place_vessels.format(n=missing)
    document.description = about
    return write_text(path, document.to_xml(version="1.1") + "\n")


def _vessel(card: VesselCard, products: Products) -> gpxpy.gpx.GPXWaypoint | None:
    words = labels.labels(products.language)
    lines = [
        card.says,
        words.seen_line.format(utc=card.seen_utc, local=card.seen_local),
        words.score_line.format(score=f"{card.score:.2f}"),
        *card.told(words),
        words.leads,
    ]
    kind = words.flagged_vessel
    return _waypoint(card.lat, card.lon, card.last_seen, card.ranked, lines, kind, products)


def _incident(card: IncidentCard, products: Products) -> gpxpy.gpx.GPXWaypoint | None:
    words = labels.labels(products.language)
    lines = [*card.told(words), words.leads]
    return _waypoint(card.lat, card.lon, card.start, card.called(), lines, words.incident, products)


def _waypoint(
    lat: float | None,
    lon: float | None,
    time: pd.Timestamp | None,
    name: str,
    lines: list[str],
    kind: str,
    products: Products,
) -> gpxpy.gpx.GPXWaypoint | None:
    if lat is None or lon is None:
        return None
    description = notices.marked(" / ".join(line for line in lines if line), products)
    return gpxpy.gpx.GPXWaypoint(
        latitude=round(lat, 6),
        longitude=float(geodesy.wrap_lon(round(lon, 6))),
        time=None if time is None else _time(time),
        name=one_line(notices.short(name, products), _NAME_LIMIT),
        description=one_line(description, _DESCRIPTION_LIMIT),
        type=kind,
    )


def _title(products: Products) -> str:
    words = labels.labels(products.language)
    return notices.marked(f"{words.flagged_vessels} {products.run_id}", products)


def _time(time: pd.Timestamp) -> datetime:
    return time.tz_convert("UTC").floor("s").to_pydatetime(warn=False)
