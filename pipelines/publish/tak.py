"""flagged-tak.zip: a data package of Cursor-on-Target events for ATAK, WinTAK and the like.

Sources: MITRE's CoT base event schema 2.0 (public release) and TAK's schema of 2525 markers. A
flagged vessel is `a-u-S`, an atom of *unknown* affiliation on the sea surface, where it was last
seen; an incident is `b-m-p-s-m`, a spot on the map, where it happened. Nothing here says that
anybody is hostile. Markers go stale with the pack. What must be said goes into the remarks, first
the marks, then that a flag is a lead.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pandas as pd

from detectors.kinematics import geodesy
from pipelines.base import labels, zipping
from pipelines.base.files import replacing
from pipelines.base.text import iso, one_line
from pipelines.publish import notices
from pipelines.publish.briefing import incident_cards, vessel_cards
from pipelines.publish.cards import IncidentCard, VesselCard
from pipelines.publish.products import Products

TYPE: Final = "a-u-S"
SPOT: Final = "b-m-p-s-m"
_UNKNOWN: Final = "9999999.0"  # CoT's own value for an error or height that isn't known
_DEFAULT_STALE: Final = pd.Timedelta(hours=24)
_NAME_LIMIT: Final = 30
_REMARKS_LIMIT: Final = 4000


def write(products: Products, path: Path) -> Path:
    """Write a marker per incident and per flagged vessel that has a place; return `path`."""
    made = [incident(one, products) for one in incident_cards(products) if one.lat is not None]
    made += [event(card, products) for card in vessel_cards(products) if card.lat is not None]
    members: dict[str, bytes | Path] = {}
    for marker in made:
        uid = marker.get("uid", "")
        members[f"{uid}/{uid}.cot"] = _xml(marker)
    with replacing(path) as temporary:
        manifest = _manifest(products, [marker.get("uid", "") for marker in made])
        zipping.write(temporary, {"MANIFEST/manifest.xml": _xml(manifest), **members})
    return path


def incident(card: IncidentCard, products: Products) -> ElementTree.Element:
    """Return the Cursor-on-Target event of an incident that has a place."""
    lines = card.told(labels.labels(products.language))
    uid = f"selat.incident.{card.incident_id}"
    return _marker(uid, SPOT, card.called(), card.start, (card.lat, card.lon), lines, products)


def event(card: VesselCard, products: Products) -> ElementTree.Element:
    """Return the Cursor-on-Target event of a vessel that has a place.

    It is named the same in every pack, so that a newer marker replaces the older.
    """
    words = labels.labels(products.language)
    seen = products.end if card.last_seen is None else card.last_seen
    lines = [
        *card.introduced(words),
        *card.told(words),
    ]
    uid = f"selat.{card.mmsi:09d}"
    return _marker(uid, TYPE, card.ranked, seen, (card.lat, card.lon), lines, products)


def _marker(
    uid: str,
    kind: str,
    name: str,
    start: pd.Timestamp,
    place: tuple[float | None, float | None],
    lines: Sequence[str],
    products: Products,
) -> ElementTree.Element:
    words = labels.labels(products.language)
    stale = products.release.stale_after if products.release else products.end + _DEFAULT_STALE
    root = ElementTree.Element(
        "event",
        version="2.0",
        uid=uid,
        type=kind,
        time=iso(products.end),
        start=iso(start),
        stale=iso(stale),
        how="m-s" if products.simulated else "m-r",
    )
    lat, lon = place
    ElementTree.SubElement(
        root,
        "point",
        lat=f"{lat:.6f}",
        lon=f"{float(geodesy.wrap_lon(lon or 0.0)):.6f}",
        hae=_UNKNOWN,
        ce=_UNKNOWN,
        le=_UNKNOWN,
    )
    detail = ElementTree.SubElement(root, "detail")
    callsign = one_line(notices.short(name, products), _NAME_LIMIT)
    ElementTree.SubElement(detail, "contact", callsign=callsign)
    said = [
        notices.marks(products),
        f"{words.leads} {words.leads_more}",
        *lines,
        words.blind,
        notices.freshness(products),
    ]
    remarks = ElementTree.SubElement(detail, "remarks")
    remarks.text = one_line(" / ".join(line for line in said if line), _REMARKS_LIMIT)
    return root


def _manifest(products: Products, uids: Sequence[str]) -> ElementTree.Element:
    words = labels.labels(products.language)
    title = notices.marked(f"{words.flagged_vessels} {products.run_id}", products)
    recipient = products.release.recipient if products.release else "run"
    root = ElementTree.Element("MissionPackageManifest", version="2")
    configuration = ElementTree.SubElement(root, "Configuration")
    for name, value in (
        ("uid", f"selat.{recipient}.{products.run_id}"),
        ("name", one_line(title, 120)),
    ):
        ElementTree.SubElement(configuration, "Parameter", name=name, value=value)
    contents = ElementTree.SubElement(root, "Contents")
    for uid in uids:
        content = ElementTree.SubElement(
            contents, "Content", ignore="false", zipEntry=f"{uid}/{uid}.cot"
        )
        ElementTree.SubElement(content, "Parameter", name="uid", value=uid)
    return root


def _xml(root: ElementTree.Element) -> bytes:
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
