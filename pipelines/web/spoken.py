"""What the program says of its own state in English, in the reader's language: by its patterns.

The commands say it in English, and so do the log and notices; the desk's reader may want Malay.
What no pattern fits stays English, and is told to be.
"""

import re
from functools import cache
from typing import Final

from pipelines.base.labels import Labels, labels

PARTS: Final = (
    "complete",
    "partial",
    "{n} flagged",
    "finished {time}",
    "{age} ago",
    "its folder is gone",
    "none yet",
    "none",
    "not served here",
    "served since {time}",
    "due {time}",
    "next {time}",
    "MISSING: the run that was due {time}",
    "{n} positions of {dates} dates in {files} files",
    "all files there",
    "{n} FILES LOST",
    "schema {n}",
    "simulated",
    "empty",
    "{size} kept from before a migration",
    "{size} used",
    "{size} free",
    "{size} a day",
    "full in {n} days",
    "every {n} minutes: reports up to {time}",
    "all else up to {time}",
    "reports of the last {n} h",
    "nothing to compare with yet",
    "no gap",
    "{n} gaps",
    "the longest {age}",
    "feed {name}",
    "fitted models",
    "learned places",
    "nightly run",
    "run {id}",
    "runs",
    "looks",
    "pack {name}",
    "reference layers",
    "zones",
    "zone {name}",
    "clock",
    "coverage",
)
"""Between commas and semicolons."""

SENTENCES: Final = (
    "nothing was known yet at {time}",
    "the first run had looked at reports up to {time}",
    "no model of normal traffic is fitted: the detector outlier finds nothing",
    "with some weeks in the store: selat learn normal",
    "receiver {name}: its clock is {s} s fast (or whole minutes more), by the UTC second inside "
    "{share} of {n} reports",
    "receiver {name}: its clock is {s} s slow (or whole minutes more), by the UTC second inside "
    "{share} of {n} reports",
    "ask who delivers the feed for the times of reception (tag block c:, or $PGHP lines); until "
    "then what rests on times, speeds above all, may be wrong",
    "silent: its newest report is {age} old",
    "is the receiver, or what delivers the files, up?",
    "{n} reports an hour, {share} of the usual {usual}",
    "a receiver down? see the map: selat status",
    "{n} of {usual} blocks usually heard have less than {share} of the usual reports in the last "
    "24 h; most is missing around {place}",
    "silences there are judged by what was heard",
    "none was ever made",
    "selat backup FOLDER, on another disk",
    "the newest one is {age} old",
    "full in {n} days at {size} a day",
    "free some, or selat store compact; folders of old runs can be moved away",
    "no run has finished yet",
    "the run that was due at {due} hasn't been done; the newest run finished {since}",
    "is the service up? systemctl status selat, journalctl -u selat",
    "the last look was {age} ago, of one every {n} minutes",
    "is selat watch, or serve, running?",
    "mend it and run again",
    "{n} files are missing or cut short: {which}",
    "selat store check says what to do",
    "{n} learned places wait for a decision and aren't used",
    "{name} holds leads that no longer stand here: {which}",
)
"""Whole."""

_NEUTRAL: Final = re.compile(r"\S+|[\d.,]+ [MG]B")
"""Names, ids, paths and sizes, which are the same in every language."""
_BETWEEN: Final = re.compile(r"(, |; )")


def spoken(words: Labels, text: str) -> tuple[str, bool]:
    """Return a text in the reader's language, and whether some of it stayed English."""
    if words.english == labels("en").english:
        return text, False
    if (whole := _put(words, text, SENTENCES)) is not None:
        return whole, False
    parts = _BETWEEN.split(text)
    said = [part if _BETWEEN.fullmatch(part) else _put(words, part, PARTS) for part in parts]
    english = any(
        made is None and not _NEUTRAL.fullmatch(part)
        for made, part in zip(said, parts, strict=True)
    )
    return "".join(made or part for made, part in zip(said, parts, strict=True)), english


def _put(words: Labels, text: str, among: tuple[str, ...]) -> str | None:
    for one in among:
        found = pattern_of(one).fullmatch(text)
        if found and one in words.desk:
            return words.at_desk(one, **found.groupdict())
    return None


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """Return what a text with values in it looks like."""
    parts = re.split(r"\{(\w+)\}", text)
    return re.compile(
        "".join(f"(?P<{one}>.+?)" if k % 2 else re.escape(one) for k, one in enumerate(parts))
    )
