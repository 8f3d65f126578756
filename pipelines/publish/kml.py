"""flagged.kml (OGC KML 2.2): incidents, flagged vessels, events and tracks for an earth viewer.

Viewers show a description as HTML and fill ``$[…]`` in, so what AIS said is escaped for HTML before
the XML writer escapes it again, and ``$[`` is broken up. No icon or other address is named: opening
the file fetches nothing.
"""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detectors.kinematics import geodesy
from pipelines.base import labels, zipping
from pipelines.base.files import replacing
from pipelines.base.text import one_line
from pipelines.publish import notices
from pipelines.publish.briefing import incident_cards, vessel_cards, vessel_names
from pipelines.publish.cards import EventCard, IncidentCard, VesselCard, explanation_line
from pipelines.publish.lines import track_lines
from pipelines.publish.products import Products

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
    """Folders of incidents, flagged vessels (where last heard), events and tracks, as a KML file.

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
    root = ElementTree.Element("kml", xmlns=_NAMESPACE)
    top = ElementTree.SubElement(root, "Document")
    _say(top, "name", notices.marked(f"{words.flagged_vessels} {products.run_id}", products))
    _say(top, "description", _paragraphs([about], products))
    folders = {
        words.incidents: (_incident(one, products) for one in incidents if one.lat is not None),
        words.flagged_vessels: (_vessel(card, products) for card in cards if card.lat is not None),
        words.events: (_event(e, products) for e in events.values() if e.lat is not None),
        words.tracks: _tracks(products),
    }
    for name, placemarks in folders.items():
        folder = ElementTree.SubElement(top, "Folder")
        _say(folder, "name", name)
        folder.extend(placemarks)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _incident(card: IncidentCard, products: Products) -> ElementTree.Element:
    words = labels.labels(products.language)
    lines = [notices.marks(products), *card.told(words), f"{words.leads} {words.leads_more}"]
    mark = _placemark(card.called(), lines, _MAGENTA, products, (card.start, card.end))
    return _at(mark, card)


def _vessel(card: VesselCard, products: Products) -> ElementTree.Element:
    words = labels.labels(products.language)
    lines = [
        notices.marks(products),
        *card.introduced(words),
        *card.told(words),
        f"{words.leads} {words.leads_more}",
    ]
    return _at(_placemark(card.ranked, lines, _MAGENTA, products), card)


def _event(card: EventCard, products: Products) -> ElementTree.Element:
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
    name = f"{card.title}: {card.who}"
    return _at(_placemark(name, lines, _SLATE, products, (card.start, card.end)), card)


def _tracks(products: Products) -> Iterable[ElementTree.Element]:
    names, flagged = vessel_names(products), set(products.flagged["mmsi"])
    words = labels.labels(products.language)
    for row in track_lines(products.tracks).to_dict("records"):
        name = words.track_of.format(vessel=f"{names.get(row['mmsi'], 'MMSI')} {row['mmsi']:09d}")
        lines = [notices.marks(products), words.reports.format(n=row["n_reports"])]
        color = _MAGENTA if row["mmsi"] in flagged else _SLATE
        mark = _placemark(name, lines, color, products, (row["start"], row["end"]))
        parts = shapely.get_parts(row["geometry"])
        to = ElementTree.SubElement(mark, "MultiGeometry") if len(parts) > 1 else mark
        for part in parts:
            _draw(to, part.geom_type, _moved(shapely.get_coordinates(part).round(6)).tolist())
        yield mark


def _placemark(
    name: str,
    lines: Sequence[str],
    color: str,
    products: Products,
    times: tuple[pd.Timestamp, pd.Timestamp | None] | None = None,
) -> ElementTree.Element:
    """Return a placemark that has yet no place, its elements in the order of the schema."""
    mark = ElementTree.Element("Placemark")
    _say(mark, "name", _name(name, products))
    _say(mark, "description", _paragraphs(lines, products))
    if times is not None:
        span = ElementTree.SubElement(mark, "TimeSpan")
        for tag, time in zip(("begin", "end"), times, strict=True):
            if time is not None:
                _say(span, tag, time.tz_convert("UTC").floor("s").isoformat())
    style = ElementTree.SubElement(mark, "Style")
    for tag, more in (("LabelStyle", ("scale", "0.8")), ("LineStyle", ("width", "2"))):
        one = ElementTree.SubElement(style, tag)
        _say(one, "color", color)
        _say(one, *more)
    _say(ElementTree.SubElement(style, "BalloonStyle"), "text", "$[description]")
    return mark


def _draw(mark: ElementTree.Element, tag: str, places: Sequence[Sequence[float]]) -> None:
    shape = ElementTree.SubElement(mark, tag)
    _say(shape, "coordinates", " ".join([f"{lon},{lat}" for lon, lat in places]))


def _say(element: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(element, tag).text = text


def _moved(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out of a line what repeats the place before, as lying vessels do for hours."""
    moved: NDArray[np.float64] = places[np.append(True, (np.diff(places, axis=0) != 0).any(axis=1))]
    return moved


def _at(
    mark: ElementTree.Element, card: EventCard | IncidentCard | VesselCard
) -> ElementTree.Element:
    lon, lat = float(geodesy.wrap_lon(card.lon or 0.0)), card.lat or 0.0
    _draw(mark, "Point", [(round(lon, 6), round(lat, 6))])
    return mark


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
    return "<br/>".join(html.escape(line, quote=False).replace("$[", "$&#91;") for line in kept)
