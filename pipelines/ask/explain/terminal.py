"""An explanation in a terminal."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectors.core.telling import told
from pipelines.ask.explain.chart import draw
from pipelines.ask.explain.gather import Explanation, Past
from pipelines.ask.explain.reasons import BEST, NO, not_tried, tried
from pipelines.ask.explain.stated import in_units
from pipelines.assess.dispositions import taken_back
from pipelines.assess.incidents import marked_at
from pipelines.base.text import LOCAL, LOCAL_NAME, duration_text, minute, position_text
from pipelines.base.visible import clean
from pipelines.publish import checks
from pipelines.publish.briefing import ENGLISH, span
from pipelines.publish.cards import explanation_line

CHART_HEIGHT = 18
MAX_LINE = 400
LABEL_WIDTH = 20
"""So many letters at least are left for what was measured: longer words than that are rare."""
PAIR_WIDTH, VALUE_WIDTH = 38, 12
"""What was measured and its value are read in so many letters, the value in so many of them."""
EARLIER = 8
DECODED = ("mmsi", "lat", "lon", "speed", "course", "heading", "shipname", "callsign", "imo")
_PLAIN = str.maketrans(
    {"→": ">", "–": "-", "°": " deg ", "′": "'", "²": "2", "…": "...", "“": '"', "”": '"', "’": "'"}
)


def show(explanation: Explanation, land: NDArray[Any], console: Console) -> None:
    """Print an explanation: what, where, how sure, what else it may be, and what it rests on.

    Where the terminal knows no Unicode the chart is drawn in ASCII.
    """
    _Show(explanation, land, console).all()


def _concluded(dispositions: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return conclusions, of what was taken back with that."""
    back = taken_back(dispositions).tolist()
    rows = dispositions.to_dict("records")
    return [
        {**row, "conclusion": f"{row['conclusion']}{' [withdrawn]' * taken}"}
        for row, taken in zip(rows, back, strict=True)
    ]


class _Show:
    def __init__(self, explanation: Explanation, land: NDArray[Any], console: Console) -> None:
        self._x, self._land, self._console = explanation, land, console
        self._plain = console.options.ascii_only

    def all(self) -> None:
        """Everything, in the order in which it is asked for."""
        self._head()
        self._chart()
        self._margins()
        self._reasons()
        self._raw()
        for past in self._x.vessels:
            self._past(past)
        self._facts()
        self._revisions()
        self._print(f"\n{ENGLISH.leads}")

    def _head(self) -> None:
        x, event = self._x, self._x.event
        if x.simulated:
            self._print(ENGLISH.simulated, "bold yellow")
        if not x.moment.now:
            self._print(f"As known to {x.moment}", "bold yellow")
        kind = ENGLISH.kind_of(event["kind"], event["subkind"])
        head = f"{kind[:1].upper()}{kind[1:]} {event['event_id']}"
        self._print(f"{head}  score {event['score']:.2f}", "bold")
        self._print(str(event["reason"]))
        start, end = event["start"], event["end"]
        [seen] = told(pd.DataFrame([{**event, "evidence": x.evidence}]))
        lasted = duration_text(start, seen.seen_until or x.end)
        lat, lon = marked_at(x.evidence, event["lat"], event["lon"])
        self._print(
            f"{span(start, end, None, 'UTC')}  "
            f"{span(start, end, LOCAL, LOCAL_NAME)}  {lasted}  "
            f"{'' if pd.isna(lat) else position_text(lat, lon)}"
        )
        if event["retracted"]:
            heir = f"; its story goes on as {x.superseded_by}" if x.superseded_by else ""
            self._print(f"Retracted by run {event['run_id']}{heir}", "bold red")
        if x.provisional:
            self._print(x.provisional)
        if x.clocks:
            self._print(x.clocks)
        if event["supersedes"]:
            self._print(f"Takes over the story of {event['supersedes']}")
        for row in _concluded(x.dispositions):
            self._print(
                f"Concluded {minute(row['made_time'])}: {row['conclusion']}, "
                f"{row['author']}: {row['reason']}",
                "bold",
            )

    def _chart(self) -> None:
        x = self._x
        width = min(self._console.width, 100)
        lat, lon = marked_at(x.evidence, x.event["lat"], x.event["lon"])
        chart = draw(
            x.tracks,
            x.mmsis,
            float(lat),
            float(lon),
            self._land,
            width=width,
            height=CHART_HEIGHT,
        )
        if chart is not None:
            self._console.print()
            self._console.print(chart.text(plain=self._plain), end="", soft_wrap=True)
            self._console.print(chart.legend(x.mmsis, plain=self._plain))

    def _margins(self) -> None:
        x = self._x
        rows = checks.rows(x.evidence)
        if rows:
            self._title("Evidence: each limit of the rule, the nearest first")
            names = ["measured", "value", "limit", "margin", "parameter"]
            told = [[x.label, x.measured, x.limit, x.margin, x.parameter] for x in rows]
            # What a parameter is called goes where it would have to be broken.
            wide = sum(max(len(line[n]) + 2 for line in [names, *told]) for n in range(1, 5))
            n_shown = 5 if wide + LABEL_WIDTH <= self._console.width else 4
            table = Table(*names[:n_shown], box=None)
            for line in told:
                table.add_row(*self._cells(line[:n_shown]))
            self._console.print(table)

    def _facts(self) -> None:
        """Print what no limit rests on, late: it is much, and seldom asked for."""
        measured, settings = checks.facts(self._x.evidence), checks.settings(self._x.evidence)
        known = [(label, text) for label, text in measured if text != checks.UNKNOWN]
        for title, facts in (("Also measured", known), ("The rule was set to", settings)):
            if facts:
                self._title(title)
                self._console.print(self._beside(facts))
        unknown = [label for label, text in measured if text == checks.UNKNOWN]
        if unknown:
            self._print(f"Not known: {'; '.join(unknown)}", "dim")

    def _beside(self, facts: Sequence[tuple[str, str]]) -> Table:
        """Put facts into pairs of columns, as many as there is room for, read downwards."""
        n = max(1, self._console.width // PAIR_WIDTH)
        rows = -(-len(facts) // n)
        table = Table(box=None, show_header=False, padding=(0, 1))
        for _ in range(n):
            table.add_column(style="dim")
            table.add_column(max_width=VALUE_WIDTH)
        for row in range(rows):
            table.add_row(*self._cells(text for one in facts[row::rows] for text in one))
        return table

    def _reasons(self) -> None:
        x = self._x
        self._title("Innocent explanation")
        given = explanation_line(str(x.event["explanation"]))
        self._print(given or "None of those that were tried fits.")
        if x.lowered_from is not None:
            self._print(f"It lowers the score from {x.lowered_from:.2f} to {x.event['score']:.2f}.")
        if x.overturned_by:
            self._print(f"Overturned if {x.overturned_by}.")
        near = [one for one in tried(x.considered) if one.verdict not in (BEST, NO)]
        if near:
            self._print("Others considered:")
            table = Table("", "reason", "would take off", "why", box=None, show_header=False)
            for one in near:
                table.add_row(*self._cells(["", one.name, one.verdict, one.sentence]))
            self._console.print(table)
        unfit = [one.name for one in x.considered if one.verdict == NO]
        if unfit:
            self._print(f"Tried, and none fits: {', '.join(unfit)}.", "dim")
            self._print("What each looks for is in --html and --json.", "dim")
        for why, names in not_tried(x.considered):
            self._print(f"Not tried: {why}: {names}", "dim")

    def _raw(self) -> None:
        x = self._x
        if not x.raw:
            return
        self._title("Reports it rests on, as they stand in the feed")
        for report in x.raw:
            where = f"{report.feed or report.source}, place {report.offset}"
            self._print(f"{report.what}: {where}")
            if report.reported.problem:
                self._print(f"  not shown: {report.reported.problem}", "yellow")
            for line in report.reported.lines:
                self._print(f"  {line[:MAX_LINE]}", "cyan", whole=True)
            fields = report.reported.fields
            told = [f"{name} {fields[name]}" for name in DECODED if name in fields]
            if told and len(report.reported.lines) and "msg_type" in fields:
                self._print(f"  says: type {int(fields['msg_type'])}, {', '.join(told)}", "dim")

    def _past(self, past: Past) -> None:
        who = past.identity
        name = clean(who.name) or "(no name)"
        self._title(f"Vessel {who.mmsi:09d} {name}")
        told = [
            f"flag {who.flag_state or '?'}",
            past.ship_type,
            f"IMO {who.imo}" if who.imo else "",
            f"call sign {who.callsign}" if who.callsign else "",
            f"{who.length_m:.0f} m" if who.length_m == who.length_m else "",
        ]
        self._print("  ".join(one for one in told if one))
        fields = past.stated[past.stated["field"].isin(["name", "callsign", "imo"])]
        for field, own in fields.groupby("field", sort=False):
            if len(set(own["value"])) > 1:
                spans = own[["value", "first_time", "last_time"]].itertuples(index=False, name=None)
                values = [
                    f"{value} ({minute(first)[:10]} to {minute(last)[:10]})"
                    for value, first, last in spans
                ]
                self._print(f"Called itself, {field}: {'; '.join(values)}", "bold")
        for one in past.otherwise:
            before, after = (in_units(one.field, value) for value in (one.before, one.after))
            self._print(
                f"Said otherwise after it, {ENGLISH.field(one.field)}: {before} until "
                f"{minute(one.until)}, {after} since {minute(one.since)}",
                "bold",
            )
        for row in _concluded(past.dispositions):
            self._print(
                f"Concluded on {ENGLISH.kind_of(row['kind'], '')} {row['event_id'][:8]}: "
                f"{row['conclusion']}, "
                f"{row['author']}: {row['reason']}"
            )
        events = past.events
        if events.empty:
            self._print("No earlier event.")
            return
        self._print(f"Earlier events: {len(events)}")
        for row in events.head(EARLIER).to_dict("records"):
            self._print(f"  {row['score']:.2f}  {row['event_id'][:8]}  {row['reason']}")
        if len(events) > EARLIER:
            self._print(f"  and {len(events) - EARLIER} more: --json lists all")

    def _revisions(self) -> None:
        x = self._x
        self._title("What runs learned of it")
        for one in x.revisions:
            known = minute(one.known_time)
            self._print(f"{one.run_id} (reports up to {known}): {one.status}")
            for line in one.changes:
                self._print(f"  {line}", "dim")
        for status, runs in x.looks.groupby("status", sort=False):
            words = str(status).replace("_", " ")
            self._print(f"Since then {words} in {len(runs)}: {', '.join(runs['run_id'].tail(5))}")

    # ---- words

    def _title(self, text: str) -> None:
        self._console.print()
        self._print(text, "bold underline")

    def _print(self, text: str, style: str = "", *, whole: bool = False) -> None:
        """Print a text, broken between words where a person reads it and it isn't to stay whole."""
        whole = whole or not self._console.is_terminal
        self._console.print(Text(self._word(text), style), soft_wrap=whole)

    def _cells(self, texts: Iterable[str]) -> list[Text]:
        return [Text(self._word(text)) for text in texts]

    def _word(self, text: str) -> str:
        shown = "\n".join(clean(line) for line in text.split("\n"))
        if not self._plain:
            return shown
        return shown.translate(_PLAIN).encode("ascii", "backslashreplace").decode()
