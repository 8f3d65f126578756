"""Zones and watch areas as they are opened at the desk, and as what their files say then."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from detectors.core.errors import ConfigError
from detectors.surroundings.rules import Rule
from detectors.surroundings.watches import Watch
from detectors.surroundings.zones import CONFIDENCES
from pipelines.base.settings import Installation
from pipelines.base.text import one_line
from pipelines.base.yaml_files import read_bounded
from pipelines.reference import layers
from pipelines.reference.layers.areas import (
    FOLDER,
    MAX_BYTES,
    MAX_NAME,
    WATCH_CLASS,
    Piece,
    pieces_of,
    polygon_of,
)
from pipelines.web.areas import MAX_SAID, WORDS_ZONES, Form, facts_in, facts_of, rule_of, texts_of
from pipelines.web.corners import MAX_CORNERS, outline_of, shown

MAX_RULES: Final = 50
_MAX_SOURCE: Final = 140
LISTS: Final = ("watch", "rules")
"""What the rules of a zone are kept in: what is to be told of, and what is asked of vessels."""
FACTS: Final = ("direction_deg", "licensed", "licence_source")
"""What only zones of some classes say of themselves."""
_CHANGED: Final = re.compile(r"(?:;| |^)\s*changed by [^;]*, \d{4}-\d\d-\d\d$", re.IGNORECASE)


@dataclass(frozen=True)
class Area:
    """A watch area, or a zone of a GeoJSON file, that there is."""

    stem: str
    """The name of a watch area's file without ending, or the id of a zone: names its page."""
    name: str = ""
    zone_id: str = ""
    zone_class: str = ""
    note: str = ""
    rules: tuple[str, ...] = ()
    """What each of its rules asks for, as its file has it: those of `watch`, then of `rules`."""
    asked: tuple[Watch | Rule, ...] = ()
    """The same as they were read, to be told in the reader's words (`areas.in_words`)."""
    geometry: Any = None
    problem: str = ""
    """Why it can't be read; empty where it can."""
    held: Mapping[str, Any] = field(default_factory=dict)
    """What the file says: name, class, note, `watch` and `rules`; `polygon`, pieces as
    `areas.pieces_of` reads them, where its outline is one that can be typed."""
    file: str = ""
    """Where it stands, below the folder of zones."""
    seen: str = ""
    """What tells it from what anybody makes of it meanwhile."""

    @property
    def drawn(self) -> bool:
        """Tell whether it is a zone of a GeoJSON file, among others."""
        return self.file.endswith(".geojson")

    @property
    def ruled(self) -> bool:
        """Tell whether its outline is a layer's, and nothing but its rules a user's own."""
        return self.file == layers.RULES_FILE

    @property
    def address(self) -> str:
        """Return where its page is."""
        own = self.file.startswith(f"{FOLDER}/")
        return f"/{'areas' if own else 'zones'}/{quote(self.stem)}"

    @property
    def pieces(self) -> list[Piece]:
        """Return its outline; no piece where it has more corners than can be typed."""
        return pieces_of(self.held.get("polygon")) or []


def all_of(installation: Installation) -> list[Area]:
    """Return every watch area of an installation, those that can't be read with what is wrong."""
    return [_area(path) for path in layers.area_files(installation.config / "zones")]


def find(installation: Installation, stem: str) -> Area | None:
    """Return a watch area by the name of its file; None where there is none."""
    return next((one for one in all_of(installation) if one.stem == stem), None)


def _area(path: Path) -> Area:
    file = f"{FOLDER}/{path.name}"
    try:
        zone, held = layers.read_area(path), read_bounded(path, MAX_BYTES)
        seen = layers.area_seen(path)
    except (ConfigError, OSError) as error:
        said = getattr(error, "message", "it can't be read")
        return Area(path.stem, one_line(path.stem, MAX_NAME), problem=said, file=file)
    return area_of(path.stem, zone, held, seen)


def find_zone(installation: Installation, zone_id: str) -> Area | None:
    """Return a zone of a GeoJSON file by its id; None where it stands in none.

    Raises ConfigError if it, or the file, is broken.
    """
    drawn = layers.find_drawn(installation.config / "zones", zone_id)
    if drawn is None:
        return None
    zone = layers.check_drawn(drawn, drawn.text)
    held = dict(drawn.feature["properties"])
    if "polygon" in held:  # is what we call its corners
        raise ConfigError(
            f"{zone_id} has a property 'polygon'", hint=f"change it in {zone['file']}"
        )
    pieces = drawn.pieces
    if sum(len(ring) for piece in pieces for ring in piece) <= MAX_CORNERS:
        held["polygon"] = pieces
    return area_of(zone_id, zone, held, drawn.seen)


def area_of(stem: str, zone: Mapping[str, Any], held: Mapping[str, Any], seen: str) -> Area:
    """Return an area from what it is as a zone, and what its file says."""
    told = [one.text for one in zone["watches"]]
    # Dates stand behind the source, which may be long.
    told += [
        f"{one.text} ({replace(one, source=one_line(one.source, _MAX_SOURCE)).cited})"
        for one in zone["rules"]
    ]
    return Area(
        stem,
        one_line(zone["name"], MAX_NAME),
        zone["zone_id"],
        zone["zone_class"],
        one_line(zone["note"], 500),
        tuple(one_line(text, MAX_SAID) for text in told),
        (*zone["watches"], *zone["rules"]),
        zone["geometry"],
        held=held,
        file=zone["file"],
        seen=seen,
    )


def form_of(area: Area, number: int, operator: str) -> Form:
    """Return the form that changes an area: one of its rules, or a further one."""
    rules = [one for name in LISTS for one in area.held.get(name) or ()]
    rule: Mapping[str, Any] = rules[number] if number < len(rules) else {"when": ""}
    ours = not area.drawn and not area.ruled
    if number >= len(rules) and ours and (number or area.zone_class == WATCH_CLASS):
        rule = {"when": "enter"}
    return Form(
        name=str(area.held["name"]),
        zone_class=area.zone_class,
        corners=shown(area.pieces),
        **facts_in(area.held),
        seen=area.seen,
        rule=str(min(number, len(rules))),
        operator=operator,
        drawn_from=str(area.held.get("source") or "") if area.drawn else "",
        confidence=str(area.held.get("confidence") or ""),
        **texts_of(rule),
    )


def classes_of(area: Area | None) -> dict[str, str]:
    """Return the classes that an area may be of, in words: one of a user's own stays."""
    own = WATCH_CLASS if area is None else area.zone_class
    return WORDS_ZONES if own in WORDS_ZONES else {own: own.replace("_", " "), **WORDS_ZONES}


def made_of(form: Form, area: Area | None, *, without: bool = False) -> dict[str, Any]:
    """Return what a form makes of an area, or of none, by the keys of its file.

    `without`: whether the rule is left out.

    Raises ConfigError if something that was typed can't be meant.
    """
    if not form.name:
        raise ConfigError("the area has no name")
    if not form.operator:
        raise ConfigError("who are you?", hint="your name goes with what you draw")
    held = {} if area is None else dict(area.held)
    if form.zone_class not in classes_of(area):
        raise ConfigError("what it is isn't chosen")
    watched = form.zone_class == WATCH_CLASS
    rules = rules_with(form, held, without=without)
    if watched and not any(rules.values()):
        raise ConfigError("an area without a rule tells of nothing", hint="remove the area")
    said = "drawn" if area is None else "changed"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    taken = ("name", "note", "zone_class", *LISTS, *FACTS)
    kept = {k: v for k, v in held.items() if k not in taken}
    bare = watched and "zone_class" not in held
    made = {
        "name": form.name,
        **({} if bare else {"zone_class": form.zone_class}),
        **kept,
        **_facts(form, held),
        "note": _noted(str(held.get("note") or ""), f"{said} by {form.operator}, {today}"),
        **_polygon(form, area, held),
        **{name: some for name, some in rules.items() if some},
    }
    if area is not None and area.drawn:
        if form.confidence not in CONFIDENCES:
            raise ConfigError("how sure the outline is isn't chosen")
        made |= {"source": form.drawn_from, "confidence": form.confidence}
    return made


def rules_with(form: Form, held: Mapping[str, Any], *, without: bool) -> dict[str, list[Any]]:
    """Return the lists of rules, with the one that was typed in its place, or without it."""
    rules = {name: list(held.get(name) or ()) for name in LISTS}
    slots = [(name, i) for name in LISTS for i in range(len(rules[name]))]
    old = slots[form.number] if form.number < len(slots) else None
    new = None if without else rule_of(form)
    if old is not None and new is not None and old[0] == new[0]:
        name, i = old
        if not _same(rules[name][i], new[1]):
            rules[name][i] = new[1]
    else:
        if old is not None:
            del rules[old[0]][old[1]]
        if new is not None:
            rules[new[0]].append(new[1])
    if sum(map(len, rules.values())) > MAX_RULES:
        raise ConfigError(f"an area has {MAX_RULES} rules at most here")
    return rules


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two rules say the same, in whatever order and however dates are written."""

    def plain(rule: Mapping[str, Any]) -> dict[str, Any]:
        said = {key: str(v) if isinstance(v, date) else v for key, v in rule.items()}
        said["vessels"] = sorted(said.get("vessels") or ())
        if said.get("confidence") == "reported":  # what is meant where nothing is said
            del said["confidence"]
        return {key: v for key, v in said.items() if v is not None}

    return plain(one) == plain(other)


def _noted(before: str, said: str) -> str:
    """Return an area's note with who drew it and who changed it last.

    >>> _noted("Off the pier.", "changed by A, 2026-11-28")
    'Off the pier. Changed by A, 2026-11-28'
    >>> _noted("drawn by B; changed by A, 2026-11-27", "changed by B, 2026-11-28")
    'drawn by B; changed by B, 2026-11-28'
    """
    kept = _CHANGED.sub("", before).strip()[: 490 - len(said)]
    if not kept:
        return said
    return f"{kept} {said[0].upper()}{said[1:]}" if kept[-1] in ".!?" else f"{kept}; {said}"


def _facts(form: Form, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return what only zones of its class say, as the file has it where nobody touched it."""
    made = facts_of(form)
    same = {key: held[key] for key in FACTS if held.get(key) is not None}
    return same if facts_in(same) == facts_in(made) else made


def _polygon(form: Form, area: Area | None, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outline; the file's own where nobody touched it, none where it can't be typed."""
    if area is not None and area.drawn and not form.corners.strip():
        return {"polygon": held["polygon"]} if "polygon" in held else {}
    before = [] if area is None else area.pieces
    made = outline_of(form.corners, before)
    return {"polygon": held["polygon"] if made == before else polygon_of(made)}
