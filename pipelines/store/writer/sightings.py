"""Sightings come into the store and go from it."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from pipelines.store.catalogue import StoreError
from pipelines.store.sightings import with_unique_names
from pipelines.store.writer.publishing import Publishing, one_row


class SightingWriter(Publishing):
    """Adds files of sightings, and removes them."""

    def add_sightings(
        self,
        file_key: str,
        *,
        sha256: str,
        name: str,
        sightings: pd.DataFrame,
        report: Mapping[str, Any],
        replaces: Collection[str] = (),
    ) -> int:
        """Add a file of sightings, then publish; returns how many were new.

        A sighting that the store has to the last column is left out. One that has the name of
        another gets a name of its own.

        Parameters
        ----------
        file_key
            Its key; must be new, or among those replaced.
        report
            `simulated` says whether the file is of an exercise.
        replaces
            Keys of files that this one takes the place of, such as itself read before, of which it
            keeps the names; it is new to the next run.

        Raises
        ------
        StoreError
            If the file is of an exercise and the store isn't, or the other way round.
        DiskFullError
            If there is no room.
        """
        simulated = bool(report["simulated"])
        if len(sightings):
            self._refuse_mixture(simulated, name)
        first, more = self._names_kept("sighting_files", replaces, sha256, name)
        with self._transaction():
            for key in replaces:
                self._drop_sightings(key)
            fresh, renamed, repeats = with_unique_names(sightings, self.all_sightings())
            outcome = {**report, **more, "renamed": renamed, "repeats": repeats}
            entry = {
                "file_key": file_key,
                "sha256": sha256,
                "name": first,
                "first_time": sightings["time"].min() if len(sightings) else None,
                "last_time": sightings["time"].max() if len(sightings) else None,
                "report": json.dumps(outcome, sort_keys=True, ensure_ascii=False),
            }
            if len(sightings):
                self._connection.execute("UPDATE meta SET simulated = $s", {"s": simulated})
            self._insert("sighting_files", one_row("sighting_files", entry))
            self._insert("sightings", fresh.assign(file_key=file_key))
        self.publish()
        return len(fresh)

    def set_sightings(self, files: pd.DataFrame, sightings: pd.DataFrame) -> None:
        """Hold these files of sightings and their sightings, and no others; then publish."""
        with self._transaction():
            for table, rows in (("sighting_files", files), ("sightings", sightings)):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 (names of ours)
                self._insert(table, rows)
        self.publish()

    def delete_sightings(self, *file_keys: str) -> None:
        """Remove what some files of sightings brought first, and nothing else; then publish."""
        with self._transaction():
            for key in file_keys:
                if not self.has_sightings(key):
                    hint = "selat sightings list --files shows their keys"
                    raise StoreError(f"no file of sightings {key} in the store", hint=hint)
                self._drop_sightings(key)
            if not len(self.ledger()) and not len(self.sighting_files()):
                self._connection.execute("UPDATE meta SET simulated = NULL")
        self.publish()

    def _drop_sightings(self, file_key: str) -> None:
        for table in ("sightings", "sighting_files"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE file_key = $key",  # noqa: S608 (names of ours)
                {"key": file_key},
            )
        self._connection.execute("DELETE FROM run_feeds WHERE feed_key = $key", {"key": file_key})
