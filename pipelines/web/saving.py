"""A zone or a watch area as somebody would have it: tried, written, and who changed what kept."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import shapely

from detectors.core.errors import ConfigError
from pipelines.base.settings import Installation
from pipelines.base.text import one_line
from pipelines.learn.shapes import area_km2
from pipelines.reference import layers
from pipelines.reference.layers.areas import FOLDER, Piece, pieces_of
from pipelines.reference.layers.files import slug
from pipelines.run import backtests
from pipelines.run.setup import load_zones
from pipelines.web import ruled
from pipelines.web.areas import Form
from pipelines.web.changing import FACTS, LISTS, Area, area_of, made_of

_MAX_FILE_NAME: Final = 60


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
        with _noting(self.installation, self.form.operator, self.zone, self.told):
            if self.area is not None and self.area.drawn:
                properties, outline = _feature(self.made, self.area)
                layers.write_drawn(folder, self.stem, properties, outline, seen=self.form.seen)
            elif self.area is not None and self.area.ruled:
                ruled.write(self.installation, self.zone, self.form.seen)
            else:
                text = _text(self.installation, self.made, self.area)
                layers.write_area(folder, self.stem, text, seen=self.form.seen if self.area else "")


def change_of(
    installation: Installation, form: Form, area: Area | None, *, without: bool = False
) -> Change:
    """Return a change, after everything was checked that a run would stumble over.

    Raises ConfigError if what was typed makes no zone, or its id is another zone's.
    """
    if area is not None and area.ruled:
        zone = ruled.zone_of(installation, form, area, without=without)
        made = {"name": area.name, "rules": zone["written"]}
        return Change(installation, form, area, area.stem, made, zone, _told(zone, made, area))
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

    Raises SelatError if nobody's name goes with it, or it was changed meanwhile.
    """
    if not form.operator:
        raise ConfigError("who are you?")
    if area.ruled:
        raise ConfigError("its outline is a layer's: leave out its rules")
    take = layers.remove_drawn if area.drawn else layers.remove_area
    about = {"zone_id": area.zone_id, "file": area.file}
    with _noting(installation, form.operator, about, f"{area.name}: removed"):
        take(installation.config / "zones", area.stem, seen=form.seen)


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


def _feature(made: Mapping[str, Any], area: Area) -> tuple[dict[str, Any], list[Piece] | None]:
    """Return properties of a zone, in the order of its file, and its outline; None: as it is."""
    polygon = made.get("polygon")
    said = {key: _plain(value) for key, value in made.items() if key != "polygon"}
    held = {key: said[key] for key in area.held if key in said}
    same = polygon is None or polygon == area.held.get("polygon")
    return {**held, **said}, None if same else pieces_of(polygon)


def _plain(value: Any) -> Any:
    """Return a value as JSON can have it: dates as text."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, date) else value


def _told(zone: Mapping[str, Any], made: Mapping[str, Any], area: Area | None) -> str:
    after = area_of("", zone, made, "")
    if area is None:
        return one_line(f"{after.name}: drawn, {'; '.join(after.rules) or after.zone_class}", 500)
    said = [
        f"{word} {before} → {now}"
        for word, before, now in (
            ("name", area.name, after.name),
            ("class", area.zone_class, after.zone_class),
            ("source", area.held.get("source"), made.get("source")),
            ("confidence", area.held.get("confidence"), made.get("confidence")),
            *((key.replace("_", " "), area.held.get(key), made.get(key)) for key in FACTS),
        )
        if before != now
    ]
    if not area.ruled and not area.geometry.equals(after.geometry):
        said.append(f"outline of {_size(area.geometry)} → {_size(after.geometry)}")
    said += [f"with {rule}" for rule in after.rules if rule not in area.rules]
    said += [f"without {rule}" for rule in area.rules if rule not in after.rules]
    if not said:
        same = all((area.held.get(name) or []) == (made.get(name) or []) for name in LISTS)
        said = ["nothing but its note" if same else "the words of a rule"]
    return one_line(f"{area.name}: {'; '.join(said)}", 500)


def _size(outline: Any) -> str:
    """Return corners, square kilometres, pieces and holes of an outline."""
    pieces = [outline] if outline.geom_type == "Polygon" else outline.geoms
    holes = sum(len(one.interiors) for one in pieces)
    corners = shapely.get_num_coordinates(outline) - len(pieces) - holes
    said = f"{corners} corners, {area_km2(outline):.1f} km²"
    said += f", {len(pieces)} pieces" if len(pieces) > 1 else ""
    return said + (f", {holes} hole{'s' * (holes > 1)}" if holes else "")


def _noting(
    installation: Installation, by: str, zone: Mapping[str, Any], told: str
) -> AbstractContextManager[None]:
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    change = layers.Changed(at, by, zone["file"], zone["zone_id"], told)
    return layers.noting(installation.changes, change)
