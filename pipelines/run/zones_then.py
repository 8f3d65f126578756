"""The zones that a run had, as far as its manifest tells: which files of them, and their hashes."""

from collections.abc import Mapping
from typing import Any

from detectors.surroundings.zones import Zones
from pipelines.base.settings import Installation
from pipelines.run.manifest import configuration_hashes

_ZONES = "zones/"


def zones_then(
    installation: Installation, zones: Zones, manifest: Mapping[str, Any]
) -> tuple[Zones, tuple[str, ...]]:
    """Return the zones of now without those of files that a run hadn't, and the files that it had
    which were changed or are gone since: of those only what they hold now is known.

    Of a run whose manifest names no files nothing is left out.
    """
    then = _files(manifest.get("configuration", {}))
    if not then:
        return zones, ()
    now = _files(configuration_hashes(installation))
    later = zones.frame["file"].isin(now.keys() - then.keys())
    known = zones.framed(zones.frame[~later]) if later.any() else zones
    return known, tuple(sorted(name for name, hash_ in then.items() if now.get(name) != hash_))


def _files(configuration: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_ZONES): hash_
        for name, hash_ in configuration.items()
        if name.startswith(_ZONES) and name != f"{_ZONES}rules.yaml"
    }
