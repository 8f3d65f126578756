"""Rules that zones carry: what is asked of vessels in them, from when to when, and who says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from detectors.core.frames import DAY_US, SECOND_US

ALWAYS: Final = (-(1 << 62), 1 << 62)

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "anchoring": ("designated", "permitted", "prohibited"),
    "transfer": ("licensed", "prohibited"),
    "ais": ("required",),
    "entry": ("prohibited", "restricted"),
}
"""What a rule may ask for, and how: `anchoring: designated` allows anchoring only in zones of class
`anchorage` or `port` and in those whose own rule is `anchoring: permitted`."""
MAX_SPEED: Final = "speed_kn_max"
ASKS: Final = (*WORDS, MAX_SPEED)
MAX_KN: Final = 60.0
"""No limit of speed is higher; the fastest ferries make 50 kn."""
MAX_TEXT: Final = 500
RULE_CONFIDENCES: Final = ("published", "reported")
"""Whether the rule's own text was seen, or only what others say of it."""
_KEYS: Final = (*ASKS, "valid_from", "valid_until", "source", "confidence")


@dataclass(frozen=True)
class Rule:
    """One thing that a zone asks for."""

    asks: str
    value: str | float
    """One of `ASKS`, and one of its `WORDS` or a speed in knots."""
    source: str
    """Who says so."""
    valid_from: date | None = None
    valid_until: date | None = None
    """UTC dates, both included; none where it has always been so, or no end is known."""
    confidence: str = "reported"
    """One of `RULE_CONFIDENCES`."""

    @property
    def span_us(self) -> tuple[int, int]:
        """Return when it holds, half-open, in microseconds since 1970-01-01 UTC."""
        first, last = self.valid_from, self.valid_until
        return (
            ALWAYS[0] if first is None else _midnight_us(first),
            ALWAYS[1] if last is None else _midnight_us(last) + DAY_US,
        )

    def holds(self, at_us: int) -> bool:
        """Tell whether it holds at a time."""
        first, last = self.span_us
        return first <= at_us < last

    @property
    def text(self) -> str:
        """Return what it asks for, as it is written.

        >>> Rule("speed_kn_max", 12.0, "the port").text
        'speed_kn_max: 12'
        """
        value = self.value if isinstance(self.value, str) else f"{self.value:g}"
        return f"{self.asks}: {value}"

    @property
    def cited(self) -> str:
        """Return who says so, and from when to when.

        >>> Rule("ais", "required", "the port", date(2025, 8, 1)).cited
        'the port (from 2025-08-01)'
        """
        dates = [f"from {self.valid_from}"] if self.valid_from else []
        dates += [f"until {self.valid_until}"] if self.valid_until else []
        return f"{self.source} ({' '.join(dates)})" if dates else self.source


def _midnight_us(day: date) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(moment.timestamp()) * SECOND_US


def read_rule(made: Any) -> Rule:
    """Return a rule from a mapping such as ``{anchoring: prohibited, source: …}``.

    Raises ValueError if it asks for nothing known, or for more than one thing, names no source, or
    a date is none or they are swapped.
    """
    if not isinstance(made, Mapping):
        raise ValueError(
            "a rule is a mapping, such as {anchoring: prohibited, source: who says so}"
        )
    unknown = [shown(key) for key in made if key not in _KEYS]
    if unknown:
        raise ValueError(f"a rule has no {unknown[0]}; known: {', '.join(_KEYS)}")
    asked = [key for key in ASKS if key in made]
    if len(asked) != 1:
        raise ValueError(f"a rule asks for one thing, of {', '.join(ASKS)}")
    asks = asked[0]
    source = made.get("source")
    if not isinstance(source, str) or not source.strip():
        raise ValueError("a rule names its 'source': the law, the notice, or who says so")
    if len(source) > MAX_TEXT:
        raise ValueError(f"a rule's source has more than {MAX_TEXT} characters")
    first, last = (read_date(made.get(key), key) for key in ("valid_from", "valid_until"))
    if first and last and last < first:
        raise ValueError(f"valid_until {last} lies before valid_from {first}: swapped?")
    confidence = made.get("confidence", "reported")
    if confidence not in RULE_CONFIDENCES:
        raise ValueError(f"a rule's confidence is {' or '.join(RULE_CONFIDENCES)}")
    return Rule(asks, _value(asks, made[asks]), source.strip(), first, last, confidence)


def _value(asks: str, value: Any) -> str | float:
    if asks == MAX_SPEED:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value <= MAX_KN:
            raise ValueError(f"{asks} is a speed above 0 and up to {MAX_KN:g} kn")
        return float(value)
    if value not in WORDS[asks]:
        raise ValueError(f"{asks} is {' or '.join(WORDS[asks])}, not {shown(value)}")
    return str(value)


_MAX_BITS: Final = 10_000


def shown(value: Any) -> str:
    """Return a value as a message may show it: a text or a number, shortened, or what it is.

    >>> shown("a" * 50) == repr("a" * 40)
    True
    """
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return "a huge number"  # Python writes none of 5,000 digits
    return (
        repr(value)[:42]
        if isinstance(value, int | float)
        else (repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}")
    )


def read_date(value: Any, name: str) -> date | None:
    """Return a UTC date from a text or a YAML date, None where there is none.

    Raises ValueError if it is no date.
    """
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{name} {shown(value)} is no date such as 2025-08-01") from None
