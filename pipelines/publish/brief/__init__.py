"""brief.html: the brief for a crew, one file that asks the network for nothing.

The page is complete without scripts: list, reasons, explanations and evidence are in its HTML, and
the map stands still. The scripts (`pipelines.publish.maps`) move it and play it back; they read
their data from a JSON block (`text.script_json`) and put words on the page through textContent or
by cloning what the server wrote.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from detectors.surroundings.zones import LANE_CLASSES
from pipelines.assess.incidents import without_number
from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.base.labels import Labels
from pipelines.base.schemas import CONCLUSIONS
from pipelines.base.text import (
    duration_text,
    moment,
    one_line,
    script_json,
)
from pipelines.publish import notices
from pipelines.publish.brief.scene import LONE, scene_of
from pipelines.publish.briefing import incident_cards, look_first, vessel_cards, without_time
from pipelines.publish.cards import IncidentCard, explanation_parts
from pipelines.publish.checks import units
from pipelines.publish.maps import canvas, page
from pipelines.publish.maps.style import MARKS, mark_of
from pipelines.publish.plan import page as plan_page
from pipelines.publish.plan import words as plan_words
from pipelines.publish.products import Products

VESSEL_LIMIT: Final = 100
"""Vessels on the page. The rest is in flagged.csv, and the page says so."""

CARDS_OPEN: Final = 10
"""Incidents that are read without opening them. Each other, and each vessel, is a line that opens:
all of a large night were 63 screens of a phone."""

_FACT_LIMIT: Final = 300
_SPEEDS: Final = (1, 5, 15, 30, 60, 120)
"""Minutes of the night that a second of playback shows."""

NO_SECTIONS: Final = Markup("")


@dataclass(frozen=True)
class Fact:
    """One line of the table about the run."""

    label: str
    value: str


def write(products: Products, path: Path) -> Path:
    """Write the brief; return `path`."""
    planned = products.planned
    sections = Markup() if planned is None else plan_page.section(planned, "narrow.html.j2")
    return write_text(path, render(products, sections=sections))


def render(
    products: Products,
    *,
    heading: str = "",
    sections: Markup = NO_SECTIONS,
    chart_only: bool = False,
) -> str:
    """Write the brief as HTML.

    Parameters
    ----------
    heading
        What the page is about, where it isn't the list of a run; its numbers are no ranks then.
    sections
        HTML to stand below the list: safe, and without styles or scripts, which the page's policy
        forbids.
    chart_only
        Whether to show the map and its playback alone, as in a notebook.
    """
    cards = vessel_cards(products)
    shown = cards[:VESSEL_LIMIT]
    words, planned = labels.labels(products.language), products.planned if sections else None
    incidents = [] if heading else incident_cards(products)
    scene = scene_of(products, shown, [one for one in incidents if one.place is None])
    title = one_line(heading, _FACT_LIMIT) or words.incidents
    run_id = one_line(products.run_id, _FACT_LIMIT)
    own = "\n".join(page.text_of(__package__, name) for name in ("brief.js", "list.js"))
    code = canvas.script(own, playback=True)
    counts = products.manifest.get("counts", {})
    contact = one_line(str(products.manifest.get("contact") or ""), _FACT_LIMIT)
    return page.render(
        __package__,
        "brief.html.j2",
        page.Head(
            title,
            f"{title} · {run_id}",
            products.language,
            products.release.mark if products.release else None,
            products.simulated,
        ),
        sheets=[canvas.sheet(), page.text_of(__package__, "brief.css")],
        scripts=[canvas.leaflet(), code],
        data=Markup(script_json(canvas.data_of(scene))),  # noqa: S704 - made for this place
        still=page.still(scene, words.chart),
        ranked=not heading,
        chart_only=chart_only,
        sections=sections,
        plan_heading=plan_words.heading(planned) if planned else "",
        sails=plan_page.section(planned, "sails.html.j2") if planned else "",
        marks=MARKS,
        mark_of=mark_of,
        explanation_parts=partial(explanation_parts, words=words),
        untimed=without_time,
        freshness=notices.freshness(products),
        told_conclusions="" if heading else notices.conclusions(products),
        run_id=run_id,
        window_utc=notices.window(products, None, "UTC"),
        window_local=notices.window(products),
        window_length=duration_text(products.start, products.end, *units(words)),
        cards=shown,
        incidents=incidents,
        level=3 if incidents else 2,  # of headings: no step is left out
        cards_open=CARDS_OPEN,
        lone=LONE,
        incident_kinds=sorted({one.kind for one in incidents if one.kind}),
        first=first(products, incidents),
        heard=words.heard_line.format(
            vessels=f"{int(counts.get('vessels_looked_at', 0)):,}",
            reports=f"{int(counts.get('reports_looked_at', 0)):,}",
            flagged=len(cards),
        )
        if "vessels_looked_at" in counts
        else "",
        reception=notices.reception(products.manifest, products.end, words),
        contact=f": {contact}" if contact else "",
        conclusions=[(name, getattr(words, f"conclusion_{name}")) for name in CONCLUSIONS],
        news=products.incidents["status"].value_counts().to_dict(),
        left_out=len(cards) - len(shown),
        unlisted=unlisted(products.manifest, words),
        provisional=_provisional(products, len(cards)),
        held_back=notices.held_back(products.manifest, words, _FACT_LIMIT),
        kinds=sorted({event.kind for card in shown for event in card.events}),
        problems=problems(products.manifest),
        facts=list(_facts(products.manifest, words)),
        has_land=len(products.zones.land) > 0,
        has_borders=len(products.zones.boundaries.frame) > 0,
        has_lanes=bool(products.zones.frame["zone_class"].isin(LANE_CLASSES).any()),
        speeds=speeds(words),
    )


def first(products: Products, incidents: Sequence[IncidentCard]) -> list[tuple[IncidentCard, str]]:
    """Return the incidents to look at first, each with the reasons."""
    card = {one.incident_id: one for one in incidents}
    say = labels.labels(products.language).say
    return [
        (replace(mine, title=without_number(mine.title, mine.mmsi, say)), why)
        for incident_id, why in look_first(products).items()
        if (mine := card.get(incident_id))
    ]


def speeds(words: Labels) -> list[tuple[int, str]]:
    """Return the speeds of playback: seconds of the night in a second, and in words."""
    return [(60 * n, words.speed_line.format(n=n)) for n in _SPEEDS]


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """Return what a partial run must say first, a sentence a failure; empty for a complete run.

    `failures` may be a mapping name -> message, or a list of texts or of mappings that name the
    step (`detector`, `step` or `name`) and say what happened (`message` or `error`).
    """
    failures = manifest.get("failures") or []
    entries = failures.items() if isinstance(failures, Mapping) else failures
    said = [_failure(entry) for entry in entries]
    if manifest.get("state", "complete") != "complete" and not said:
        said = ["The run ended early; its manifest names no step."]
    return said


def unlisted(manifest: Mapping[str, Any], words: labels.Labels) -> tuple[str, ...]:
    """Say how much scored enough for the list and isn't on it, a sentence a reason."""
    counts = manifest.get("counts", {})
    told = ((name, int(counts.get(name, 0))) for name in ("over_budget", "of_own_vessels"))
    return tuple(getattr(words, name).format(n=n) for name, n in told if n)


def _provisional(products: Products, total: int) -> str:
    """Say how many flags rest on verdicts that what comes in may change; empty for none."""
    told = products.manifest.get("provisional") or {}
    if not told.get("flagged"):
        return ""
    until = pd.Timestamp(told["until"])
    words = labels.labels(products.language)
    return words.provisional.format(
        n=told["flagged"],
        total=total,
        utc=moment(until, None, "UTC", words.say),
        local=moment(until, say=words.say),
    )


def _failure(entry: Any) -> str:
    if isinstance(entry, Mapping):
        names = [key for key in ("detector", "step", "name") if entry.get(key)]
        what = next((entry[key] for key in ("message", "error") if entry.get(key)), "no message")
        kind = "detector " if names[:1] == ["detector"] else ""
        who = f"{kind}{entry[names[0]]}" if names else "a step"
        return one_line(f"{who} failed: {what}", _FACT_LIMIT)
    if isinstance(entry, tuple):
        return one_line(f"{entry[0]} failed: {entry[1]}", _FACT_LIMIT)
    return one_line(str(entry), _FACT_LIMIT)


def _facts(manifest: Mapping[str, Any], words: Labels) -> Iterator[tuple[str, list[Fact]]]:
    """Tables for the foot of the page, as far as the manifest has them."""
    for key, title in (
        ("counts", words.facts_counts),
        ("rejected", words.facts_rejected),
        ("detectors", words.facts_detectors),
    ):
        lines = list(_flat(manifest.get(key) or {}, "", words))
        if lines:
            yield title, lines
    commit = [
        Fact(label, one_line(_word(str(manifest[key]), words), _FACT_LIMIT))
        for key, label in (("state", words.state), ("git_commit", words.commit))
        if manifest.get(key)
    ]
    if commit:
        yield words.run_fact, commit


def _word(text: str, words: Labels) -> str:
    """Return a word of the manifest in the reader's language; as it is where none is known."""
    said = text.replace("_", " ")
    return words.sayings.get(said) or words.desk.get(said) or said


def _flat(value: Any, label: str, words: Labels) -> Iterator[Fact]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "rejected":  # has a table of its own
                continue
            said = _word(str(key), words)
            yield from _flat(item, f"{label} · {said}" if label else said, words)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item, label, words)
    else:
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        yield Fact(one_line(label, _FACT_LIMIT), one_line(str(shown), _FACT_LIMIT))
