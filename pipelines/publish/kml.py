"""flagged.kml (OGC KML 2.2): incidents, flagged vessels, events and tracks for an earth viewer.

Viewers show a description as HTML and fill ``$[…]`` in, so what AIS said is escaped for HTML before
the XML writer escapes it again, and ``$[`` is broken up. No icon or other address is named: opening
the file fetches nothing.
"""

import html
import io
import warnings
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pandas as pd
import pygeoif
import shapely

from detectors.kinematics import geodesy
from pipelines.base import labels, zipping
from pipelines.base.files import replacing
from pipelines.base.text import one_line
from pipelines.publish import notices
from pipelines.publish.briefing import (
    EventCard,
    IncidentCard,
    VesselCard,
    explanation_line,
    incident_cards,
    vessel_cards,
    vessel_names,
)
from pipelines.publish.lines import track_lines
from pipelines.publish.products import Products

with warnings.catch_warnings():
    # fastkml warns that without lxml it can't indent; it needn't.
    warnings.filterwarnings("ignore", message="Package `lxml` missing")
    import fastkml
    from fastkml import styles
    from fastkml.times import KmlDateTime

_NAMESPACE: Final = "http://www.opengis.net/kml/2.2"
_MAGENTA: Final = "ff7a1ab0"  # aabbggrr, the chart's magenta
_SLATE: Final = "ff8c6e50"
_LIMIT: Final = 8000  # of a description; viewers get slow beyond


def write(products: Products, path: Path) -> Path:
    """Write the document that `document` makes; return `path`."""
    with replacing(path) as temporary:
        temporary.write_bytes(document(products))
    return path


def write_kmz(products: Products, path: Path) -> Path:
    """Write the same document zipped, as viewers on phones and tablets want it; return `path`."""
    with replacing(path) as temporary:
        zipping.write(temporary, {"doc.kml": document(products)})
    return path


def document(products: Products) -> bytes:
    """Folders of incidents, flagged vessels (where last seen), events and tracks, as a KML file.

    What has no known place is left out of the map folders, and said so in the document's
    description. Incidents and vessels keep rank order.
    """
    cards, incidents = vessel_cards(products), incident_cards(products)
    events = {event.event_id: event for card in cards for event in card.events}
    words = labels.labels(products.language)
    about = notices.summary(products)
    places = [one.lat for one in incidents] + [one.lat for one in cards]
    missing = (places + [e.lat for e in events.values()]).count(None)
    if missing:
        about += " " + words.no_place_vessels.format(n=missing)
    top = fastkml.Document(
        name=notices.marked(f"{words.flagged_vessels} {products.run_id}", products),
        description=_paragraphs([about], products),
        features=[
            fastkml.Folder(
                name=words.incidents,
                features=[_incident(one, products) for one in incidents if one.lat is not None],
            ),
            fastkml.Folder(
                name=words.flagged_vessels,
                features=[_vessel(card, products) for card in cards if card.lat is not None],
            ),
            fastkml.Folder(
                name=words.events,
                features=[_event(e, products) for e in events.values() if e.lat is not None],
            ),
            fastkml.Folder(name=words.tracks, features=_tracks(products)),
        ],
    )
    # Namespace as the default one: not every chart plotter knows what a prefix is.
    text = fastkml.KML(features=[top]).to_string()
    tree = ElementTree.ElementTree(ElementTree.fromstring(text))  # noqa: S314 - just made above
    out = io.BytesIO()
    tree.write(out, encoding="utf-8", xml_declaration=True, default_namespace=_NAMESPACE)
    return out.getvalue()


def _incident(card: IncidentCard, products: Products) -> fastkml.Placemark:
    words = labels.labels(products.language)
    lines = [notices.marks(products), *card.told(words), f"{words.leads} {words.leads_more}"]
    return fastkml.Placemark(
        name=_name(card.called(), products),
        description=_paragraphs(lines, products),
        styles=[_style(_MAGENTA)],
        times=fastkml.TimeSpan(begin=_time(card.start), end=_time(card.end) if card.end else None),
        geometry=_point(card.lat, card.lon),
    )


def _vessel(card: VesselCard, products: Products) -> fastkml.Placemark:
    words = labels.labels(products.language)
    lines = [
        notices.marks(products),
        card.says,
        words.score_line.format(score=f"{card.score:.2f}"),
        words.seen_line.format(utc=card.seen_utc, local=card.seen_local) + f" {card.where}",
        *card.told(words),
        f"{words.leads} {words.leads_more}",
    ]
    return fastkml.Placemark(
        name=_name(f"{card.rank} {card.name}", products),
        description=_paragraphs(lines, products),
        styles=[_style(_MAGENTA)],
        geometry=_point(card.lat, card.lon),
    )


def _event(card: EventCard, products: Products) -> fastkml.Placemark:
    words = labels.labels(products.language)
    lines = [
        notices.marks(products),
        card.who,
        card.reason,
        f"{card.when_utc} ({card.when_local}) {card.where}",
        words.score_line.format(score=f"{card.score:.2f}"),
        explanation_line(card.explanation, words),
        words.event_line.format(event_id=card.event_id, status=card.status),
    ]
    return fastkml.Placemark(
        name=_name(f"{card.title}: {card.who}", products),
        description=_paragraphs(lines, products),
        styles=[_style(_SLATE)],
        times=fastkml.TimeSpan(begin=_time(card.start), end=_time(card.end) if card.end else None),
        geometry=_point(card.lat, card.lon),
    )


def _tracks(products: Products) -> list[fastkml.Placemark]:
    names, flagged = vessel_names(products), set(products.flagged["mmsi"])
    words = labels.labels(products.language)
    placemarks = []
    for row in track_lines(products.tracks).to_dict("records"):
        name = words.track_of.format(vessel=f"{names.get(row['mmsi'], 'MMSI')} {row['mmsi']}")
        reports = words.reports.format(n=row["n_reports"])
        color = _MAGENTA if row["mmsi"] in flagged else _SLATE
        placemarks.append(
            fastkml.Placemark(
                name=_name(name, products),
                description=_paragraphs([notices.marks(products), reports], products),
                styles=[_style(color)],
                times=fastkml.TimeSpan(begin=_time(row["start"]), end=_time(row["end"])),
                geometry=pygeoif.shape(shapely.transform(row["geometry"], lambda xy: xy.round(6))),
            )
        )
    return placemarks


def _style(color: str) -> styles.Style:
    return styles.Style(
        styles=[
            styles.LabelStyle(color=color, scale=0.8),
            styles.LineStyle(color=color, width=2),
            styles.BalloonStyle(text="$[description]"),
        ]
    )


def _point(lat: float | None, lon: float | None) -> pygeoif.Point:
    return pygeoif.Point(round(float(geodesy.wrap_lon(lon or 0.0)), 6), round(lat or 0.0, 6))


def _time(time: pd.Timestamp) -> KmlDateTime:
    seconds = time.tz_convert("UTC").floor("s").to_pydatetime(warn=False)
    return KmlDateTime(datetime.fromisoformat(seconds.isoformat()))


def _name(text: str, products: Products) -> str:
    return one_line(notices.short(text, products), 120).replace("$[", "$ [")


def _paragraphs(lines: Sequence[str], products: Products) -> str:
    kept: list[str] = []
    for line in lines:
        if line and sum(map(len, kept)) + len(line) <= _LIMIT:
            kept.append(line)
        elif line:
            kept.append(labels.labels(products.language).more_elsewhere)
            break
    return "<br/>".join(html.escape(line).replace("$[", "$&#91;") for line in kept)
