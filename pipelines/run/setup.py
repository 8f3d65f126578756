"""What a run works with, loaded once: zones, detectors and fitted models of an installation."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import detectors
from detectors.core.detector import Detector
from detectors.surroundings.landmarks import Gazetteer
from detectors.surroundings.zones import Zones
from pipelines.base.settings import Installation
from pipelines.reference import layers as reference


@dataclass(frozen=True)
class Setup:
    """An installation with what its runs work with."""

    installation: Installation
    zones: Zones
    """As `load_zones` gives them."""
    detectors: tuple[Detector, ...]
    """As `build_detectors` gives them."""
    models: Mapping[str, Any]
    """As `load_models` gives them."""

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """Return what places are described by, loaded when it is first asked for."""
        return reference.load_gazetteer(self.installation.reference)

    @classmethod
    def load(cls, installation: Installation) -> "Setup":
        """Load it; raises ConfigError if a zone, a detector's block or a model is broken."""
        return cls(
            installation,
            load_zones(installation),
            tuple(build_detectors(installation)),
            load_models(installation),
        )


def load_zones(installation: Installation) -> Zones:
    """Load the zones and land of an installation, accepted learned places among them."""
    return reference.load_zones(
        installation.config / "zones", installation.reference, installation.learned
    )


def build_detectors(installation: Installation) -> list[Detector]:
    """Build the configured detectors."""
    return detectors.build(installation.detectors)


def load_models(installation: Installation) -> dict[str, Any]:
    """Load the models of an installation by name: fitted ones, and its tide table."""
    from pipelines.reference import models  # they are slow to import

    return models.of(installation)
