"""`selat sql`: one question to the store in SQL."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import AsCsv, AsJson, Config, Home, installation_of, print_json

if TYPE_CHECKING:
    import pyarrow as pa


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT in DuckDB's dialect.")],
    home: Home = None,
    config: Config = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: Annotated[Path | None, typer.Option(help="Write the answer to this file.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows of the table shown.")] = 40,
) -> None:
    """Ask the store in SQL; it reads a published snapshot, and can do nothing else.

    The views are flagged, events, positions, tracks, vessels and runs; DESCRIBE lists the columns
    of one, SHOW ALL TABLES the tables below them.

    For example:

      selat sql "SELECT kind, count(*) FROM events GROUP BY kind ORDER BY 2 DESC"

      selat sql "DESCRIBE positions"

      selat sql "SELECT * FROM flagged" --csv > flagged.csv

      selat sql "SELECT * FROM positions WHERE mmsi = 563072390" --parquet track.parquet
    """
    installation = installation_of(home, config)
    from pipelines.store import views

    table = views.ask(installation.store, installation.settings.store, query)
    if parquet is not None:
        import pyarrow.parquet as pq

        pq.write_table(table, parquet)
        sys.stderr.write(f"{table.num_rows:,} rows in {parquet}\n")
        return
    if as_json:
        print_json(table.to_pylist())
        return
    if as_csv:
        sys.stdout.write(_csv(table))
        return
    _show(table.slice(0, rows).to_pylist(), table.column_names, table.num_rows)


def _csv(table: "pa.Table") -> str:
    """Return a table as CSV: times as ISO 8601 UTC, texts clean and never a formula."""
    import csv
    import io

    from pipelines.base.text import formula_safe
    from pipelines.base.visible import clean

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow(
            ""
            if v is None
            else v.isoformat().replace("+00:00", "Z")
            if hasattr(v, "isoformat")
            else formula_safe(clean(v))
            if isinstance(v, str)
            else v
            for v in row.values()
        )
    return out.getvalue()


def _show(shown: list[dict[str, object]], names: list[str], total: int) -> None:
    """Print rows as a table for a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipelines.base.text import one_line

    table = Table(*names)
    for row in shown:
        table.add_row(*(Text(one_line("–" if v is None else str(v), 60)) for v in row.values()))
    Console().print(table)
    if total > len(shown):
        sys.stderr.write(f"{total - len(shown):,} rows more: --rows, --csv, --json, --parquet\n")
