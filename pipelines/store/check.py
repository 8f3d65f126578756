"""Whether a store is whole: every file against the catalogue, and the catalogue against itself.

What can be mended without a guess is: left-overs of a crash are removed, and sums over the files
are made anew. Rows that are lost are only named, with the feeds to be ingested again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow.parquet as pq

from pipelines.base.files import sha256_of
from pipelines.base.problems import Problem
from pipelines.base.settings import StoreSettings
from pipelines.store import exists, read, write
from pipelines.store.catalogue import TABLES, StoreBusyError, StoreError, writer_lock
from pipelines.store.place import place
from pipelines.store.positions import SCHEMA, WITHOUT_STATION
from pipelines.store.queries import Queries
from pipelines.store.verdict_files import files_of, is_of
from pipelines.store.writer import DERIVED, strays, work_files

_REFERENCES: Final = (
    ("file_feeds", "path", "files", "path"),
    ("file_feeds", "feed_key", "ledger", "feed_key"),
    ("presence", "feed_key", "ledger", "feed_key"),
    ("statics", "feed_key", "ledger", "feed_key"),
    ("events", "run_id", "runs", "run_id"),
    ("events", "first_run_id", "runs", "run_id"),
    ("events", "supersedes", "events", "event_id"),
    ("run_events", "run_id", "runs", "run_id"),
    ("run_events", "event_id", "events", "event_id"),
    ("flags", "run_id", "runs", "run_id"),
    ("run_feeds", "run_id", "runs", "run_id"),
)
"""Column by column: what must be found where. Empty texts refer to nothing."""


@dataclass(frozen=True)
class StoreProblem(Problem):
    """A problem of a store."""

    mendable: bool = False
    """Whether it can be repaired without a guess."""
    repaired: bool = False
    """Whether it was."""


def check(
    root: Path,
    settings: StoreSettings | None = None,
    *,
    repair: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[StoreProblem]:
    """Verify a store; with `repair` mend what can be mended without a guess.

    Checked are: the catalogue opens and has the tables of this version; every file is there, with
    the size, hash, columns, order, date and rows per feed that the catalogue says; sums by vessel
    and the ledger agree with the files; whatever a table refers to exists; no file is left over.

    `progress`: called with (files done, files in all).

    Returns an empty list when all is well.

    Raises
    ------
    StoreError
        If there is no store.
    StoreBusyError
        If it is to be repaired while another process is writing.
    """
    settings = settings or StoreSettings()
    if not (root / "positions").exists() and not exists(root, settings):
        raise StoreError(f"no store in {root}")
    try:
        with read(root, settings) as store:
            problems = [*_tables(store)]
            if not problems:
                problems += _files(root, store, progress)
                problems += _judged(store)
                problems += _presence(root, store)
                problems += [*_ledger(store), *_references(store), *_derived(store)]
                problems += [*_superseded(store), *_left_over(root, store, settings)]
    except StoreBusyError:
        raise
    except StoreError as error:
        return [StoreProblem("error", "catalogue.duckdb", error.message, error.hint)]
    if not repair or not any(problem.mendable for problem in problems):
        return problems
    with write(root, settings) as writer:  # which removes left-overs
        summed = "presence of "
        writer.repair(
            [p.where.removeprefix(summed) for p in problems if p.where.startswith(summed)],
            [p.where for p in problems if p.where.startswith("tracks/")],
        )
    return [replace(p, repaired=p.mendable) for p in problems]


def _tables(store: Queries) -> Iterable[StoreProblem]:
    held = store.columns()
    for table, schema in TABLES.items():
        there = held.get(table, [])
        if there != list(schema):
            yield StoreProblem(
                "error",
                f"table {table}",
                f"has the columns {', '.join(there) or 'of no table'}",
                "put catalogue.duckdb back from a copy",
            )
        else:
            store.read_whole(table)


def _files(
    root: Path, store: Queries, progress: Callable[[int, int], None] | None
) -> list[StoreProblem]:
    problems = []
    feeds = store.sql(
        "SELECT path, feed_key, rows, name FROM file_feeds LEFT JOIN ledger "
        "USING (feed_key) ORDER BY path, feed_key"
    )
    of_file = {str(path): held for path, held in feeds.groupby("path")}
    files = store.sql("SELECT * FROM files ORDER BY path")
    for done, file in enumerate(files.itertuples(index=False), 1):
        held = of_file.get(str(file.path), feeds.iloc[:0])
        wrong = _wrong_with(store.original(str(file.path)), file, held, store)
        if wrong:
            named = ", ".join(
                f"{n} ({k})" for n, k in zip(held["name"], held["feed_key"], strict=True)
            )
            problems.append(
                StoreProblem(
                    "error",
                    str(file.path),
                    wrong,
                    "put the file back from a copy, or delete its feeds together and ingest them "
                    f"again: {named or 'unknown'}",
                )
            )
        if progress:
            progress(done, len(files))
    return problems


def _wrong_with(path: Path, file: Any, held: pd.DataFrame, store: Queries) -> str:
    """Return what is wrong with a file, empty if nothing is."""
    if not path.is_file():
        return "the file is missing"
    size = path.stat().st_size
    if size != file.bytes:
        return f"the file has {size:,} bytes, not {file.bytes:,}"
    if sha256_of(path) != file.sha256:
        return "the file's content has changed since it was written"
    if pq.read_schema(path).names not in (SCHEMA.names, list(WITHOUT_STATION)):
        return "the file has other columns than a file of positions"
    found = store.check_file(path, str(file.date))
    if found["rows"].sum() != file.rows:
        return f"the file has {found['rows'].sum():,} rows, not {file.rows:,}"
    if found["backwards"].any():
        return f"{found['backwards'].sum():,} rows are out of order"
    if found["elsewhere"].any():
        return f"{found['elsewhere'].sum():,} rows are of another date than {file.date}"
    counted = dict(zip(held["feed_key"], held["rows"], strict=True))
    if counted != dict(zip(found["feed_key"], found["rows"], strict=True)):
        return "the rows of each feed aren't those that the catalogue says"
    return ""


def _judged(store: Queries) -> Iterable[StoreProblem]:
    held = set(store.files())
    for file in store.sql("SELECT * FROM track_files ORDER BY path").itertuples(index=False):
        path = store.original(str(file.path))
        if not path.is_file():
            wrong = "the file is missing"
        elif path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            wrong = "the file's content has changed since it was written"
        elif is_of(path) and not held.issuperset(files_of(path)):
            wrong = "the file is of positions that the store doesn't hold"
        else:
            continue
        yield StoreProblem(
            "error",
            str(file.path),
            wrong,
            "selat store check --repair forgets it, and the next run works it out again",
            mendable=True,
        )


def _presence(root: Path, store: Queries) -> Iterable[StoreProblem]:
    files = store.sql("SELECT date, path FROM files ORDER BY date, path")
    dates = {str(date): list(held["path"]) for date, held in files.groupby("date")}
    others = set(store.sql("SELECT DISTINCT date FROM presence")["date"]) - dates.keys()
    for date in sorted(dates.keys() | others):
        paths = dates.get(date, [])
        if not all((root / path).is_file() for path in paths):
            continue  # said already, and nothing can be summed
        try:
            same = store.presence_of(date).equals(store.presence_in_files(date, paths))
        except StoreError:
            continue  # a damaged file, said already
        if not same:
            yield StoreProblem(
                "error",
                f"presence of {date}",
                "who was heard isn't what the files say",
                "selat store check --repair sums it up again",
                mendable=True,
            )


def _ledger(store: Queries) -> Iterable[StoreProblem]:
    for feed in store.ledger_counts().to_dict("records"):
        if feed["other_times"]:
            message = "its first and last time aren't those of its positions"
        else:
            message = f"{feed['said']:,.0f} positions were read, {feed['rows']:,} are in the files"
        yield StoreProblem(
            "error",
            f"feed {feed['feed_key']}",
            f"{feed['name']}: {message}",
            "delete the feed and ingest it again",
        )


def _references(store: Queries) -> Iterable[StoreProblem]:
    for table, column, target, key in _REFERENCES:
        lost = store.sql(
            f"SELECT DISTINCT {column} AS lost FROM {table} WHERE {column} <> '' "  # noqa: S608 (names of ours)
            f"AND {column} NOT IN (SELECT {key} FROM {target}) ORDER BY 1"
        )["lost"]
        if len(lost):
            yield StoreProblem(
                "error",
                f"table {table}",
                f"{len(lost):,} values of {column} aren't in {target}, the first is {lost.iloc[0]}",
                "put catalogue.duckdb back from a copy",
            )
    unknown = store.sql(
        "SELECT count(*) AS n FROM (SELECT unnest(string_split(event_ids, ';')) AS event_id "
        "FROM flags) WHERE event_id <> '' AND event_id NOT IN (SELECT event_id FROM events)"
    )["n"].iloc[0]
    if unknown:
        yield StoreProblem("error", "table flags", f"{unknown:,} events of flags are unknown")
    mixed = store.sql(
        "SELECT count(DISTINCT (report ->> '$.simulated')) AS n, "
        "bool_and((report ->> '$.simulated')::BOOLEAN IS NOT DISTINCT FROM simulated) AS same "
        "FROM ledger, meta"
    ).iloc[0]
    if mixed["n"] > 1 or (mixed["n"] == 1 and not mixed["same"]):
        yield StoreProblem("error", "table ledger", "simulated and real feeds are mixed")


def _derived(store: Queries) -> Iterable[StoreProblem]:
    for table in DERIVED:
        target = "files" if table == "days" else "days"
        dates = store.sql(
            f"SELECT DISTINCT date FROM {table} "  # noqa: S608 (names of ours)
            f"WHERE date NOT IN (SELECT date FROM {target}) ORDER BY date"
        )["date"]
        if len(dates):
            yield StoreProblem(
                "error",
                f"table {table}",
                f"holds {len(dates):,} dates without {target}",
                "selat store check --repair removes them",
                mendable=True,
            )


def _superseded(store: Queries) -> Iterable[StoreProblem]:
    there = store.there()
    for path in store.superseded():
        if path not in there:
            yield StoreProblem(
                "warning",
                path,
                "a replaced file was removed before its time",
                "selat store check --repair forgets it",
                mendable=True,
            )


def _left_over(root: Path, store: Queries, settings: StoreSettings) -> Iterable[StoreProblem]:
    try:
        with writer_lock(root / "writer.lock"):
            found = [*strays(root, place(root, settings), store.named()), *work_files(root)]
    except (StoreBusyError, OSError) as error:
        yield StoreProblem("warning", "left-overs", f"not looked for: {error}", "check again later")
        return
    for path in found:
        yield StoreProblem(
            "warning",
            str(path.relative_to(root)),
            "left over from a crash",
            "selat store check --repair removes it, and so does the next ingest",
            mendable=True,
        )
