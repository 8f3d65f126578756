"""README.txt of a pack: its marks, for whom, until when, what it can't say, what each file is."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.base import labels
from pipelines.base.files import write_text
from pipelines.publish import notices
from pipelines.publish.plan import words as plan_words
from pipelines.publish.products import Products


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
        "\n".join([f"{words.files}:", *(f"  {name}" for name in files)]),
        words.verify_line if signed else words.unsigned_line,
        marks,
    ]
    return "\n\n".join(text for text in paragraphs if text) + "\n"
