"""brief.pdf, to print, or to read where no browser is: a map and the first incidents, then who
goes where when if there is a plan, then why.

Typst sets it. What people and transmitters wrote goes in as data (one JSON text in `sys.inputs`),
never as markup, so no name can become code; and nothing is read but that text and the two fonts
beside this module. The date in the file is the end of the run's window, so that the same products
give the same bytes.
"""

import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pipelines.base import labels
from pipelines.base.files import replacing
from pipelines.base.labels import Labels
from pipelines.base.text import duration_text, one_line
from pipelines.publish import notices
from pipelines.publish.brief import problems
from pipelines.publish.brief.scene import scene_of
from pipelines.publish.briefing import incident_cards, vessel_cards, without_time
from pipelines.publish.cards import EventCard, IncidentCard, VesselCard, explanation_parts
from pipelines.publish.checks import units
from pipelines.publish.maps.elements import ON_PAPER
from pipelines.publish.maps.scene import Scene
from pipelines.publish.maps.style import COLOURS
from pipelines.publish.maps.svg import svg
from pipelines.publish.pdf import plan as pdf_plan
from pipelines.publish.products import Products

VESSEL_LIMIT: Final = 10
"""Incidents on the first page, and vessels on the second. The rest is in the tables, and the page
says so."""

EVENT_LIMIT: Final = 3
"""Events told of each vessel; the page says how many more there are."""

_WIDTH_MM: Final = 182.0
_ROOM_MM: Final = 226.0
_LINE_MM: Final = 2.8
_AROUND_MM: Final = 1.7
_NOTE_MM: Final = 10.0
_FIRST_MM: Final = 8.0
_TITLE_CHARS: Final = 44
_NEXT_CHARS: Final = 40
"""What map and table may take of the first page, and about what a line, the edges of a row, a note
and the headings of what to look at first take of that; a line of what happened, and of what to do,
holds about so many characters."""

MAP_MM: Final = 55.0
"""So high at least is the map, where `FEWEST` incidents leave it that: a smaller one tells nobody
where marks that lie close together are. First what scores are made of makes way, then incidents."""

FEWEST: Final = 6
"""Incidents that stay on the first page, however long their sentences are."""

_TITLE_LIMIT: Final = 240
_LENGTHS: Final = (300, 150)
"""Characters of a reason or an explanation: as a rule, and where the page would run over."""

_NOTE_LIMIT: Final = 160
_NOTES: Final = 3
_DRAWABLE: Final = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x370, 0x377),
    (0x37A, 0x37F),
    (0x384, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3E1),
    (0x3F0, 0x45F),
    (0x2010, 0x2014),
    (0x2018, 0x201E),
    (0x2022, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2032, 0x2033),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2212, 0x2212),
)
"""Code points that the fonts beside this module can draw."""

_UNDRAWABLE: Final = re.compile(
    f"[^{''.join(f'{chr(first)}-{chr(last)}' for first, last in _DRAWABLE)}]"
)


def write(products: Products, path: Path) -> Path:
    """Write the pages; return `path`."""
    with replacing(path) as temporary:
        temporary.write_bytes(render(products))
    return path


def render(products: Products) -> bytes:
    """Write the pages as PDF: one where nothing is flagged and nothing planned.

    Raises RuntimeError if Typst can't set them, with what it says.
    """
    data = json.dumps(_drawable(_data(products)), allow_nan=False)
    here = resources.files(__package__)
    template = here.joinpath("brief.typ").read_text(encoding="utf-8")
    with (
        resources.as_file(here.joinpath("typesetter.py")) as program,
        resources.as_file(here.joinpath("fonts")) as fonts,
    ):
        done = subprocess.run(
            [sys.executable, "-I", program, fonts, str(int(products.end.timestamp()))],
            input=json.dumps([template, data]).encode("ascii"),
            capture_output=True,
            check=False,
        )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise RuntimeError(f"brief.pdf can't be set: {said or f'exit {done.returncode}'}")
    return done.stdout


def drawable(text: str) -> str:
    r"""Show every character that the fonts lack by its number, as `text.clean` does.

    >>> drawable("KM ŞIMŞEK \u8239")
    'KM ŞIMŞEK [U+8239]'
    """
    return _UNDRAWABLE.sub(lambda one: f"[U+{ord(one[0]):04X}]", text)


def _drawable(value: Any) -> Any:
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    return [_drawable(item) for item in value] if isinstance(value, list) else value


def _data(products: Products) -> dict[str, Any]:
    """All that the pages say, in the order of the template."""
    cards = vessel_cards(products)
    words = labels.labels(products.language)
    release = products.release
    incidents = incident_cards(products)
    land = len(products.zones.land) > 0
    notes = _notes(products, words)
    urgent = sum(bool(one.first) for one in incidents)
    over = frozenset() if products.concluded is None else products.concluded.closed
    # What somebody closed takes no row from what is open: paper holds few.
    ordered = sorted(
        incidents, key=lambda one: (not one.first, not over.isdisjoint(one.event_ids), one.rank)
    )
    # Why, in the order of the first page: what is to be looked at first may have a low rank.
    at = {one.rank: place for place, one in enumerate(ordered)}
    shown = sorted(cards, key=lambda card: at.get(card.rank, len(at)))[:VESSEL_LIMIT]
    told = [_incident(one, words) for one in ordered[:VESSEL_LIMIT]]
    more_mm = _NOTE_MM * (len(notes) + bool(release)) + _FIRST_MM * bool(urgent)
    told, room_mm = _leaving_room(told, _ROOM_MM - more_mm)
    rows = ordered[: len(told)]
    more = len(incidents) - len(rows)
    scene = first_map(products, cards, rows)
    return {
        "lang": products.language,
        "title": words.incidents,
        "marks": notices.marks(products),
        "handling": notices.handling(products),
        "handling_means": words.tlp(release.mark.tlp) if release else "",
        "tlp": str(release.mark.tlp) if release else "",
        "simulated": words.simulated if products.simulated else "",
        "freshness": notices.freshness(products),
        "run": words.run.format(run_id=one_line(products.run_id, _NOTE_LIMIT)),
        "window_utc": notices.window(products, None, "UTC"),
        "window_local": notices.window(products),
        "window_length": duration_text(products.start, products.end, *units(words)),
        "leads": words.leads,
        "leads_more": words.leads_more,
        "notes": notes,
        "first_heading": words.look_first,
        "then_heading": words.then_by_score,
        "first": urgent,
        "empty": "" if shown or rows else f"{words.nothing_flagged} {words.not_all_clear}",
        "vessels_left_out": words.left_out.format(n=len(cards) - len(shown))
        if len(cards) > len(shown)
        else "",
        "left_out": _left_out(more, words, some_closed=bool(over)),
        "blind_heading": words.blind_heading,
        "blind": words.blind,
        "map": svg(scene, min(room_mm / _WIDTH_MM, 1.0), ink=ON_PAPER, names=False),
        "colors": {name: colour.paper for name, colour in COLOURS.items()},
        "map_note": " ".join(
            [
                f"{words.numbers_are_ranks} {words.not_for_navigation}",
                f"{words.coast_source}." if land else words.no_coast,
                words.map_facts,
                notices.conclusions(products),
            ]
        ),
        "incidents": told,
        "vessels": [_vessel(card, words) for card in shown],
        "plan": pdf_plan.data(products.planned, products.zones) if products.planned else None,
        "words": {
            "what": words.incident.capitalize(),
            "when": words.when,
            "next": words.next_step,
            "score": words.score,
            "more": words.more_elsewhere,
        },
    }


def _left_out(n: int, words: labels.Labels, *, some_closed: bool) -> str:
    if not n or not some_closed:
        return words.incidents_left_out.format(n=n) if n else ""
    text = (
        "Incidents that score less, or that a conclusion closed: {n} more; all are in the tables."
    )
    return words.at_desk(text, n=n)


def _leaving_room(rows: list[dict[str, Any]], room_mm: float) -> tuple[list[dict[str, Any]], float]:
    """Return the rows that leave the map its room, and that, millimetres."""
    if room_mm - _height_mm(rows) < MAP_MM:
        rows = [{**one, "made_of": ""} for one in rows]
    while len(rows) > FEWEST and room_mm - _height_mm(rows) < MAP_MM:
        rows = rows[:-1]
    return rows, max(room_mm - _height_mm(rows), MAP_MM)


def _height_mm(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return about how high rows of the first page are."""
    high = 0.0
    for one in rows:
        happened = _lines(f"{one['what']} {one['status']}", _TITLE_CHARS)
        happened += _lines(f"{one['title']} {one['made_of']}", _TITLE_CHARS)
        to_do = _lines(one["next"], _NEXT_CHARS) + _lines(one["now"], _NEXT_CHARS)
        high += _AROUND_MM + _LINE_MM * max(happened, to_do)
    return high


def _lines(text: str, characters: int) -> int:
    return math.ceil(len(text.strip()) / characters)


def first_map(
    products: Products, cards: Sequence[VesselCard], rows: Sequence[IncidentCard]
) -> Scene:
    """Draw the incidents of the first page, those too in which no vessel is known."""
    ranks = {one.rank for one in rows}
    first = [card for card in cards if card.rank in ranks] or cards[:VESSEL_LIMIT]
    lone = [one for one in rows if one.place is None]
    return replace(scene_of(products, first, lone), regions=(), ways=(), points=())


def _notes(products: Products, words: Labels) -> list[str]:
    """Return what a run that is partial, held something back or was blind must say first."""
    failed = problems(products.manifest)
    held = notices.held_back(products.manifest, words, _NOTE_LIMIT)
    found = []
    for heading, lines in (
        (f"{words.partial_heading} {words.partial_more}", failed),
        (f"{words.held_back_heading} {words.held_back_more}", held),
    ):
        if lines:
            said = " · ".join(one_line(line, _NOTE_LIMIT) for line in lines[:_NOTES])
            found.append(f"{heading} {said}{' …' if len(lines) > _NOTES else ''}")
    return [*found, *notices.reception(products.manifest, products.end, words)]


def _incident(card: IncidentCard, words: Labels) -> dict[str, Any]:
    """Return a row of the first page: what happened, when and where, and what to do; and why it is
    to be looked at first, if it is.
    """
    return {
        "number": card.rank,
        "what": card.what,
        "title": one_line(without_time(card.title), _TITLE_LIMIT),
        "when_utc": card.when_utc,
        "when_local": card.when_local,
        "where": card.where,
        "next": card.next_step,
        "now": " · ".join(
            f"{label}: {said}"
            for label, said in ((words.conclusion, card.concluded), (words.now, card.now))
            if said
        ),
        "made_of": f"({card.score:.2f}: {card.made_of})" if card.made_of else "",
        "score": f"{card.score:.2f}",
        "certainty": card.certainty,
        "status": card.first or card.status,
    }


def _vessel(card: VesselCard, words: Labels) -> dict[str, Any]:
    told = [event.reason for event in card.events]
    return {
        "rank": card.rank,
        "name": card.name,
        "named": card.named,
        "score": f"{card.score:.2f}",
        "identity": [[label, value] for label, value in card.identity],
        "other_reasons": [_lengths(r) for r in card.reasons if r not in told][:EVENT_LIMIT],
        "events": [_event(event, words) for event in card.events[:EVENT_LIMIT]],
        "more": max(len(card.events) - EVENT_LIMIT, 0),
        "seen_utc": card.seen_utc,
        "seen_local": card.seen_local,
        "where": card.where,
    }


def _event(event: EventCard, words: Labels) -> dict[str, Any]:
    label, said = explanation_parts(event.explanation, words)
    return {
        "title": event.title,
        "score": f"{event.score:.2f}",
        "reason": _lengths(without_time(event.reason or event.who)),
        "when_utc": event.when_utc,
        "when_local": event.when_local,
        "where": event.where or words.place_not_known,
        "explanation_label": label if said else "",
        "explanation": _lengths(said),
    }


def _lengths(text: str) -> list[str]:
    return [one_line(text, limit) for limit in _LENGTHS]
