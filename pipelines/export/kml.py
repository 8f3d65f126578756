"""flagged.kml (OGC KML 2.2): flagged vessels, their events and their tracks for an earth viewer.

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

from detectors.core import geodesy
from pipelines.export import notices
from pipelines.export.briefing import (
    EventCard,
    VesselCard,
    explanation_line,
    vessel_cards,
    vessel_names,
)
from pipelines.export.files import replacing
from pipelines.export.lines import track_lines
from pipelines.export.text import one_line
from pipelines.products import Products

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
    """Write folders "Flagged vessels" (where last seen), "Events" and "Tracks"; return `path`.

    A vessel or event without a known place is left out of the map folders and said so in the
    document's description. Vessels keep rank order.
    """
    cards = vessel_cards(products)
    events = {event.event_id: event for card in cards for event in card.events}
    prefix = f"{notices.SIMULATED} – " if products.simulated else ""
    partial = products.manifest.get("state") == "partial"
    about = notices.summary(products.run_id, products.simulated, partial, len(cards))
    missing = sum(card.lat is None for card in cards) + sum(e.lat is None for e in events.values())
    if missing:
        about += f" {missing} vessels or events have no known place and aren't drawn."
    document = fastkml.Document(
        name=f"{prefix}Flagged vessels {products.run_id}",
        description=_paragraphs([about]),
        features=[
            fastkml.Folder(
                name="Flagged vessels",
                features=[_vessel(card, products) for card in cards if card.lat is not None],
            ),
            fastkml.Folder(
                name="Events",
                features=[_event(e, products) for e in events.values() if e.lat is not None],
            ),
            fastkml.Folder(name="Tracks", features=_tracks(products)),
        ],
    )
    # Namespace as the default one: not every chart plotter knows what a prefix is.
    text = fastkml.KML(features=[document]).to_string()
    tree = ElementTree.ElementTree(ElementTree.fromstring(text))  # noqa: S314 - just made above
    out = io.BytesIO()
    tree.write(out, encoding="utf-8", xml_declaration=True, default_namespace=_NAMESPACE)
    with replacing(path) as temporary:
        temporary.write_bytes(out.getvalue())
    return path


def _vessel(card: VesselCard, products: Products) -> fastkml.Placemark:
    lines = [
        _mark(products),
        " · ".join(f"{label} {value}" for label, value in card.identity),
        f"Score {card.score:.2f}. Last seen {card.seen_utc} ({card.seen_local}) at {card.where}.",
        *card.reasons,
        *map(explanation_line, card.explanations),
        f"{notices.LEADS} {notices.LEADS_MORE}",
    ]
    return fastkml.Placemark(
        name=_name(f"{card.rank} {card.name}", products),
        description=_paragraphs(lines),
        styles=[_style(_MAGENTA)],
        geometry=_point(card.lat, card.lon),
    )


def _event(card: EventCard, products: Products) -> fastkml.Placemark:
    lines = [
        _mark(products),
        card.who,
        card.reason,
        f"{card.when_utc} ({card.when_local}) at {card.where}. Score {card.score:.2f}.",
        explanation_line(card.explanation),
        f"Event {card.event_id}: {card.status}.",
    ]
    return fastkml.Placemark(
        name=_name(f"{card.title}: {card.who}", products),
        description=_paragraphs(lines),
        styles=[_style(_SLATE)],
        times=fastkml.TimeSpan(begin=_time(card.start), end=_time(card.end) if card.end else None),
        geometry=_point(card.lat, card.lon),
    )


def _tracks(products: Products) -> list[fastkml.Placemark]:
    names, flagged = vessel_names(products), set(products.flagged["mmsi"])
    placemarks = []
    for row in track_lines(products.tracks).to_dict("records"):
        name = f"Track of {names.get(row['mmsi'], 'MMSI')} {row['mmsi']}"
        color = _MAGENTA if row["mmsi"] in flagged else _SLATE
        placemarks.append(
            fastkml.Placemark(
                name=_name(name, products),
                description=_paragraphs([_mark(products), f"{row['n_reports']} reports"]),
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
    return one_line(f"SIM {text}" if products.simulated else text, 120).replace("$[", "$ [")


def _mark(products: Products) -> str:
    return notices.SIMULATED if products.simulated else ""


def _paragraphs(lines: Sequence[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line and sum(map(len, kept)) + len(line) <= _LIMIT:
            kept.append(line)
        elif line:
            kept.append("… more in the HTML brief and the CSV files.")
            break
    return "<br/>".join(html.escape(line).replace("$[", "$&#91;") for line in kept)
