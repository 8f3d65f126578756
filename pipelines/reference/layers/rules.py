"""Rules of zones that stand in no file of a user's own: territorial seas and other layers.

``rules.yaml`` in the folder of zones holds a list of rules by zone id. A zone that isn't there (the
layers of other waters) leaves its rules unread; `selat doctor` names it.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from detectors.core.errors import ConfigError
from detectors.surroundings.rules import Rule
from pipelines.base.files import locked, write_text
from pipelines.base.rewriting import yaml_with
from pipelines.base.yaml_files import read_value, read_yaml
from pipelines.reference.layers.areas import AreaTakenError
from pipelines.reference.layers.features import read_rules

RULES_FILE: Final = "rules.yaml"
MAX_BYTES: Final = 1_000_000
"""A longer one isn't read: all the law of the Strait is a few pages."""


def load_rules(zones_dir: Path) -> Mapping[str, tuple[Rule, ...]]:
    """Return the rules of ``rules.yaml`` by zone id; none where there is no such file.

    Raises ConfigError if it can't be read, or a rule is broken: says which, and what is wrong.
    """
    return {
        str(zone_id): read_rules(made, f"{RULES_FILE}, {str(zone_id)[:60]}")
        for zone_id, made in _content(zones_dir).items()
    }


def written_rules(zones_dir: Path, zone_id: str) -> tuple[list[Mapping[str, Any]], str]:
    """Return the rules of a zone as ``rules.yaml`` has them, and what tells them from others.

    Raises ConfigError as `load_rules` does.
    """
    load_rules(zones_dir)
    rules = list(_content(zones_dir).get(zone_id) or ())
    return rules, _seen(rules)


def write_rules(
    zones_dir: Path, zone_id: str, rules: Sequence[Mapping[str, Any]], *, seen: str
) -> Path:
    """Write the rules of a zone, the rest of the file as it is; what it said stays as ``.before``.

    Raises
    ------
    ConfigError
        If one is no rule.
    AreaTakenError
        If they were changed meanwhile.
    """
    read_rules(list(rules), RULES_FILE)
    with locked(zones_dir):
        path = zones_dir / RULES_FILE
        held = _content(zones_dir)
        if _seen(held.get(zone_id) or ()) != seen:
            raise AreaTakenError(f"{zone_id} was changed since it was opened", hint="open it again")
        made = {**held, zone_id: list(rules)} if rules else dict(held)
        if not rules:
            made.pop(zone_id, None)
        before = path.read_bytes().decode("utf-8") if path.is_file() else ""
        text = yaml_with(before, held, made) if held else before
        if read_value(text) != made:
            text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True)
        try:
            write_text(path.with_name(f"{RULES_FILE}.before"), before)
            return write_text(path, text)
        except OSError as error:
            raise ConfigError(f"{RULES_FILE} can't be written: {error.strerror}") from error


def _seen(rules: Sequence[Any]) -> str:
    return sha256(json.dumps(list(rules), default=str, sort_keys=True).encode()).hexdigest()


def _content(zones_dir: Path) -> Mapping[str, Any]:
    path = zones_dir / RULES_FILE
    if not path.is_file():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{RULES_FILE} has more than {MAX_BYTES:,} bytes")
    return read_yaml(path)
