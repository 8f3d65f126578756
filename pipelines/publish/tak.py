"""flagged-tak.zip: a data package of Cursor-on-Target events for ATAK, WinTAK and the like.

Sources: MITRE's CoT base event schema 2.0 (public release) and TAK's schema of 2525 markers. The
type is `a-u-S`: an atom of *unknown* affiliation on the sea surface; nothing here says that anybody
is hostile. The marker goes stale with the pack. What must be said goes into the remarks, first the
marks, then that a flag is a lead.
"""

from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pandas as pd

from detectors.kinematics import geodesy
from pipelines.base import labels, zipping
from pipelines.base.files import replacing
from pipelines.base.text import iso, one_line
from pipelines.publish import notices
from pipelines.publish.briefing import VesselCard, vessel_cards
from pipelines.publish.products import Products

TYPE: Final = "a-u-S"
_UNKNOWN: Final = "9999999.0"  # CoT's own value for an error or height that isn't known
_DEFAULT_STALE: Final = pd.Timedelta(hours=24)
_NAME_LIMIT: Final = 30
_REMARKS_LIMIT: Final = 4000


def write(products: Products, path: Path) -> Path:
    """Write one marker per flagged vessel with a known place, where last seen; return `path`."""
    placed = [card for card in vessel_cards(products) if card.lat is not None]
    members: dict[str, bytes | Path] = {}
    for card in placed:
        uid = _uid(card)
        members[f"{uid}/{uid}.cot"] = _xml(event(card, products))
    with replacing(path) as temporary:
        zipping.write(
            temporary, {"MANIFEST/manifest.xml": _xml(_manifest(products, placed)), **members}
        )
    return path


def event(card: VesselCard, products: Products) -> ElementTree.Element:
    """Return the Cursor-on-Target event of a vessel that has a place."""
    words = labels.labels(products.language)
    stale = products.release.stale_after if products.release else products.end + _DEFAULT_STALE
    seen = products.end if card.last_seen is None else card.last_seen
    root = ElementTree.Element(
        "event",
        version="2.0",
        uid=_uid(card),
        type=TYPE,
        time=iso(products.end),
        start=iso(seen),
        stale=iso(stale),
        how="m-s" if products.simulated else "m-r",
    )
    lon = float(geodesy.wrap_lon(card.lon or 0.0))
    ElementTree.SubElement(
        root,
        "point",
        lat=f"{card.lat:.6f}",
        lon=f"{lon:.6f}",
        hae=_UNKNOWN,
        ce=_UNKNOWN,
        le=_UNKNOWN,
    )
    detail = ElementTree.SubElement(root, "detail")
    name = notices.short(card.ranked, products)
    ElementTree.SubElement(detail, "contact", callsign=one_line(name, _NAME_LIMIT))
    lines = [
        notices.marks(products),
        f"{words.leads} {words.leads_more}",
        card.says,
        words.score_line.format(score=f"{card.score:.2f}"),
        words.seen_line.format(utc=card.seen_utc, local=card.seen_local) + f" {card.where}",
        *card.told(words),
        words.blind,
        notices.freshness(products),
    ]
    remarks = ElementTree.SubElement(detail, "remarks")
    remarks.text = one_line(" / ".join(line for line in lines if line), _REMARKS_LIMIT)
    return root


def _manifest(products: Products, cards: list[VesselCard]) -> ElementTree.Element:
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
    for card in cards:
        uid = _uid(card)
        content = ElementTree.SubElement(
            contents, "Content", ignore="false", zipEntry=f"{uid}/{uid}.cot"
        )
        ElementTree.SubElement(content, "Parameter", name="uid", value=uid)
    return root


def _uid(card: VesselCard) -> str:
    """Name a vessel the same in every pack, so that a newer marker replaces the older."""
    return f"selat.{card.mmsi:09d}"


def _xml(root: ElementTree.Element) -> bytes:
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
