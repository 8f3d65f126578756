"""Questions about the files of positions: which there are, and what each holds."""

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from detectors.core import frames
from detectors.kinematics import integrity
from pipelines.store.catalogue import IS_HELD, TABLES, StoreError
from pipelines.store.queries.generation import Generation
from pipelines.store.sql import statement


class FileQueries(Generation):
    """Questions about files."""

    def files_by_date(self) -> pd.DataFrame:
        """Return UTC dates with positions: date, files, bytes, rows; and of what was worked out
        from them judged_bytes and counts (JSON, missing where nothing was).
        """
        return self._ask("files_by_date")

    def lost(self) -> list[str]:
        """Return files that are missing, or whose size isn't what the catalogue says."""
        there = self._place.sizes()
        here = self.contents()
        rows = zip(here["path"], here["bytes"], strict=True)
        return [str(path) for path, size in rows if there.get(str(path)) != int(size)]

    def original(self, path: str) -> Path:
        """Return a file as it lies in its place, not as it was read once."""
        return self._place.original(path)

    def there(self) -> dict[str, int]:
        """Return files that lie in the place, with their size in bytes."""
        return self._place.sizes()

    def files(self) -> list[str]:
        """Return files of positions of this generation."""
        return list(self.sql("SELECT path FROM files ORDER BY date, path")["path"])

    def named(self) -> set[str]:
        """Return every file that the catalogue names, also those kept for older readers."""
        tables = [*self._tables_of_files(), "superseded"]
        query = " UNION ALL ".join(f"SELECT path FROM {table}" for table in tables)  # noqa: S608 (names of ours)
        return {str(path) for (path,) in self._connection.execute(query).fetchall()}

    def contents(self) -> pd.DataFrame:
        """Return the files of this generation, of positions and judged: path, bytes, sha256.

        Of a store of an older version too, which may have no judged ones.
        """
        tables = self._tables_of_files()
        query = " UNION ALL ".join(f"SELECT path, bytes, sha256 FROM {t}" for t in tables)  # noqa: S608 (names of ours)
        return self.sql(f"{query} ORDER BY path")

    def _tables_of_files(self) -> list[str]:
        query = (
            f"SELECT table_name FROM duckdb_tables() WHERE {IS_HELD} "  # noqa: S608 (names of ours)
            "AND table_name IN ('files', 'track_files') ORDER BY table_name"
        )
        return [str(name) for (name,) in self._connection.execute(query).fetchall()]

    def superseded(self) -> list[str]:
        """Return files kept for older readers only."""
        return list(self.sql("SELECT path FROM superseded ORDER BY path")["path"])

    def check_file(self, path: Path, date: str) -> pd.DataFrame:
        """Return what a file of a date holds: feed_key, rows, backwards, elsewhere."""
        return self._ask("check_file", files=[str(path)], date=date)

    def presence_of(self, date: str) -> pd.DataFrame:
        """Return the table `presence` of a date."""
        query = "SELECT * FROM presence WHERE date = $date ORDER BY mmsi, feed_key"
        return frames.conform(self.sql(query, {"date": date}), TABLES["presence"])

    def presence_in_files(self, date: str, paths: list[str]) -> pd.DataFrame:
        """Return the same, as files of the store have it."""
        if not paths:
            return frames.empty(TABLES["presence"])
        files = self.fetched(paths)
        try:
            found = self._ask("presence_in_files", files=files, date=date)
        except duckdb.Error as error:
            raise StoreError(f"a file of {date} can't be read: {error}") from error
        return frames.conform(found, TABLES["presence"])

    def files_of_feeds(self, feed_keys: list[str]) -> pd.DataFrame:
        """Return files with rows of some feeds: feed_key, date, path, sha256, rows of the feed,
        others (whether it holds rows of another feed too).
        """
        return self._ask("files_of_feeds", feeds=feed_keys)

    def files_with(self, feed_keys: list[str]) -> list[tuple[str, str]]:
        """Return date and path of the files with rows of some feeds, by feed."""
        query = (
            "SELECT date, path FROM files JOIN file_feeds USING (path) "
            "WHERE list_contains($feeds, feed_key) ORDER BY feed_key, date, path"
        )
        rows = self._connection.execute(query, {"feeds": feed_keys}).fetchall()
        return [(str(date), str(path)) for date, path in rows]

    def last_days(self) -> list[tuple[str, str | None, str | None]]:
        """Return the last two dates with positions, the newest first, with the digests of what was
        worked out from them: date, input, state.
        """
        query = (
            "SELECT date, input, state FROM (SELECT DISTINCT date FROM files) "
            "LEFT JOIN days USING (date) ORDER BY date DESC LIMIT 2"
        )
        return self._connection.execute(query).fetchall()

    def held_on(self, date: str) -> dict[str, int]:
        """Return the feeds that have rows in the files of a date, in order, and how many."""
        query = (
            "SELECT feed_key, sum(file_feeds.rows)::BIGINT FROM file_feeds JOIN files USING (path) "
            "WHERE date = $date GROUP BY feed_key ORDER BY feed_key"
        )
        rows = self._connection.execute(query, {"date": date}).fetchall()
        return {str(key): int(n) for key, n in rows}

    def feeds_in(self, paths: list[str]) -> set[str]:
        """Return the keys of feeds that some files hold rows of."""
        query = "SELECT DISTINCT feed_key FROM file_feeds WHERE list_contains($paths, path)"
        rows = self._connection.execute(query, {"paths": paths}).fetchall()
        return {str(key) for (key,) in rows}

    def rows_of_feed(self, file: str, feed_key: str) -> pa.RecordBatchReader:
        """Return the rows of a feed in a file, as they are stored."""
        rows = self._connection.sql(
            statement("rows_of_feed"), params={"file": file, "feed_key": feed_key}
        )
        return rows.to_arrow_reader(100_000)

    def day_files(self) -> pd.DataFrame:
        """Return dates with positions: date, paths (blank-separated), content, digests.

        `early` is of the content what holds reports of the first `integrity.SETTLING`.
        """
        return self._ask("day_files", early_s=integrity.SETTLING_S)
