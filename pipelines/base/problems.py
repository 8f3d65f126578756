"""What a check finds for a person to look at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """Something that a person should look at.

    `level`: "error": results would be wrong. "warning": they may be poorer than they could.
    """

    level: Literal["error", "warning"]
    where: str
    message: str
    hint: str = ""
