"""The error of this stage."""

from detectors.core.errors import SelatError


class IngestError(SelatError):
    """A feed can't be found, can't be read, or isn't a feed."""

    exit_code = 3
