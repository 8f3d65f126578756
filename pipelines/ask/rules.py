"""Checks of the rules that zones carry: those that hold no more, or belong to no zone."""

from datetime import date
from functools import partial
from pathlib import Path

from detectors.surroundings.zones import Zones
from pipelines.ask.doctor import attempt
from pipelines.base.problems import Problem
from pipelines.reference import layers as reference


def check_rules(zones: Zones, zones_dir: Path, today: date) -> list[Problem]:
    """Find rules that have expired, and those in ``rules.yaml`` whose zone isn't there."""
    problems = []
    for row, rule in zones.rules:
        if rule.valid_until is not None and rule.valid_until < today:
            text = (
                f"its rule {rule.text} held until {rule.valid_until}: what came later isn't judged"
            )
            hint = "is there a newer one? Keep the old one, which counts for the past"
            problems.append(Problem("warning", f"zone {zones.id_of(row)}", text, hint))
    known = set(zones.frame["zone_id"])
    for zone_id in reference.load_rules(zones_dir):
        if zone_id not in known:
            text = f"there is no zone {zone_id[:60]!r}, so that its rules count nowhere"
            hint = "mend its name; of other waters than these it can stay"
            problems.append(Problem("warning", reference.RULES_FILE, text, hint))
    return problems


def check_files(zones_dir: Path) -> list[Problem]:
    """Check ``rules.yaml``, and each watch area by itself."""
    problems = attempt(reference.RULES_FILE, partial(reference.load_rules, zones_dir))
    files = attempt("watch areas", partial(reference.area_files, zones_dir))
    if not files:
        for path in reference.area_files(zones_dir):
            problems += attempt(path.name, partial(reference.read_area, path))
    return problems + files
