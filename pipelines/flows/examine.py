"""What `selat doctor` looks at."""

from pipelines import ingest, marks
from pipelines.doctor import (
    Problem,
    attempt,
    check_config,
    check_learned,
    check_recipients,
    check_zone_files,
    check_zones,
)
from pipelines.export import recipients
from pipelines.flows.plan import configuration as patrol_config
from pipelines.flows.runs import load_zones
from pipelines.settings import Installation
from pipelines.store import exists, read


def examine(installation: Installation) -> list[Problem]:
    """Problems of an installation: configuration, zones, area, store; none if all is well."""
    zone_folder = installation.config / "zones"
    problems = [*check_config(installation.config), *check_zone_files(zone_folder)]
    if not problems:
        zones = load_zones(installation)
        problems += check_zones(zones)
        area = installation.settings.area
        problems += attempt("settings.yaml, area", lambda: ingest.Area.parse(area, zones))
        if (installation.config / recipients.FILE_NAME).exists():
            rules = marks.load(installation.config)
            problems += check_recipients(installation.config, zones, rules)
    problems += check_learned(installation.learned)
    if (installation.config / "patrol.yaml").exists():
        problems += attempt("patrol.yaml", lambda: patrol_config(installation))
    if installation.failure.exists():
        text = installation.failure.read_text(encoding="utf-8").strip()
        problems.append(Problem("error", "nightly run", text, "mend it and run again"))
    if exists(installation.store):
        problems += attempt("store", lambda: _open_store(installation))
    return problems


def _open_store(installation: Installation) -> None:
    with read(installation.store, installation.settings.store) as store:
        store.last_run()
