"""README.txt of a pack: its marks, for whom, until when, what it can't say, what each file is."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.base.labels import Labels
from pipelines.publish import notices
from pipelines.publish.plan import words as plan_words
from pipelines.publish.products import Products

FOR: Final = {
    "brief.html": "open first: what to look at first, map and playback, in a browser",
    "brief.pdf": "the same on paper",
    "plan.html": "who goes where, and when",
    "plan-*.gpx": "a sortie's route for a plotter, checked by nobody",
    "plan-*.rtz": "a sortie's route for an ECDIS, checked by nobody",
    "flagged.gpx": "marks for a plotter or OpenCPN",
    "flagged.km[lz]": "marks and tracks for Google Earth, on a tablet too",
    "flagged-tak.zip": "marks for ATAK and WinTAK: import the file as it is",
    "*.xlsx": "all of it as a spreadsheet",
    "*.gpkg": "all of it for QGIS",
}
"""What a file is for, in the order in which a crew wants them; all others are data."""


def write(products: Products, path: Path, files: Sequence[str], signed: bool) -> Path:
    """Write the text; return `path`."""
    return write_text(path, render(products, files, signed))


def render(products: Products, files: Sequence[str], signed: bool) -> str:
    """Return the text, marks first and last."""
    words, marks = labels.labels(products.language), notices.marks(products)
    span = f"{notices.window(products, None, 'UTC')} ({notices.window(products)})"
    paragraphs = [
        marks,
        *notices.terms(products),
        f"{words.window}: {span}",
        *notices.about_run(products),
        *notices.cautions(products),
        *plan_words.cautions(products.planned),
        "\n".join([f"{words.files}:", *_listed(files, words)]),
        words.verify_line if signed else words.unsigned_line,
        marks,
    ]
    return "\n\n".join(text for text in paragraphs if text) + "\n"


def _listed(files: Sequence[str], words: Labels) -> Iterator[str]:
    known = [
        (name, told) for match, told in FOR.items() for name in files if fnmatchcase(name, match)
    ]
    wide = max((len(name) for name, _ in known), default=0)
    for name, told in known:
        yield f"  {name:<{wide}}  {words.at_desk(told)}"
    yield from (f"  {name}" for name in files if name not in dict(known))
