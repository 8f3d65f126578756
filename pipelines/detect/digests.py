"""Digests of all vessels, made while they are read part by part: see `Detector.digest`."""

from collections.abc import Callable, Sequence
from typing import Any

from detectors.core.detector import Context, Detector, Gathered
from detectors.kinematics.integrity import Segmented


class Digests:
    """What detectors keep of all vessels for the sake of others.

    Parameters
    ----------
    detectors
        Those that will be asked.
    failed
        Called with name and error of one that raised; it keeps nothing more.
    """

    def __init__(
        self, detectors: Sequence[Detector], failed: Callable[[str, Exception], None]
    ) -> None:
        self._detectors = {d.name: d for d in detectors if d.digests}
        self._kept: dict[str, list[Any]] = {name: [] for name in self._detectors}
        self._failed = failed

    def add(self, found: Segmented) -> None:
        """Keep what is needed of some vessels, all of whose reports these are."""
        for name, detector in list(self._detectors.items()):
            try:
                self._kept[name].append(detector.digest(found.tracked, found.noise))
            except Exception as error:  # one failing detector mustn't stop the others
                del self._detectors[name], self._kept[name]
                self._failed(name, error)

    def gather(self, detector: Detector, context: Context) -> Gathered:
        """Return what a detector must know of all, once."""
        return detector.gather(self._kept.pop(detector.name), context)
