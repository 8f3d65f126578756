"""Rules of zones that stand in no file of a user's own: territorial seas and other layers.

``rules.yaml`` in the folder of zones holds a list of rules by zone id. A zone that isn't there (the
layers of other waters) leaves its rules unread; `selat doctor` names it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from detectors.core.errors import ConfigError
from detectors.surroundings.rules import Rule
from pipelines.base.yaml_files import read_yaml
from pipelines.reference.layers.features import read_rules

RULES_FILE: Final = "rules.yaml"
MAX_BYTES: Final = 1_000_000
"""A longer one isn't read: all the law of the Strait is a few pages."""


def load_rules(zones_dir: Path) -> Mapping[str, tuple[Rule, ...]]:
    """Return the rules of ``rules.yaml`` by zone id; none where there is no such file.

    Raises
    ------
    ConfigError
        If it can't be read, or a rule is broken: says which, and what is wrong.
    """
    path = zones_dir / RULES_FILE
    if not path.is_file():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{RULES_FILE} has more than {MAX_BYTES:,} bytes")
    content = read_yaml(path)
    return {
        str(zone_id): read_rules(made, f"{RULES_FILE}, {str(zone_id)[:60]}")
        for zone_id, made in content.items()
    }
