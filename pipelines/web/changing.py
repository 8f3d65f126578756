"""Zones and watch areas as they are opened at the desk, and as what their files say then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from detectors.core.errors import ConfigError
from detectors.surroundings.zones import CONFIDENCES
from pipelines.base.settings import Installation
from pipelines.base.text import one_line
from pipelines.base.yaml_files import read_bounded
from pipelines.reference import layers
from pipelines.reference.layers.areas import FOLDER, MAX_BYTES, MAX_NAME, WATCH_CLASS
from pipelines.reference.layers.files import slug
from pipelines.run import backtests
from pipelines.run.setup import load_zones
from pipelines.web.areas import WORDS_ZONES, Form, rule_of, texts_of
from pipelines.web.corners import MAX_CORNERS, ring_of, shown

MAX_RULES: Final = 50
LISTS: Final = ("watch", "rules")
"""What the rules of a zone are kept in: what is to be told of, and what is asked of vessels."""
_MAX_FILE_NAME: Final = 60


@dataclass(frozen=True)
class Area:
    """A watch area, or a zone of a GeoJSON file, that there is.

    Attributes
    ----------
    stem
        The name of a watch area's file without ending, or the id of a zone: names its page.
    file
        Where it stands, below the folder of zones.
    rules
        What each of its rules asks for, in a line: those of `watch`, then those of `rules`.
    problem
        Why it can't be read; empty where it can.
    held
        What the file says: name, class, note, `watch` and `rules`; `polygon`, an open ring, where
        its outline is one that can be typed.
    seen
        What tells it from what anybody makes of it meanwhile.
    """

    stem: str
    name: str = ""
    zone_id: str = ""
    zone_class: str = ""
    note: str = ""
    rules: tuple[str, ...] = ()
    geometry: Any = None
    problem: str = ""
    held: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    seen: str = ""

    @property
    def drawn(self) -> bool:
        """Whether it is a zone of a GeoJSON file, among others."""
        return not self.file.startswith(f"{FOLDER}/")

    @property
    def pieces(self) -> int:
        """Return of how many pieces and holes its outline is, or how many corners it has.

        0 where it is shown as text.
        """
        return 0 if "polygon" in self.held else len(getattr(self.geometry, "geoms", (1,)))


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
    return _of(path.stem, zone, held, seen)


def find_zone(installation: Installation, zone_id: str) -> Area | None:
    """Return a zone of a GeoJSON file by its id; None where it stands in none.

    Raises
    ------
    ConfigError
        If it, or the file, is broken.
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
    outline = drawn.feature["geometry"]
    pieces = outline["coordinates"]
    rings = pieces[0] if outline["type"] == "MultiPolygon" and len(pieces) == 1 else pieces
    if zone["geometry"].geom_type == "Polygon" or len(pieces) == 1:
        ring = [list(point[:2]) for point in rings[0][:-1]]
        if len(rings) == 1 and len(ring) <= MAX_CORNERS:
            held["polygon"] = ring
    return _of(zone_id, zone, held, drawn.seen)


def _of(stem: str, zone: Mapping[str, Any], held: Mapping[str, Any], seen: str) -> Area:
    told = [one.text for one in zone["watches"]]
    told += [f"{one.text} ({one.cited})" for one in zone["rules"]]
    return Area(
        stem,
        one_line(zone["name"], MAX_NAME),
        zone["zone_id"],
        zone["zone_class"],
        one_line(zone["note"], 500),
        tuple(one_line(text, 200) for text in told),
        zone["geometry"],
        held=held,
        file=zone["file"],
        seen=seen,
    )


def form_of(area: Area, number: int, operator: str) -> Form:
    """Return the form that changes an area: one of its rules, or a further one."""
    rules = [one for name in LISTS for one in area.held.get(name) or ()]
    rule: Mapping[str, Any] = rules[number] if number < len(rules) else {"when": ""}
    if number >= len(rules) and not area.drawn and (number or area.zone_class == WATCH_CLASS):
        rule = {"when": "enter"}
    return Form(
        name=str(area.held["name"]),
        zone_class=area.zone_class,
        corners=shown(area.held.get("polygon", ())),
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
    rules = _rules(form, held, without=without)
    if watched and not any(rules.values()):
        raise ConfigError("an area without a rule tells of nothing", hint="remove the area")
    said = "drawn" if area is None else "changed"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    taken = ("name", "note", "zone_class", *LISTS)
    kept = {k: v for k, v in held.items() if k not in taken}
    bare = watched and "zone_class" not in held
    made = {
        "name": form.name,
        **({} if bare else {"zone_class": form.zone_class}),
        **kept,
        "note": _noted(str(held.get("note") or ""), f"{said} by {form.operator}, {today}"),
        **_polygon(form, area, held),
        **{name: some for name, some in rules.items() if some},
    }
    if area is not None and area.drawn:
        if form.confidence not in CONFIDENCES:
            raise ConfigError("how sure the outline is isn't chosen")
        made |= {"source": form.drawn_from, "confidence": form.confidence}
    return made


def _rules(form: Form, held: Mapping[str, Any], *, without: bool) -> dict[str, list[Any]]:
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
    """Whether two rules say the same, in whatever order and however dates are written."""

    def plain(rule: Mapping[str, Any]) -> dict[str, Any]:
        said = {key: str(v) if isinstance(v, date) else v for key, v in rule.items()}
        said["vessels"] = sorted(said.get("vessels") or ())
        if said.get("confidence") == "reported":  # what is meant where nothing is said
            del said["confidence"]
        return {key: v for key, v in said.items() if v is not None}

    return plain(one) == plain(other)


def _noted(before: str, said: str) -> str:
    """Return an area's note with who drew it and who changed it last."""
    kept = [one for one in before.split("; ") if one and not one.startswith("changed by ")]
    return "; ".join(["; ".join(kept)[: 498 - len(said)], said] if kept else [said])


def _polygon(form: Form, area: Area | None, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the corners; the file's own where nobody touched them, none where it has others."""
    if area is not None and area.drawn and not form.corners.strip():
        return {} if area.pieces else {"polygon": list(held["polygon"])}
    return {"polygon": ring_of(form.corners, held.get("polygon", ()))}


# ---- what a form makes of it, to be tried and written


@dataclass(frozen=True)
class Change:
    """An area as a form would have it, sound enough for every run.

    `told`: what is other than before, in words.
    """

    installation: Installation
    form: Form
    area: Area | None
    stem: str
    made: Mapping[str, Any]
    zone: Mapping[str, Any]
    told: str

    def trial(self) -> backtests.Trial:
        """Return what holds it against the zones as they are."""
        return backtests.trial_of_zone(self.installation, self.zone)

    def write(self) -> None:
        """Write it into its file, and who changed what beside it."""
        folder = self.installation.config / "zones"
        if self.area is not None and self.area.drawn:
            properties, outline = _feature(self.made, self.area)
            layers.write_drawn(folder, self.stem, properties, outline, seen=self.form.seen)
        else:
            text = _text(self.installation, self.made, self.area)
            layers.write_area(folder, self.stem, text, seen=self.form.seen if self.area else "")
        _note(self.installation, self.form.operator, self.zone, self.told)


def change_of(
    installation: Installation, form: Form, area: Area | None, *, without: bool = False
) -> Change:
    """Return a change, after everything was checked that a run would stumble over.

    Raises
    ------
    ConfigError
        If what was typed makes no zone, or its id is another zone's.
    """
    made = made_of(form, area, without=without)
    stem = _stem_of(form) if area is None else area.stem
    if area is not None and area.drawn:
        zones_dir = installation.config / "zones"
        drawn = layers.find_drawn(zones_dir, stem)
        if drawn is None:
            raise ConfigError(f"{stem} stands in no file any more", hint="open it again")
        zone = layers.check_drawn(drawn, drawn.with_it(*_feature(made, area)))
    else:
        zone = layers.check_area(layers.area_text(made), stem)
    if area is None:
        frame = load_zones(installation).frame
        mine = frame[frame["zone_id"] == zone["zone_id"]]
        if len(mine) and not str(mine["file"].iloc[0]).startswith(f"{FOLDER}/"):
            raise ConfigError(f"a zone has the id {zone['zone_id']} already", hint="another name")
    return Change(installation, form, area, stem, made, zone, _told(zone, made, area))


def remove(installation: Installation, form: Form, area: Area) -> None:
    """Take an area out of use.

    Raises
    ------
    SelatError
        If nobody's name goes with it, or it was changed meanwhile.
    """
    if not form.operator:
        raise ConfigError("who are you?")
    take = layers.remove_drawn if area.drawn else layers.remove_area
    take(installation.config / "zones", area.stem, seen=form.seen)
    about = {"zone_id": area.zone_id, "file": area.file}
    _note(installation, form.operator, about, f"{area.name}: removed")


def _stem_of(form: Form) -> str:
    """Return the name of a new area's file.

    Raises ConfigError if nothing of the area's name can stand in it.
    """
    stem = slug(form.name)[:_MAX_FILE_NAME].strip("-")
    if not stem:
        raise ConfigError(
            "the name holds no letter from a to z and no digit", hint="its file is called after it"
        )
    return stem


def _text(installation: Installation, made: Mapping[str, Any], area: Area | None) -> str:
    """Return the text of a watch area's file, with what else stands in it."""
    if area is None:
        return layers.area_text(made)
    path = installation.config / "zones" / area.file
    return layers.area_text(made, path.read_bytes().decode("utf-8"))


def _feature(made: Mapping[str, Any], area: Area) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return properties of a zone, in the order of its file, and its outline; None: as it is."""
    ring = made.get("polygon")
    said = {key: _plain(value) for key, value in made.items() if key != "polygon"}
    held = {key: said[key] for key in area.held if key in said}
    if ring is None or ring == area.held.get("polygon"):
        return {**held, **said}, None
    return {**held, **said}, {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _plain(value: Any) -> Any:
    """Return a value as JSON can have it: dates as text."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, date) else value


def _told(zone: Mapping[str, Any], made: Mapping[str, Any], area: Area | None) -> str:
    """Return in words what is other than before."""
    after = _of("", zone, made, "")
    if area is None:
        return one_line(f"{after.name}: drawn, {'; '.join(after.rules) or after.zone_class}", 500)
    said = [
        f"{word} {before} → {now}"
        for word, before, now in (
            ("name", area.name, after.name),
            ("class", area.zone_class, after.zone_class),
            ("source", area.held.get("source"), made.get("source")),
            ("confidence", area.held.get("confidence"), made.get("confidence")),
        )
        if before != now
    ]
    if not area.geometry.equals(after.geometry):
        before, now = (
            len(one.exterior.coords) - 1 if one.geom_type == "Polygon" else 0
            for one in (area.geometry, after.geometry)
        )
        said.append(f"outline of {before} corners → {now}" if before else "another outline")
    said += [f"with {rule}" for rule in after.rules if rule not in area.rules]
    said += [f"without {rule}" for rule in area.rules if rule not in after.rules]
    return one_line(f"{area.name}: {'; '.join(said) or 'nothing but its note'}", 500)


def _note(installation: Installation, by: str, zone: Mapping[str, Any], told: str) -> None:
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    change = layers.Changed(at, by, zone["file"], zone["zone_id"], told)
    layers.note_change(installation.changes, change)
