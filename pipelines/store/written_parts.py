"""What an incident's score is made of as version 10 of the store wrote it, brought to JSON.

It was a text, "gap 0.42 of 0.70: coverage | history 0.10". Frozen, as the stores on people's disks
are.
"""

import json
import re
from typing import Any, Final

_PART: Final = re.compile(
    r"(?P<kind>\S+)(?: (?P<subkind>[^|]+?))? (?P<score>\d\.\d\d)"
    r"(?: of (?P<before>\d\.\d\d): (?P<why>.+))?",
    re.DOTALL,  # a line feed in a text of a megabyte would be looked for from each number on
)


def converted(text: str | None) -> str:
    """Return the JSON of `made_of` from the text; of one that can't be read no part.

    >>> converted("gap 0.42 of 0.70: coverage | identity hand_over 0.10")
    '[{"kind": "gap", "score": 0.42, "before": 0.7, "why": "coverage"}, {"kind": ...}]'
    """
    found = [_PART.fullmatch(part) for part in (text or "").split(" | ")]
    return json.dumps([_part(one.groupdict()) for one in found if one is not None])


def _part(given: dict[str, Any]) -> dict[str, Any]:
    numbers = {"score", "before"}
    return {k: float(v) if k in numbers else v for k, v in given.items() if v is not None}
