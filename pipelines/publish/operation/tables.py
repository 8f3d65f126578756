"""An operation's report for machines, and the sentences that all its forms share."""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from pipelines.assess.operations.rates import CONFIDENCE, FEW, MIN_DAYS
from pipelines.assess.operations.report import PHASES, Report
from pipelines.base import labels
from pipelines.base.schemas import CONCLUSIONS
from pipelines.base.text import iso
from pipelines.base.visible import clean

CONCLUDED: Final = (
    "Boarded: that confirmed it. Cleared: on board, by sight or by radio, nothing was found."
)
"""What two conclusions count; which of the three cleared a vessel nobody records."""

NOTHING_CONCLUDED: Final = "Nothing was concluded on anything, here or elsewhere, in that time."

MOST: Final = 1000.0
"""A ratio above that has no end that anybody could use. A judgement."""


def file_stem(name: str) -> str:
    """Name of an operation's files, of letters, digits and hyphens, another for each operation."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-")
    return f"{slug or 'operation'}-{hashlib.sha256(name.casefold().encode()).hexdigest()[:6]}"


def notes(report: Report) -> list[str]:
    """Return what must be said of a report, the gravest first."""
    english = labels.labels("en")
    said = [english.simulated + "."] if report.simulated else []
    said.append(
        "A difference is no proof that the operation made it: traffic, weather, receivers and what "
        "was looked for change as well. Compare what happened beside the area and elsewhere."
    )
    for phase, share in report.looked_at.items():
        if share < 0.95:
            what = "was not looked at by any run" if share == 0 else f"only {share:.0%} looked at"
            said.append(f"{phase.capitalize()}: {what}; rates are over the hours looked at.")
    said.append(
        "An incident counts once, where and when its first event began. At the edges of what was "
        "looked at the counts are off: the first hours hold what had begun before, the last "
        "lack what takes hours to be raised."
    )
    counted = report.incidents[
        (report.incidents["kind"] != "all") & (report.incidents["phase"] != "before")
    ]
    judged = int(counted["ratio"].notna().sum())
    chance = (
        f"{judged} ratios are given by kind: by chance alone about one in 20 seems to be a change."
    )
    said += [
        f"Intervals hold the true ratio in {CONFIDENCE:.0%} of cases, if incidents come "
        "independently; a few vessels that do the same again and again make them too narrow, so "
        "the number of vessels stands beside.",
        *([chance] if judged > 1 else []),
        f"Fewer than {FEW} incidents in two phases together, or fewer than {MIN_DAYS} whole days "
        "in either, are too few to tell.",
        english.leads,
        english.blind,
    ]
    return said


def displacement_words(report: Report) -> str:
    """Return what the displacement quotient says, in a sentence."""
    quotient = report.displacement
    if math.isnan(quotient):
        return (
            "Displacement: can't be said. It needs fewer incidents inside than before, relative to "
            "elsewhere, and ten or more before and elsewhere."
        )
    if quotient < 0:
        return (
            f"Displacement: the quotient is {quotient:.2f}: incidents rose beside the area, by "
            f"{-quotient:.0%} of what left it."
        )
    return (
        f"Displacement: the quotient is {quotient:.2f}: incidents fell beside the area too, none "
        "was pushed there."
    )


def document(report: Report) -> dict[str, Any]:
    """Write the report as what its JSON file holds."""
    operation = report.operation
    return {
        "name": clean(str(operation["name"])),
        "start": iso(operation["start"]),
        "end": iso(operation["end"]),
        "area": clean(str(operation["area"])),
        "outline_wkt": operation["outline"],
        "note": clean(str(operation["note"])),
        "simulated": report.simulated,
        "beside_nm": report.beside_nm,
        "min_score": report.min_score,
        "notes": notes(report),
        "phases": {
            name: {
                "start": iso(span.start),
                "end": iso(span.end),
                "hours_looked_at": len(span.hours),
                "looked_at": round(report.looked_at[name], 3),
                "hours_heard": report.hours_heard[name],
            }
            for name, span in report.spans.items()
        },
        "presence": _records(report.presence),
        "incidents": _records(report.incidents),
        "outcomes": _records(report.outcomes),
        "displacement_quotient": _plain(report.displacement),
        "displacement": displacement_words(report),
    }


def to_json(report: Report) -> str:
    """Write the report as JSON text; null where nothing can be said, or a ratio is infinite."""
    return json.dumps(document(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def kind_word(kind: str) -> str:
    """Return what a kind is called wherever people read it.

    >>> kind_word("gap"), kind_word("all")
    ('silence', 'all')
    """
    return labels.labels("en").kind_of(kind, "")


def incident_rows(report: Report) -> Iterator[tuple[str, str, dict[str, dict[str, Any]]]]:
    """Place, what kind in words, and the row of each phase, of kinds of which there was any."""
    for (place, kind), part in report.incidents.groupby(["place", "kind"], sort=False):
        by = {str(row["phase"]): row for row in _rows(part)}
        if any(by[phase]["incidents"] for phase in PHASES):
            yield str(place), kind_word(str(kind)), by


def outcome_rows(report: Report) -> list[dict[str, Any]]:
    """List place, phase and how often what was concluded, of those of which there was anything."""
    return [row for row in _rows(report.outcomes) if any(row[name] for name in CONCLUSIONS)]


def presence_rows(report: Report) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Place, and the row of each phase."""
    for place, part in report.presence.groupby("place", sort=False):
        yield str(place), {str(row["phase"]): row for row in _rows(part)}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def interval(row: Any, prefix: str = "") -> str:
    """Return a ratio with its interval, in figures; with one end in words where it has no other.

    >>> interval({"ratio": 0.25, "low": 0.06, "high": 0.77, "verdict": "fewer"})
    '0.25 (0.06 to 0.77)'
    >>> interval({"ratio": math.inf, "low": 2.3, "high": math.inf, "verdict": "more"})
    'none before (at least 2.30)'
    >>> interval({"ratio": math.inf, "low": 0.01, "high": math.inf, "verdict": "no clear change"})
    'none before: no clear change'
    """
    ratio, low, high = (float(row[f"{prefix}{name}"]) for name in ("ratio", "low", "high"))
    if math.isnan(ratio):
        return str(row[f"{prefix}verdict"])
    change = f": {row[f'{prefix}verdict']}"  # too few to tell are those of whom nothing is said
    if high > MOST:
        bound = f" (at least {_times(low)})" if low > 1 else change
        return ("none before" if math.isinf(ratio) else _times(ratio)) + bound
    if ratio == 0:
        return f"none (at most {_times(high)})" if high < 1 else f"none{change}"
    return f"{_times(ratio)} ({_times(low)} to {_times(high)})"


def _times(ratio: float) -> str:
    """Write a ratio as finely as it can be used."""
    if ratio > MOST:
        return f"over {MOST:.0f}"
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else round(number, 4)
