"""The errors that the functional core raises."""


class SelatError(Exception):
    """An error with a message for a person, and a hint of what to do about it.

    Parameters
    ----------
    message
        What went wrong, in one sentence.
    hint
        What the reader can do about it, or empty.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # a notebook shows the traceback, and nothing else

    @property
    def told(self) -> str:
        """Return the message, with the hint behind it where there is one."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class FrameError(SelatError):
    """A frame lacks a column, or a column has the wrong type or order."""


class ConfigError(SelatError):
    """A setting is unknown or out of range."""

    exit_code = 2
