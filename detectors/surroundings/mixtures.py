"""Mixtures of velocities: what a class of ship does in a cell, and anywhere."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.core.arrays import Floats

BACKGROUND_WEIGHT: Final = 0.05
"""Share of the density that is what the class does anywhere: it keeps the tails of the streams
from deciding how surprising something is."""
SPEED_BINS: Final = 60
"""What a class does anywhere: its speeds by the knot, on any course."""


@dataclass(frozen=True)
class Mixture:
    """One Gaussian mixture with its background per row."""

    weight: Floats
    mean: Floats
    covariance: Floats
    speed_density: Floats

    def log_density(self, east: Floats, north: Floats) -> Floats:
        """Log density per square knot of each row's velocity in its mixture."""
        streams = log_normal(east, north, self.mean, self.covariance)
        with np.errstate(divide="ignore"):
            weighted = streams + np.log(self.weight * (1.0 - BACKGROUND_WEIGHT))
        speed_kn = np.hypot(east, north)
        by_speed = np.minimum(speed_kn.astype("int64"), SPEED_BINS - 1)
        density = self.speed_density[np.arange(len(speed_kn)), by_speed]
        # Per knot of speed; per square knot it is spread over the circle of that speed.
        rest = np.log(density / (2 * np.pi * np.maximum(speed_kn, 1.0)) * BACKGROUND_WEIGHT)
        return np.asarray(
            np.logaddexp.reduce(np.concatenate([weighted, rest[:, None]], axis=1), axis=1)
        )

    def nearest(self, east: Floats, north: Floats) -> Floats:
        """Mean of the stream that fits best; the own velocity where there is none, at the class's
        most usual speed.
        """
        streams = log_normal(east, north, self.mean, self.covariance)
        with np.errstate(divide="ignore"):
            best = (streams + np.log(self.weight)).argmax(axis=1)
        mean = self.mean[np.arange(len(best)), best]
        none = self.weight.sum(axis=1) == 0
        speed_kn = np.maximum(np.hypot(east, north), 1e-6)
        faster = (self.speed_density.argmax(axis=1) + 0.5) / speed_kn
        own = np.stack([east, north], axis=1) * faster[:, None]
        return np.asarray(np.where(none[:, None], own, mean))


def log_normal(east: Floats, north: Floats, mean: Floats, covariance: Floats) -> Floats:
    """Return the log of the density of a normal distribution, per square knot."""
    x, y = east[:, None] - mean[..., 0], north[:, None] - mean[..., 1]
    a, b, c = covariance[..., 0, 0], covariance[..., 0, 1], covariance[..., 1, 1]
    determinant = a * c - b * b
    squared = (c * x * x - 2 * b * x * y + a * y * y) / determinant
    return np.asarray(-0.5 * squared - 0.5 * np.log(determinant) - np.log(2 * np.pi))
