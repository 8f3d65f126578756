"""The error of this stage."""

from detectors.core.errors import SelatError


class ListenError(SelatError):
    """A live feed can't be listened to, or what it sends can't be written."""

    exit_code = 8
