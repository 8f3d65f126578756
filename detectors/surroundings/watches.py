"""What users want to be told of in areas of their own: conduct, hours, vessels, score."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.core.arrays import Bools, Ints
from detectors.core.frames import DAY_US, SECOND_US
from detectors.core.hypothesis import (
    FISHING,
    OFFICIAL,
    PASSENGER,
    PLEASURE,
    TANKER,
    TENDER,
    TOWING,
    TUG,
    UNSTATED,
)
from detectors.surroundings.rules import MAX_KN, MAX_SPEED, MAX_TEXT, Rule, read_date, shown

WHEN: Final = ("enter", "stay", "stop", "meet", "silence", "speed")
LOCAL_US: Final = 8 * 3600 * SECOND_US
"""Hours are Malaysian time, eight ahead of UTC since 1982, without summer time."""
MAX_MIN: Final = 360.0
"""No duration is longer than 6 h: a run looks back no further than such a rule needs."""
SHIPS: Final[Mapping[str, frozenset[int]]] = {
    "cargo": frozenset(range(70, 80)),
    "tanker": TANKER,
    "passenger": PASSENGER,
    "fishing": FISHING,
    "tug": TUG | TOWING | TENDER,
    "pleasure": PLEASURE,
    "official": OFFICIAL,
    "unknown": UNSTATED,
}
SETS: Final = {"class_a": "A", "class_b": "B"}
"""Classes of vessels: by the set that sends, which nobody types in, or by the type stated."""
DEFAULT_MIN: Final[Mapping[str, float]] = {
    **dict.fromkeys(WHEN, 0.0),
    **{"stay": 30.0, "stop": 30.0, "speed": 5.0},
}
STOP_KN: Final = 2.0
ENTRY_SCORES: Final[Mapping[str, float]] = {"prohibited": 0.3, "restricted": 0.15}
SPEED_SCORE: Final = 0.15
SPEED_S: Final = 300
SPEED_ERROR_KN: Final = 0.5
"""What is raised of rules of entry and speed (judgement: a breach of the first is worth a look).
Fast is who made half a knot more than allowed for five minutes: positions good to 10 m, 2 minutes
apart, make 0.2 kn."""
_KEYS: Final = (
    "when",
    "score",
    "hours",
    "vessels",
    "min_duration_min",
    "speed_kn",
    "valid_from",
    "valid_until",
    "source",
)
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Watch:
    """One thing to be told of in an area."""

    when: str
    """One of `WHEN`."""
    score: float = 0.3
    """Of its events, before explanations."""
    hours: tuple[int, int] | None = None
    """From which minute of the local day to which, past midnight where the first is the later; none
    for the whole day."""
    vessels: tuple[str, ...] = ()
    """Names of `SHIPS` and `SETS`, one of which a vessel is; empty: all."""
    min_duration_s: int = 0
    """Shortest stay, stop, meeting, silence, or time at speed."""
    speed_kn: float = 0.0
    """A stop is no faster; `speed` is at least as fast."""
    valid_from: date | None = None
    valid_until: date | None = None
    """UTC dates, both included."""
    source: str = ""
    """Who asks for it; may be empty."""

    @property
    def text(self) -> str:
        """Return what it asks for, in a line."""
        parts = [self.when]
        if self.min_duration_s:
            parts.append(f"{self.min_duration_s // 60} min or more")
        if self.when in ("stop", "speed"):
            parts.append(f"{'at most' if self.when == 'stop' else 'at least'} {self.speed_kn:g} kn")
        if self.hours:
            a, b = self.hours
            parts.append(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d} local time")
        if self.vessels:
            parts.append("/".join(self.vessels))
        return ", ".join(parts)

    def asks(self, start_us: Ints, end_us: Ints) -> Bools:
        """Tell of which spans it wants to know: begun on its dates, and in part in its hours.

        What goes on for a day is in part in any hour.
        """
        first_us, until_us = Rule("", "", "", self.valid_from, self.valid_until).span_us
        found = (start_us >= first_us) & (start_us < until_us)
        if self.hours is None:
            return np.asarray(found)
        a, b = (60 * SECOND_US * minute for minute in self.hours)
        at = (start_us + LOCAL_US) % DAY_US
        inside = (at >= a) & (at < b) if a < b else (at >= a) | (at < b)
        return np.asarray(found & (inside | ((a - at) % DAY_US <= end_us - start_us)))

    def concerns(self, ship_type: Ints, ais_class: NDArray[Any]) -> Bools:
        """Tell which vessels it is about."""
        found = np.full(len(ship_type), not self.vessels)
        for name in self.vessels:
            if name in SETS:
                found |= ais_class == SETS[name]
            else:
                found |= np.isin(ship_type, list(SHIPS[name]))
        return found


def implied_by(rule: Rule) -> Watch | None:
    """Return what to watch for where a zone has a rule of entry or speed; None for other rules."""
    dates = (rule.valid_from, rule.valid_until)
    if rule.asks == "entry":
        return Watch("enter", ENTRY_SCORES[str(rule.value)], None, (), 0, 0.0, *dates, rule.source)
    if rule.asks == MAX_SPEED:
        kn = float(rule.value) + SPEED_ERROR_KN
        return Watch("speed", SPEED_SCORE, None, (), SPEED_S, kn, *dates, rule.source)
    return None


def read_watch(made: Any) -> Watch:
    """Return a watch from a mapping such as ``{when: stay, min_duration_min: 30}``.

    Raises ValueError if something in it is unknown, missing or absurd: says what.
    """
    if not isinstance(made, Mapping):
        raise ValueError("it is a mapping, such as {when: stay, min_duration_min: 30, score: 0.4}")
    unknown = [shown(key) for key in made if key not in _KEYS]
    if unknown:
        raise ValueError(f"there is no {unknown[0]}; known: {', '.join(_KEYS)}")
    when = made.get("when")
    if not isinstance(when, str) or when not in WHEN:
        raise ValueError(f"when is one of {', '.join(WHEN)}, not {shown(when)}")
    minutes = _number(made, "min_duration_min", 0.0, MAX_MIN, DEFAULT_MIN[when])
    if when == "enter" and minutes:
        raise ValueError("min_duration_min says nothing of enter: is it stay?")
    if "speed_kn" in made and when not in ("stop", "speed"):
        raise ValueError(f"speed_kn says nothing of {when}: is it stop or speed?")
    if when == "speed" and "speed_kn" not in made:
        raise ValueError("speed wants speed_kn")
    source = made.get("source") or ""
    if not isinstance(source, str) or len(source) > MAX_TEXT:
        raise ValueError(f"source is a text of {MAX_TEXT} characters at most")
    first, last = (read_date(made.get(key), key) for key in ("valid_from", "valid_until"))
    if first and last and last < first:
        raise ValueError(f"valid_until {last} lies before valid_from {first}: swapped?")
    return Watch(
        when,
        _number(made, "score", 0.0, 1.0, 0.3),
        _hours(made.get("hours")),
        _vessels(made.get("vessels")),
        int(minutes * 60),
        _number(made, "speed_kn", 0.1, MAX_KN, STOP_KN) if when in ("stop", "speed") else 0.0,
        first,
        last,
        source.strip(),
    )


def _number(made: Mapping[Any, Any], name: str, low: float, high: float, usual: float) -> float:
    value = made.get(name, usual)
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise ValueError(f"{name} is a number from {low:g} to {high:g}, not {shown(value)}")
    return float(value)


def _hours(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'hours is a text such as "22:00-05:00", not {shown(value)}')
    a, b, c, d = map(int, match.groups())
    if (a, b) == (c, d):
        raise ValueError("hours begin when they end: leave them out for the whole day")
    return 60 * a + b, 60 * c + d


def _vessels(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    known = (*SETS, *SHIPS)
    if not isinstance(value, list) or not 0 < len(value) <= len(known):
        raise ValueError(f"vessels is a list of {', '.join(known)}")
    for name in value:
        if not isinstance(name, str) or name not in known:
            raise ValueError(f"vessels are {', '.join(known)}, not {shown(name)}")
    return tuple(value)
