"""All that a person may edit, looked at: seconds of geometry; `look` keeps what it found."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches

import detectors
from pipelines.ask.doctor import (
    attempt,
    check_config,
    check_learned,
    check_own_classes,
    check_reach,
    check_recipients,
    check_rule_files,
    check_rules,
    check_zone_files,
    check_zones,
)
from pipelines.assess.incidents.steps import ENDINGS, NEXT_STEPS
from pipelines.base import marks
from pipelines.base.labels import labels
from pipelines.base.problems import Problem
from pipelines.base.settings import Installation
from pipelines.ingest import Area
from pipelines.patrol import units
from pipelines.publish.packs import recipients
from pipelines.run.setup import load_zones


def examine(installation: Installation, now: datetime | None = None) -> list[Problem]:
    """Problems of what a person may edit: configuration, zones, area, learned places.

    With `now` also rules of zones that have expired.
    """
    zone_folder = installation.config / "zones"
    problems = [*check_config(installation.config), *check_zone_files(zone_folder)]
    problems += check_rule_files(zone_folder)
    problems += check_next_steps(installation.settings.assess.next_steps)
    if not any(problem.level == "error" for problem in problems):
        zones = load_zones(installation)
        problems += check_zones(zones)
        if now is not None:
            problems += check_rules(zones, zone_folder, now.date())
        problems += check_reach(installation.latest, zones)
        problems += check_own_classes(zones, detectors.build(installation.detectors))
        area = installation.settings.area
        problems += attempt("settings.yaml, area", lambda: Area.parse(area, zones))
        if (installation.config / recipients.FILE_NAME).exists():
            rules = marks.load(installation.config)
            problems += check_recipients(installation.config, installation.reference, zones, rules)
    problems += check_learned(installation.learned)
    if (installation.config / units.FILE_NAME).exists():
        problems += attempt(
            units.FILE_NAME, lambda: units.of(installation.config, installation.reference)
        )
    return problems


def check_next_steps(keys: Iterable[str]) -> Iterator[Problem]:
    """Yield what of a user's table of next steps says nothing, as no incident is called so."""
    known = {*NEXT_STEPS, *labels("en").kinds}
    for key in keys:
        if known.isdisjoint({key, *(key.removesuffix(f" {word}") for word in ENDINGS)}):
            near = get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            yield Problem(
                "warning",
                "settings.yaml, assess.next_steps",
                f"no incident is called {key!r}, so that its next step is never said",
                f"{hint}docs/reference/settings.md lists what is called how",
            )
