"""Checks of the rules that zones carry: those that hold no more, or belong to no zone."""

from datetime import date
from pathlib import Path

from detectors.core.errors import SelatError
from detectors.surroundings.zones import Zones
from pipelines.base.problems import Problem
from pipelines.reference import layers as reference


def check_rules(zones: Zones, zones_dir: Path, today: date) -> list[Problem]:
    """Find rules that have expired, and those in ``rules.yaml`` whose zone isn't there."""
    problems = []
    for row, rule in zones.rules:
        if rule.valid_until is not None and rule.valid_until < today:
            text = f"its rule {rule.text} held until {rule.valid_until}: what came later isn't judged"
            hint = "is there a newer one? Keep the old one, which counts for the past"
            problems.append(Problem("warning", f"zone {zones.id_of(row)}", text, hint))
    known = set(zones.frame["zone_id"])
    for zone_id in reference.load_rules(zones_dir):
        if zone_id not in known:
            text = f"there is no zone {zone_id[:60]!r}, so that its rules count nowhere"
            hint = "mend its name; of other waters than these it can stay"
            problems.append(Problem("warning", reference.RULES_FILE, text, hint))
    return problems


def check_rules_file(zones_dir: Path) -> list[Problem]:
    """Check that ``rules.yaml`` can be read, and each of its rules."""
    try:
        reference.load_rules(zones_dir)
    except SelatError as error:
        return [Problem("error", reference.RULES_FILE, error.message, error.hint)]
    return []
