"""flagged.xlsx: the tables for a spreadsheet, with the marks on every sheet and printed page.

Every text is a text cell and nothing is ever a formula, a link or a guess at a number, whatever it
begins with; so texts are as they were (see `text.clean`), without an apostrophe in front. Times are
dates in UTC. It is for people: what codes and JSON stand for is told in the language of the
recipient, as column titles are, and what only programs go by is in the other tables.
"""

from io import BytesIO
from pathlib import Path
from typing import Final

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.assess.incidents import made_of
from pipelines.base import labels
from pipelines.base.files import replacing
from pipelines.base.labels import Labels
from pipelines.base.visible import clean
from pipelines.publish import checks, notices
from pipelines.publish.csv_text import identifier
from pipelines.publish.plan import sheets as plan_sheets
from pipelines.publish.plan import words as plan_words
from pipelines.publish.products import Products
from pipelines.publish.tables import event_table, flagged_table, incident_table

CELL_LIMIT: Final = 32_767
"""Characters that a cell can hold (Excel specifications and limits)."""

_FOR_PROGRAMS: Final = (
    *("evidence", "version", "detector", "track_ids", "subkind", "zone_id", "group_id"),
)
_MMSIS: Final = frozenset({"mmsi", "other_mmsi"})
_OF_EVIDENCE: Final = ("measured", "value", "limit", "margin")
_HEADER_LIMIT: Final = 240
_WIDTHS: Final = {
    "name": 24,
    "reasons": 70,
    "explanations": 40,
    "reason": 60,
    "title": 60,
    "vessels": 40,
    "events": 20,
    "next_step": 40,
    "news": 20,
    "made_of": 30,
    "incident_id": 18,
    "explanation": 40,
    "evidence": 60,
    "event_ids": 20,
    "event_id": 18,
    "last_seen": 17,
    "start": 17,
    "end": 17,
    "ship_type": 16,
    "mmsi": 11,
    "other_mmsi": 11,
    "imo": 9,
    "rel": 18,
    "key": 28,
    "value": 60,
}
_NUMBERS: Final = {
    "score": "0.00",
    "lat": "0.00000",
    "lon": "0.00000",
    "last_lat": "0.00000",
    "last_lon": "0.00000",
}


def write(products: Products, path: Path) -> Path:
    """Write sheets of incidents, vessels, events, evidence, and about the run; return `path`."""
    words = labels.labels(products.language)
    # In memory: of a disk without room it says so by an error of its own, and leaves its parts.
    made = BytesIO()
    book = xlsxwriter.Workbook(
        made,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd hh:mm",
            "remove_timezone": True,
            "in_memory": True,
        },
    )
    title = f"{words.flagged_vessels} {products.run_id}"
    book.set_properties(
        {
            "title": title,
            "author": "Selat",
            "comments": notices.summary(products),
            "keywords": notices.marks(products),
            "created": products.end.tz_localize(None).to_pydatetime(warn=False),
        }
    )
    sheets = (
        (words.incidents, _incidents(products, words)),
        (words.flagged_vessels, flagged_table(products)),
        (words.events, _events(products, words)),
        (words.evidence, _evidence(products.events, words)),
        *_plan(products),
    )
    for name, table in sheets:
        _table(book, name, table, products, words)
    _about(book, products, words)
    book.close()
    with replacing(path) as temporary:
        temporary.write_bytes(made.getvalue())
    return path


def _plan(products: Products) -> list[tuple[str, pd.DataFrame]]:
    """Return the patrol plan: who sails where, who is left out, and the earliest meetings."""
    if products.planned is None:
        return []
    said = plan_words.of(products.planned)
    sheets = [
        (said.heading, plan_sheets.stops(products.planned)),
        (said.left_sheet, plan_sheets.left_out(products.planned)),
        (said.intercepts_sheet, plan_sheets.intercepts(products.planned)),
    ]
    return [(name, table) for name, table in sheets if len(table)]


def _incidents(products: Products, words: Labels) -> pd.DataFrame:
    table = incident_table(products).drop(columns="merged_into")
    parts = [made_of(str(text), words.say, words.hypotheses) for text in table["made_of"]]
    status = [words.status_of(str(one)) for one in table["status"]]
    return table.assign(made_of=[clean(text) for text in parts], status=status)


def _events(products: Products, words: Labels) -> pd.DataFrame:
    table = event_table(products)
    kinds = zip(table["kind"], table["subkind"], strict=True)
    return table.assign(
        kind=[words.kind_of(str(kind), str(subkind)) for kind, subkind in kinds],
        status=[words.status_of(str(one)) for one in table["status"]],
        reason=[clean(str(text)) for text in products.events["reason"]],
    ).drop(columns=list(_FOR_PROGRAMS))


def _evidence(events: pd.DataFrame, words: Labels) -> pd.DataFrame:
    rows = []
    for event_id, one in zip(events["event_id"], events["evidence"], strict=True):
        for row in checks.rows(one, words):
            rows.append((event_id, row.label, row.measured, row.limit, row.margin, row.parameter))
        for label, text in checks.facts(one, words):
            rows.append((event_id, label, text, "", "", ""))
        for name, value in one.settings.items():  # nobody measured it
            rows.append((event_id, "", checks.shown(name, value, words), "", "", name))
    columns = ["event_id", *_OF_EVIDENCE, "parameter"]
    return pd.DataFrame([[clean(text) for text in row] for row in rows], columns=columns)


def _table(
    book: xlsxwriter.Workbook, name: str, table: pd.DataFrame, products: Products, words: Labels
) -> None:
    sheet = _sheet(book, name, products)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    body: dict[str | None, Format] = {
        None: book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
        **{key: book.add_format({"valign": "top", "num_format": n}) for key, n in _NUMBERS.items()},
        "time": book.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm"}),
    }
    for column, key in enumerate(table.columns):
        sheet.set_column(column, column, _WIDTHS.get(str(key), 11))
        sheet.write_string(1, column, _title(str(key), words), head)
        _column(sheet, column, table[key], body)
    last = max(len(table) + 1, 2)
    sheet.autofilter(1, 0, last, len(table.columns) - 1)
    sheet.freeze_panes(2, 0)
    sheet.repeat_rows(0, 1)


def _column(
    sheet: Worksheet, column: int, values: pd.Series, body: dict[str | None, Format]
) -> None:
    timed = isinstance(values.dtype, pd.DatetimeTZDtype)
    numeric = str(values.name) in {*_NUMBERS, "rank"} or pd.api.types.is_float_dtype(values)
    style = body["time"] if timed else body.get(str(values.name), body[None])
    for row, value in enumerate(values.tolist(), 2):
        if pd.isna(value):
            continue
        if timed:
            sheet.write_datetime(row, column, value.to_pydatetime(warn=False), style)
        elif numeric:
            sheet.write_number(row, column, float(value), style)
        else:
            text = identifier(value, 9) if values.name in _MMSIS else str(value)
            sheet.write_string(row, column, _fitting(text), style)


def _about(book: xlsxwriter.Workbook, products: Products, words: Labels) -> None:
    sheet = _sheet(book, words.about, products)
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 110)
    simulated = [words.simulated] if products.simulated else []
    lines = [
        *simulated,
        *notices.terms(products),
        *notices.about_run(products),
        *notices.cautions(products),
        *plan_words.cautions(products.planned),
    ]
    for row, line in enumerate(lines, 2):
        sheet.write_string(row, 0, _fitting(clean(line)), wrap)


def _sheet(book: xlsxwriter.Workbook, name: str, products: Products) -> Worksheet:
    """Add a sheet that has the marks in its first row, and above and below every printed page."""
    sheet = book.add_worksheet(name[:31])
    marks = clean(notices.marks(products)) or clean(products.run_id)
    sheet.write_string(0, 0, marks, book.add_format({"bold": True}))
    printed = marks[:_HEADER_LIMIT].replace("&", "&&")
    sheet.set_header(f"&C&B{printed}" if not printed[:1].isdigit() else f"&C&B {printed}")
    sheet.set_footer(f"&L{printed}&R&P / &N")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return sheet


def _title(key: str, words: Labels) -> str:
    known = {
        "lat": words.latitude,
        "lon": words.longitude,
        "start": f"{words.begin} (UTC)",
        "end": f"{words.end} (UTC)",
        "last_seen": f"{words.last_seen} (UTC)",
        "tlp": "TLP",
        "rel": "REL",
        "flag_state": words.flag,
        "ship_type": words.type,
        "explanation": words.innocent_explanation,
        "other_mmsi": f"{words.mmsi} 2",
        "incident_id": words.incident.capitalize(),
        "events": words.event_ids,
        "title": words.reason,
        "certainty": words.at_desk("Certainty"),
        "news": words.at_desk("News"),
        "made_of": words.parts,
        "last_lat": f"{words.last_seen}: {words.latitude}",
        "last_lon": f"{words.last_seen}: {words.longitude}",
        "last_sog_kn": f"{words.last_seen}: kn",
        "last_cog_deg": f"{words.last_seen}: °",
        "parameter": "Parameter",
        **{name: words.at_desk(name.capitalize()) for name in _OF_EVIDENCE},
    }
    title = known.get(key) or getattr(words, key, None)
    return title if isinstance(title, str) else key


def _fitting(text: str) -> str:
    return text if len(text) <= CELL_LIMIT else text[: CELL_LIMIT - 1] + "…"
