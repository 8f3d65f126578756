"""README.txt of a pack: its marks, for whom, until when, what it can't say, what each file is."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.export import labels, notices
from pipelines.export.briefing import LOCAL, LOCAL_NAME, moment
from pipelines.export.files import write_text
from pipelines.export.plan import page as plan_page
from pipelines.export.plan import words as plan_words
from pipelines.products import Products


def write(products: Products, path: Path, files: Sequence[str], signed: bool) -> Path:
    """Write the text; return `path`."""
    return write_text(path, render(products, files, signed))


def plan_notes(products: Products) -> list[str]:
    """What must be said of the patrol plan in a pack; empty where there is none."""
    if products.planned is None:
        return []
    return [f"{plan_page.heading(products.planned)}.", *plan_words.warnings(products.planned)]


def render(products: Products, files: Sequence[str], signed: bool) -> str:
    """The text, marks first and last."""
    words, marks = labels.of(products), notices.marks(products)
    span = (
        f"{moment(products.start, None, '')}– {moment(products.end, None, 'UTC')} "
        f"({moment(products.start, LOCAL, '')}– {moment(products.end, LOCAL, LOCAL_NAME)})"
    )
    allows = words.tlp(products.release.mark.tlp) if products.release else ""
    state = words.partial_run if products.manifest.get("state") == "partial" else ""
    empty = f"{words.nothing_flagged} {words.not_all_clear}" if products.flagged.empty else ""
    paragraphs = [
        marks,
        allows,
        notices.freshness(products),
        f"{words.window}: {span}",
        words.run.format(run_id=products.run_id),
        state,
        empty,
        f"{words.leads} {words.leads_more}",
        words.blind,
        words.not_for_navigation,
        " ".join(plan_notes(products)),
        "\n".join([f"{words.files}:", *(f"  {name}" for name in files)]),
        words.verify_line if signed else words.unsigned_line,
        marks,
    ]
    return "\n\n".join(text for text in paragraphs if text) + "\n"
