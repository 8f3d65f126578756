"""Typst in a process of its own, which ends with the pages: `python typesetter.py FONTS SECONDS`.

Typst keeps what it has laid out for as long as its process lives, 100 MB for a brief, and its wheel
has no call to let go of it; see typst/typst#8628. This module imports nothing of ours, so that the
process starts in no time: standard input is one JSON list, the template and the data (both texts),
standard output the PDF.
"""

import json
import sys

import typst


def main(fonts: str, timestamp_s: int) -> None:
    """Set what standard input says with the fonts of one folder, and with no others."""
    template, data = json.load(sys.stdin)
    pages = typst.compile(
        template.encode("utf-8"),
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts]
        ),
        sys_inputs={"data": data},
        timestamp=timestamp_s,
    )
    sys.stdout.buffer.write(pages)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
