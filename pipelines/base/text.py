"""Text on its way out: rules that keep AIS text from breaking out of a product or hiding in it.

AIS text is written by whoever owns the transmitter. Every word that leaves goes through `clean`,
once, and then through the escaping of its format (`formula_safe` for spreadsheets,
`script_json` for data inside HTML, the XML and HTML writers' own for the rest).

Rules
-----
1. A character that isn't visible is *shown*, as ``[U+202E]``: controls and NUL, line ends, bidi
   controls and marks, zero-width characters, blanks other than the plain space, fillers, variation
   selectors, lone surrogates, private-use and unassigned code points. What is left is legal in
   XML 1.0 (https://www.w3.org/TR/xml/#charsets), can be encoded as UTF-8, and reads in the
   order in which it is stored, apart from letters of right-to-left scripts.
2. Nothing is dropped, so two different texts stay different to a careful reader.
3. Lengths are bounded only where a person reads a label or a reader has limits (`one_line`); the
   tables stay whole.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.base.visible import clean

LOCAL: Final = ZoneInfo("Asia/Kuala_Lumpur")
LOCAL_NAME: Final = "MYT"
"""The hours that are told where a person reads: Malaysia's."""

MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
"""Months as dates tell them, in English: each language has its own for them (`Labels.say`)."""

HOURS_FROM_S: Final = 5400
DAYS_FROM_S: Final = 172_800
WHOLE_DAYS_FROM_S: Final = 8_640_000
"""From which age on it is told in hours, days, whole days; the desk's script goes by them too."""

_BEYOND_ASCII: Final = re.compile("[\x7f-\U0010ffff]")
_BLANKS: Final = re.compile(" +")
_LONG_WORD: Final = 20
# The wide forms open a formula in CJK Excel. A cell begins behind a semicolon too, whatever stands
# between the columns: LibreOffice splits at both, and Excel where the comma is a decimal sign.
# Quotes that CSV doubles open that cell and close it, and are gone.
_FORMULA: Final = re.compile(r"^(?=[=+\-@\t\r\n＝＋－＠])|;(?=\"*[=+\-@\t\r\n＝＋－＠])")
_SCRIPT_UNSAFE: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def moment(
    time: datetime,
    zone: tzinfo | None = LOCAL,
    name: str = LOCAL_NAME,
    say: Callable[[str], str] = str,
) -> str:
    """Write one moment for people, in UTC (zone None) or another zone: '20 Nov 2026 18:05 UTC'."""
    at = time.astimezone(zone or UTC)
    return f"{day_of(at, say)} {at:%Y %H:%M} {name}"


def day_of(time: datetime, say: Callable[[str], str] = str) -> str:
    """Write the day of a time; `say` puts the month into the reader's language.

    >>> day_of(datetime(2026, 8, 3)), day_of(datetime(2026, 8, 3), {"Aug": "Ogo"}.__getitem__)
    ('03 Aug', '03 Ogo')
    """
    return f"{time.day:02d} {say(MONTHS[time.month - 1])}"


def day_and_hour(time: datetime, say: Callable[[str], str] = str) -> str:
    """Write a time as it is, without its year: '20 Nov 18:05'; `say` as for `day_of`."""
    return f"{day_of(time, say)} {time:%H:%M}"


def minute(time: datetime) -> str:
    """Write a moment so that moments sort: in tables, and where their year counts.

    >>> minute(datetime(2026, 11, 20, 18, 5, tzinfo=UTC))
    '2026-11-21 02:05 MYT'
    """
    return f"{time.astimezone(LOCAL):%Y-%m-%d %H:%M} {LOCAL_NAME}"


def counted(n: int, one: str) -> str:
    """Say how many there are, in English: of one without the s.

    >>> counted(0, "event"), counted(1, "event"), counted(1_234, "more vessel")
    ('0 events', '1 event', '1,234 more vessels')
    """
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def one_line(text: str, limit: int) -> str:
    """Clean text for a label: blanks run together, trimmed, at most `limit` characters, cut between
    words where one isn't longer than `_LONG_WORD`: half a figure is another one.

    >>> one_line("  MT    KASIH  ", 20), one_line("A" * 30, 10), one_line("for 120 min", 7)
    ('MT KASIH', 'AAAAAAAAA…', 'for…')
    """
    line = _BLANKS.sub(" ", clean(text)).strip()
    if len(line) <= limit:
        return line
    cut, words = line[: limit - 1], line[:limit].rpartition(" ")[0]
    return (words if len(words) >= len(cut) - _LONG_WORD and words else cut) + "…"


def without_nan(value: Any) -> Any:
    """Return a value for JSON: what isn't known (NaN, NaT, infinite) as null."""
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if type(value).__name__ == "NaTType" else value  # pandas is slow to import


def clean_json(text: str) -> str:
    r"""Write the invisible characters of a JSON text as JSON escapes: same value, now visible.

    >>> clean_json('{"name": "A\u202eB"}')
    '{"name": "A\\u202eB"}'
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _BEYOND_ASCII.sub(lambda m: m[0] if clean(m[0]) == m[0] else _escape(m[0]), text)


def formula_safe(text: str) -> str:
    r"""Text that a spreadsheet won't run: an apostrophe before a leading = + - @ TAB CR LF.

    One that a semicolon leads to is one too. For text columns only: a negative number in a number
    column stays a number. Source: OWASP, "CSV Injection"
    (https://owasp.org/www-community/attacks/CSV_Injection).

    >>> formula_safe('=HYPERLINK("http://x")'), formula_safe("A;=1+1"), formula_safe("MT KASIH")
    ('\'=HYPERLINK("http://x")', "A;'=1+1", 'MT KASIH')
    """
    return _FORMULA.sub(r"\g<0>'", text)


def formula_safe_json(text: str) -> str:
    r"""JSON text of the same value that a spreadsheet won't run, for a text column.

    >>> formula_safe_json('{"name": "A;=1+1"}')
    '{"name": "A\\u003b=1+1"}'
    """
    return text.replace(";", "\\u003b") if ";" in text else text


def script_json(value: Any) -> str:
    r"""JSON that can stand inside an HTML script element: no <, >, & or line separator in it.

    Source: HTML Living Standard, "Restrictions for contents of script elements": ``<!--`` and
    ``</script`` end or confuse the block wherever they stand, so no ``<`` is written at all.

    >>> script_json(["</script><!--"])
    '["\\u003c/script\\u003e\\u003c!--"]'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.translate(_SCRIPT_UNSAFE)


def iso(time: datetime) -> str:
    """Write a time as ISO 8601 UTC to the second, rounded down.

    >>> iso(datetime.fromisoformat("2026-11-21T02:10:00.9+08:00"))
    '2026-11-20T18:10:00Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_now() -> str:
    """Return what time it is, as `iso` writes it."""
    return iso(datetime.now(UTC))


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def file_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the name of the file that each path leads to, with the folders it takes to tell them
    apart.

    >>> file_names(["/a/feed.gz", "/b/feed.gz", "/b/c.csv", "recording"]).values()
    dict_values(['a/feed.gz', 'b/feed.gz', 'c.csv', 'recording'])
    """
    parts = {path: path.rstrip("/").split("/") for path in paths}
    size = dict.fromkeys(parts, 1)
    while True:
        names = {path: "/".join(of[-size[path] :]) for path, of in parts.items()}
        alike = Counter(names.values())
        longer = [p for p, name in names.items() if alike[name] > 1 and size[p] < len(parts[p])]
        if not longer:
            return names
        size |= {path: size[path] + 1 for path in longer}


def as_mmsi(text: str) -> int | None:
    """Return the MMSI that a text is, which a spreadsheet may have stripped of the zeros before it;
    None where it is none.

    >>> as_mmsi("002320001"), as_mmsi("2320001"), as_mmsi("3f2a"), as_mmsi("²")
    (2320001, 2320001, None, None)
    """
    is_one = text.isascii() and text.isdigit() and len(text) <= 9  # ITU-R M.585-9, annex 1
    return int(text) if is_one else None


def position_text(lat: float | None, lon: float | None) -> str:
    """Position in degrees and decimal minutes, as on a chart table; empty where unknown.

    >>> position_text(3.205, -101.5)
    '03°12.30′N 101°30.00′W'
    """
    if lat is None or lon is None:
        return ""
    return f"{_dm(lat, 2, 'NS')} {_dm(lon, 3, 'EW')}"


def _dm(angle: float, width: int, signs: str) -> str:
    hundredths = round(abs(angle) * 6000)
    degrees, minutes = divmod(hundredths, 6000)
    return f"{degrees:0{width}d}°{minutes / 100:05.2f}′{signs[angle < 0]}"


def duration_text(start: datetime, end: datetime, h: str = "h", d: str = "d") -> str:
    """Write a duration for people, `h` and `d` as for `age`: '35 min', '4 h 10 min', '2 d 3 h'.

    >>> from datetime import timedelta
    >>> t = datetime(2026, 11, 20, 22)
    >>> duration_text(t, t + timedelta(minutes=250))
    '4 h 10 min'
    """
    minutes = round((end - start).total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days > 1:
        return f"{days} {d} {hours} {h}"
    hours += 24 * days
    if not rest and hours:
        return f"{hours} {h}"
    return f"{hours} {h} {rest:02d} min" if hours else f"{rest} min"


def age(seconds: float, h: str = "h", d: str = "d") -> str:
    """Return an age in few words, wherever one is told; `h` and `d` are hours and days there.

    >>> age(90), age(5040), age(7200), age(300_000, d="hari"), age(468_000_000)
    ('2 min', '84 min', '2.0 h', '3.5 hari', '5,417 d')
    """
    if seconds < HOURS_FROM_S:
        return f"{seconds / 60:.0f} min"
    if seconds < DAYS_FROM_S:
        return f"{seconds / 3600:.1f} {h}"
    if seconds < WHOLE_DAYS_FROM_S:
        return f"{seconds / 86_400:.1f} {d}"
    return f"{seconds / 86_400:,.0f} {d}"
