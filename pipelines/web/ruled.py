"""Zones of layers: what is asked of vessels in them is a user's own, in a file of rules."""

from collections.abc import Mapping
from typing import Any

from detectors.core.errors import ConfigError
from pipelines.base.settings import Installation
from pipelines.reference import layers
from pipelines.reference.layers import RULES_FILE
from pipelines.reference.layers.areas import FOLDER
from pipelines.reference.layers.features import read_rules
from pipelines.run.setup import load_zones
from pipelines.web.areas import WORDS_ASKS, Form
from pipelines.web.changing import Area, area_of, rules_with


def find(installation: Installation, zone_id: str) -> Area | None:
    """Return a zone of a layer, with its rules; None where there is none.

    Raises ConfigError if a file can't be read.
    """
    frame = load_zones(installation).frame
    mine = frame[(frame["zone_id"] == zone_id) & ~frame["file"].str.startswith(f"{FOLDER}/")]
    if mine.empty:
        return None
    rules, seen = layers.written_rules(installation.config / "zones", zone_id)
    zone = mine.iloc[0].to_dict() | {"watches": (), "file": RULES_FILE}
    held = {"name": zone["name"], "rules": rules}
    return area_of(zone_id, zone | {"rules": read_rules(rules, RULES_FILE)}, held, seen)


def zone_of(installation: Installation, form: Form, area: Area, *, without: bool) -> dict[str, Any]:
    """Return the zone with the rules that a form makes of it; `written`: as they are written.

    Raises ConfigError if what was typed is no rule.
    """
    if not form.operator:
        raise ConfigError("who are you?", hint="your name goes with what you draw")
    if form.when and form.when not in WORDS_ASKS:
        raise ConfigError("of this zone only what is asked of vessels is said here")
    rules = rules_with(form, area.held, without=without)["rules"]
    frame = load_zones(installation).frame
    zone = frame[frame["zone_id"] == area.zone_id].iloc[0].to_dict()
    made = {"watches": (), "file": RULES_FILE, "rules": read_rules(rules, RULES_FILE)}
    return {**zone, **made, "written": rules}


def write(installation: Installation, zone: Mapping[str, Any], seen: str) -> None:
    """Write the rules of a zone into their file."""
    folder = installation.config / "zones"
    layers.write_rules(folder, zone["zone_id"], zone["written"], seen=seen)
