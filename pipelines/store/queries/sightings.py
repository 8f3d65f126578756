"""Questions about sightings and the files that they came in."""

import json
from typing import Any

import pandas as pd

from detectors.core import frames
from pipelines.store.catalogue import TABLES
from pipelines.store.queries.generation import Generation


class SightingQueries(Generation):
    """Questions about sightings."""

    def has_sightings(self, file_key: str) -> bool:
        """Return whether a file of sightings is in the store."""
        query = "SELECT count(*) FROM sighting_files WHERE file_key = $key"
        return bool(self._connection.execute(query, {"key": file_key}).fetchall()[0][0])

    def sightings_report(self, file_key: str) -> dict[str, Any]:
        """Return what became of the rows of a file of sightings."""
        query = "SELECT report FROM sighting_files WHERE file_key = $key"
        report: dict[str, Any] = json.loads(self.sql(query, {"key": file_key})["report"].iloc[0])
        return report

    def unended_sightings(self) -> list[tuple[str, str, int]]:
        """Return files of sightings whose last line had no end: key, SHA-256, and bytes."""
        files = self.sighting_files()
        sizes = [int(json.loads(text).get("unended_bytes", 0)) for text in files["report"]]
        rows = zip(files["file_key"].astype(str), files["sha256"].astype(str), sizes, strict=True)
        return [(key, of, size) for key, of, size in rows if size]

    def sighting_files(self) -> pd.DataFrame:
        """Return every file of sightings ever imported, with its report."""
        return self.sql("SELECT * FROM sighting_files ORDER BY first_time, file_key")

    def new_sightings(self) -> pd.DataFrame:
        """Return files of sightings that no finished run has looked at."""
        return self._ask("new_sightings")

    def sightings(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return `frames.SIGHTINGS` between two times, in the order of time and name."""
        found = self._ask("sightings", since=since, end=end)
        return frames.conform(found, frames.SIGHTINGS)

    def held_sightings(self) -> pd.DataFrame:
        """Return the table `sightings`: every sighting with the file that brought it first."""
        query = 'SELECT * FROM sightings ORDER BY "time", sighting_id'
        return frames.conform(self.sql(query), TABLES["sightings"])

    def all_sightings(self) -> pd.DataFrame:
        """Return `frames.SIGHTINGS`: all there are."""
        forever = (pd.Timestamp(0, tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC"))
        return self.sightings(*forever)
