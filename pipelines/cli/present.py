"""The one way in which commands show what they found: a table, JSON or CSV."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout; what isn't known (NaN, NaT) as null."""
    from pipelines.base.text import clean_json, without_nan

    text = json.dumps(
        without_nan(value), indent=2, ensure_ascii=False, default=_plain, allow_nan=False
    )
    typer.echo(clean_json(text))


def _plain(value: Any) -> Any:
    """Return what JSON has no word for: evidence as the object that it is, else its text."""
    return json.loads(value.json()) if type(value).__name__ == "Evidence" else str(value)


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return rows for JSON: MMSIs as nine digits, parts of a score as objects."""
    rows = table.astype("object").where(table.notna(), None).to_dict("records")
    return [{str(k): _identified(str(k), v) for k, v in row.items()} for row in rows]


def _identified(name: str, value: Any) -> Any:
    if name in {"mmsi", "other_mmsi"}:
        return f"{int(value):09d}" if value else None
    return json.loads(value) if name == "made_of" else value


def print_as(table: "pd.DataFrame", *, as_json: bool, as_csv: bool) -> bool:
    """Print a table as JSON or CSV, if it is asked for so; return whether it was."""
    if as_json:
        print_json(records(table))
    elif as_csv:
        print_csv(table)
    return as_json or as_csv


def print_csv(table: "pd.DataFrame") -> None:
    """Print a table as CSV, by the rules of events.csv."""
    from pipelines.publish.csv_text import tidy_csv

    typer.echo(tidy_csv(table), nl=False)


def mark_exercise(*, simulated: bool) -> None:
    """Print what stands above all that is told of an exercise."""
    if simulated:
        typer.secho("SIMULATED DATA – EXERCISE", fg="yellow", bold=True)


def print_line(text: str) -> None:
    """Print a line, at a terminal broken between words where it is longer; whole in a pipe."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(text), soft_wrap=not console.is_terminal)


def print_table(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    drop: Sequence[str] = (),
    most: int = 60,
) -> None:
    """Print rows as a table for a terminal; what others wrote is shown, never obeyed.

    Where they are wider than the terminal, columns go before words are broken; where words would
    break all the same, each row is shown as a block, a line a column.

    Parameters
    ----------
    drop
        Columns that may go, in the order in which they do; --json and --csv have them all.
    most
        So many characters of a text are shown; in a block as many as two lines hold.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.base.text import one_line

    console = Console()
    cells = [[cell(value) for value in row] for row in rows]
    texts = [[one_line(text, most) for text in row] for row in cells]
    shown = fitting(names, texts, console.width, drop)
    titles, kept = [names[at] for at in shown], [[row[at] for at in shown] for row in texts]
    longest = _longest_words([titles, *kept])
    if texts and sum(n + 3 for n in longest) + 1 > console.width:
        for number, row in enumerate(cells):
            lines = Table.grid(padding=(0, 2))
            for name, text in zip(names, row, strict=True):
                whole = one_line(text, max(most, 2 * console.width))
                lines.add_row(Text(name, no_wrap=True), Text(whole))
            console.print(*[""] * bool(number), lines, sep="\n")
        return
    table = Table()
    for title, n in zip(titles, _widths(titles, kept, longest, console.width), strict=True):
        table.add_column(title, width=n)
    for row in kept:
        table.add_row(*map(Text, row))
    console.print(table)


def fitting(
    names: Sequence[str], rows: Sequence[Sequence[str]], width: int, drop: Sequence[str]
) -> list[int]:
    """Return the places of the columns that stay, so that their rows fit a width in cells.

    >>> fitting(("a", "b", "c"), [("1234", "5678", "9")], 15, ("b", "c"))
    [0, 2]
    """
    from rich.cells import cell_len

    wide = [
        max([cell_len(name), *(cell_len(row[place]) for row in rows)])
        for place, name in enumerate(names)
    ]
    shown = list(range(len(names)))
    for name in drop:
        if sum(wide[place] + 3 for place in shown) + 1 <= width:
            break
        shown.remove(names.index(name))
    return shown


def _longest_words(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return how many cells the longest word of each column takes: a Chinese character two."""
    from rich.cells import cell_len

    return [
        max(cell_len(word) for text in one for word in text.split() or [""])
        for one in zip(*rows, strict=True)
    ]


def _widths(
    names: Sequence[str], rows: Sequence[Sequence[str]], longest: Sequence[int], width: int
) -> list[int]:
    """Return how wide columns are: no word breaks, and who needs least of what is left has it.

    Titles may take lines where what stands below them would have to.
    """
    from rich.cells import cell_len

    found, left = list(longest), width - 1 - sum(n + 3 for n in longest)
    for texts in (rows, [names]):
        whole = [max((cell_len(row[at]) for row in texts), default=0) for at in range(len(names))]
        for at in sorted(range(len(names)), key=lambda at: whole[at] - found[at]):
            more = min(max(whole[at] - found[at], 0), max(left, 0))
            found[at], left = found[at] + more, left - more
    return found


def vessel_cell(mmsi: int | str, name: str, flag_state: str) -> str:
    """Return a vessel in lines for a narrow column: name, number and flag."""
    from pipelines.base.text import one_line

    number = f"{int(mmsi):09d} {flag_state}".strip()
    return "\n".join(text for text in (one_line(name, 24), number) if text)


def moment_text(time: Any) -> str:
    """Write a time for a table: minutes, in the hours that people read."""
    from pipelines.base.text import minute

    return "–" if time is None or time != time else minute(time)  # noqa: PLR0124 (NaT)


def vessel_list(mmsis: Sequence[int], top: int) -> str:
    """Return the first of some MMSIs, for a sentence.

    >>> vessel_list([563000101, 2320001], 2), vessel_list([], 2)
    ('563000101, 002320001', 'none')
    """
    return ", ".join(f"{mmsi:09d}" for mmsi in mmsis[:top]) or "none"


def cell(value: Any) -> str:
    """Write a value for a table: two digits, a dash for none."""
    if isinstance(value, float):
        return "–" if value != value else f"{value:.2f}"  # noqa: PLR0124 - NaN
    return "–" if value is None else str(value)
