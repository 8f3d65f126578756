"""Gap: a vessel that was heard regularly falls silent where others are heard on."""

from detectors.gap.detector import Gap

__all__ = ["Gap"]
