"""What the program says of its own state in English, in the reader's language: by its patterns.

The commands say it in English, and so do the log, notices and the manifest; the reader of a page or
a brief may want Malay.
What no pattern fits stays English, and is told to be.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from pipelines.base.labels import Labels, labels

_NEUTRAL: Final = re.compile(r"\S+|[\d.,]+ [MG]B")
"""Names, ids, paths and sizes, which are the same in every language."""
_BETWEEN: Final = re.compile(r"(, |; )")
_SENTENCES: Final = frozenset({"which", "why"})
"""Values of a pattern that are texts themselves."""
_LONGEST_SENTENCE: Final = 600
_LONGEST_TEXT: Final = 20_000
"""Characters. A sentence with six values in it is looked for in time with a high power of the
length: a name of 4000 characters, which a failure quotes, took a minute at each view."""


def spoken(words: Labels, text: str) -> tuple[str, bool]:
    """Return a text in the reader's language, and whether some of it stayed English."""
    if words.english == labels("en").english:
        return text, False
    if len(text) > _LONGEST_TEXT:
        return text, True
    for sentences in (text.split("; "), [text]):  # whose values must swallow no other sentence
        if None not in (whole := [_put(words, one, words.spoken) for one in sentences]):
            return words.dates("; ".join(filter(None, whole))), False
    told, english = _parts(words, text)
    return words.dates(told), english


def _put(words: Labels, text: str, among: Mapping[str, str]) -> str | None:
    for known in (words.desk, words.sayings, words.kinds):
        if text in known:
            return known[text]
    if len(text) > _LONGEST_SENTENCE:
        return None
    for one, told in among.items():
        if found := pattern_of(one).fullmatch(text):
            said = found.groupdict()
            said |= {name: _parts(words, said[name])[0] for name in _SENTENCES & said.keys()}
            return told.format(**said)
    return None


def _parts(words: Labels, text: str) -> tuple[str, bool]:
    """Return a text in the reader's language part by part, and whether some stayed English."""
    parts = _BETWEEN.split(text)
    said = [
        part if _BETWEEN.fullmatch(part) else _put(words, part, words.spoken_parts)
        for part in parts
    ]
    english = any(
        made is None and not _NEUTRAL.fullmatch(part)
        for made, part in zip(said, parts, strict=True)
    )
    return "".join(made or part for made, part in zip(said, parts, strict=True)), english


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """Return what a text with values in it looks like."""
    parts = re.split(r"\{(\w+)\}", text)
    return re.compile(
        "".join(f"(?P<{one}>.+?)" if k % 2 else re.escape(one) for k, one in enumerate(parts))
    )
