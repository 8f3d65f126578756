"""`selat sql`: one question to the store in SQL."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipelines.base.text import counted
from pipelines.cli.options import AsCsv, AsJson, Config, Home, installation_of, refuse_in_home
from pipelines.cli.present import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.parquet as pq

_MOST_JSON: Final = 1_000_000


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

    The views are flagged, incidents, events, positions, tracks, vessels and runs; DESCRIBE lists
    the columns of one, SHOW ALL TABLES the tables below them.

    For example:

      selat sql "SELECT kind, count(*) FROM events GROUP BY kind ORDER BY 2 DESC"

      selat sql "DESCRIBE positions"

      selat sql "SELECT * FROM flagged" --csv > flagged.csv

      selat sql "FROM positions WHERE mmsi = 563072390" --parquet track.parquet
    """
    installation = installation_of(home, config)
    from pipelines.store import views

    store = installation.store, installation.settings.store
    if parquet is not None:
        refuse_in_home(installation, parquet)
        written = _to_parquet(views.batches(*store, query), parquet)
        sys.stderr.write(f"{counted(written, 'row')} in {parquet}\n")
    elif as_csv:
        for number, batch in enumerate(views.batches(*store, query)):
            sys.stdout.write(_csv(batch, with_names=number == 0))
    elif as_json:
        table = views.ask(*store, query, _MOST_JSON + 1)
        if table.num_rows > _MOST_JSON:
            raise views.QueryError(
                f"more than {_MOST_JSON:,} rows are too many for JSON", hint="--csv or --parquet"
            )
        print_json(_rows(table))
    else:
        table = views.ask(*store, query, rows + 1)
        _show(_rows(table.slice(0, rows)), table.column_names, more=table.num_rows > rows)


def _to_parquet(found: "Iterator[pa.RecordBatch]", path: Path) -> int:
    """Write an answer to a file, whole or not at all; return its number of rows.

    A link there is replaced, and what it leads to left alone. What is no file (a pipe, a device) is
    written as the answer comes.
    """
    import pyarrow.parquet as pq

    from pipelines.base.files import replacing

    first = next(found)
    is_other = path.exists() and not path.is_file()
    with (
        nullcontext(path) if is_other else replacing(path) as to,
        pq.ParquetWriter(to, first.schema) as writer,
    ):
        return sum(_written(writer, batch) for batch in found)


def _written(writer: "pq.ParquetWriter", batch: "pa.RecordBatch") -> int:
    writer.write_batch(batch)
    return int(batch.num_rows)


def _rows(table: "pa.Table | pa.RecordBatch") -> list[dict[str, object]]:
    """Return rows; a time that Python has no name for becomes a text."""
    try:
        return list(table.to_pylist())
    except (OverflowError, ValueError):
        import pyarrow as pa
        import pyarrow.types as kinds

        columns = [
            column.cast(pa.int64()).cast(pa.string()) if kinds.is_temporal(column.type) else column
            for column in table.columns
        ]
        return list(pa.table(columns, names=table.schema.names).to_pylist())


def _csv(table: "pa.RecordBatch", *, with_names: bool) -> str:
    """Return rows as CSV: times as ISO 8601 UTC, texts clean and never a formula."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if with_names:
        writer.writerow(table.schema.names)
    for row in _rows(table):
        writer.writerow(_cell(v) for v in row.values())
    return out.getvalue()


def _cell(value: object) -> object:
    """Return a value as it stands in CSV: all times of a column in one form, to the microsecond."""
    from datetime import date, datetime, time

    from pipelines.base.text import formula_safe
    from pipelines.base.visible import clean

    if isinstance(value, datetime | time):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return formula_safe(clean(value))
    return "" if value is None else value


def _show(shown: list[dict[str, object]], names: list[str], *, more: bool) -> None:
    print_table(names, (["–" if v is None else str(v) for v in row.values()] for row in shown))
    if more:
        sys.stderr.write("there are more rows: --rows, --csv, --json, --parquet\n")
