"""brief.html: the brief for a crew, one file that asks the network for nothing.

The page is complete without scripts: list, reasons, explanations and evidence are in the HTML that
jinja2 writes with autoescaping. The scripts add the map and its playback: Leaflet (in `leaflet`,
with its licence) moves it, what is on it is drawn on canvas by our own (in `script`), which reads
its data from a JSON block (`text.script_json`) and puts words on the page through textContent or
by cloning what the server wrote. A Content-Security-Policy in the page allows exactly these two
scripts and one style sheet, by their hashes, and no address at all.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from detectors.core.zones import LANE_CLASSES
from pipelines.export import labels, notices
from pipelines.export.brief.chart import chart_data
from pipelines.export.briefing import (
    LOCAL,
    LOCAL_NAME,
    VesselCard,
    duration_text,
    explanation_parts,
    moment,
    vessel_cards,
    without_time,
)
from pipelines.export.files import write_text
from pipelines.export.labels import Labels
from pipelines.export.plan import page as plan_page
from pipelines.export.text import one_line, script_json
from pipelines.products import Products

VESSEL_LIMIT: Final = 100
"""Vessels on the page. The rest is in flagged.csv, and the page says so."""

_FACT_LIMIT: Final = 300
_SPEEDS: Final = (1, 5, 15, 30, 60, 120)
"""Minutes of the night that a second of playback shows."""

_DRAWN_KINDS: Final = frozenset(
    {"encounter", "loitering", "gap", "geofence", "identity", "crossing", "spoofing",
     "possible_meeting", "mother_ship", "unmatched_sighting", "outlier"}
)  # fmt: skip
"""Kinds of events that have a mark of their own."""

_SCRIPTS: Final = ("world", "plan", "drawing", "sheet", "playback", "page")

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
    """The brief as HTML.

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
    words = labels.of(products)
    style = _asset("leaflet/leaflet.css") + _asset("brief.css") + _on_every_page(products)
    return _template().render(
        policy=(
            f"default-src 'none'; style-src '{_hash(style)}'; "
            f"script-src '{_hash(_leaflet())}' '{_hash(_script())}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),  # noqa: S704 - ours
        leaflet=Markup(_leaflet()),  # noqa: S704 - Leaflet's
        script=Markup(_script()),  # noqa: S704 - ours
        data=Markup(script_json(chart_data(products, shown))),  # noqa: S704 - made for this place
        heading=one_line(heading, _FACT_LIMIT) or words.flagged_vessels,
        ranked=not heading,
        chart_only=chart_only,
        sections=sections,
        words=words,
        drawn_kinds=_DRAWN_KINDS,
        explanation_parts=partial(explanation_parts, words=words),
        language=products.release.language if products.release else "en",
        handling=notices.handling(products),
        tlp=str(products.release.mark.tlp).lower().replace("+", "-") if products.release else "",
        handling_means=words.tlp(products.release.mark.tlp) if products.release else "",
        freshness=notices.freshness(products),
        run_id=one_line(products.run_id, _FACT_LIMIT),
        simulated=products.simulated,
        window_utc=_window(products, None, "UTC"),
        window_local=_window(products, LOCAL, LOCAL_NAME),
        window_length=duration_text(products.start, products.end),
        cards=shown,
        left_out=len(cards) - len(shown),
        over_budget=int(products.manifest.get("counts", {}).get("over_budget", 0)),
        held_back=[one_line(str(t), _FACT_LIMIT) for t in products.manifest.get("held_back", [])],
        kinds=_kinds(shown),
        problems=problems(products.manifest),
        facts=list(_facts(products.manifest, words)),
        has_land=len(products.zones.land) > 0,
        has_borders=len(products.zones.boundaries.frame) > 0,
        has_lanes=bool(products.zones.frame["zone_class"].isin(LANE_CLASSES).any()),
        speeds=[(60 * n, words.speed_line.format(n=n)) for n in _SPEEDS],
    )


def _on_every_page(products: Products) -> str:
    """Rules that print the marks above and below every page; none where there are no marks."""
    marks = notices.marks(products)
    if not marks:
        return ""
    quoted = re.sub(r"[^\w :·+,–-]", lambda odd: f"\\{ord(odd[0]):x} ", marks)
    box = f'content: "{quoted}"; font: bold 8pt sans-serif; color: #000;'
    return f"@media print {{ @page {{ @top-center {{ {box} }} @bottom-center {{ {box} }} }} }}\n"


def problems(manifest: Mapping[str, Any]) -> list[str]:
    """What a partial run must say first: each failure in a sentence; empty for a complete run.

    `failures` may be a mapping name -> message, or a list of texts or of mappings that name the
    step (`detector`, `step` or `name`) and say what happened (`message` or `error`).
    """
    failures = manifest.get("failures") or []
    entries = failures.items() if isinstance(failures, Mapping) else failures
    said = [_failure(entry) for entry in entries]
    if manifest.get("state", "complete") != "complete" and not said:
        said = ["The run ended early; its manifest names no step."]
    return said


def _window(products: Products, zone: tzinfo | None, name: str) -> str:
    return f"{moment(products.start, zone, '')}– {moment(products.end, zone, name)}"


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
        lines = list(_flat(manifest.get(key) or {}, ""))
        if lines:
            yield title, lines
    commit = [
        Fact(label, one_line(str(manifest[key]), _FACT_LIMIT))
        for key, label in (("state", words.state), ("git_commit", words.commit))
        if manifest.get(key)
    ]
    if commit:
        yield words.run_fact, commit


def _flat(value: Any, label: str) -> Iterator[Fact]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "rejected":  # has a table of its own
                continue
            yield from _flat(item, f"{label} · {key}" if label else str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item, label)
    else:
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
        words = one_line(label.replace("_", " "), _FACT_LIMIT)
        yield Fact(words, one_line(str(shown), _FACT_LIMIT))


def _kinds(cards: list[VesselCard]) -> list[str]:
    return sorted({event.kind for card in cards for event in card.events})


@cache
def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8").replace("\r\n", "\n")


@cache
def _leaflet() -> str:
    """Leaflet with its licence, and without the last line, which names a file for debuggers."""
    code = _asset("leaflet/leaflet.js").partition("//# sourceMappingURL")[0]
    return f"/*\n{_asset('leaflet/LICENSE')}*/\n{code}"


@cache
def _script() -> str:
    """Our part of the page's code: the files of `script` in one scope."""
    return "\n".join(
        ['"use strict";', "{", *(_asset(f"script/{name}.js") for name in _SCRIPTS), "}"]
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"untimed": without_time}
    return environment.from_string(_asset("brief.html.j2"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
