"""What a check finds for a person to look at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """Something that a person should look at.

    Attributes
    ----------
    level
        "error": results would be wrong. "warning": they may be poorer than they could.
    where
        The file or zone.
    message, hint
        What is wrong, and what can be done about it.
    """

    level: Literal["error", "warning"]
    where: str
    message: str
    hint: str = ""
