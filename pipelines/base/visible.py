"""Text of others made visible: what can't be seen is shown by its number, and nothing is dropped.

Whatever comes from a feed, a file's name or a command line may hold characters that a terminal
obeys, or that hide and turn what stands around them.
"""

import re
from typing import Final

_INVISIBLE_BUT_PRINTABLE: Final = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U000e0100-\U000e01ef"
)
"""Default-ignorable code points (Unicode 16, DerivedCoreProperties.txt) that `str.isprintable`
lets pass, and two that fonts draw as nothing: U+2800 Braille blank, U+FFFC object replacement."""

_INVISIBLE: Final = re.compile(f"[{_INVISIBLE_BUT_PRINTABLE}]")
_LAYOUT: Final = re.compile("(\r?\n|\t)")


def clean(text: str) -> str:
    r"""Text with every invisible character shown, line ends too.

    >>> clean("EVIL\u202eNAME\x00")
    'EVIL[U+202E]NAME[U+0000]'
    >>> clean("MT KASIH  2")
    'MT KASIH  2'
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _show(c) for c in text)
    elif text.isascii():
        return text
    return _INVISIBLE.sub(lambda match: _show(match.group()), text)


def clean_lines(text: str) -> str:
    r"""Do the same for text of several lines: line ends and tabs stay.

    >>> clean_lines("one\n\ttwo\x1b[2J")
    'one\n\ttwo[U+001B][2J'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(part if _LAYOUT.fullmatch(part) else clean(part) for part in _LAYOUT.split(text))


def _show(character: str) -> str:
    return f"[U+{ord(character):04X}]"
