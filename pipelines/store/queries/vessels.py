"""Questions about vessels: what each called itself, and where that was heard."""

import pandas as pd

from detectors.core import frames
from pipelines.store.queries.generation import Generation
from pipelines.store.vessels import Identity, history, identity, until


class VesselQueries(Generation):
    """Questions about vessels."""

    def vessels(self, end: pd.Timestamp) -> pd.DataFrame:
        """Return what each called itself last up to `end`; `frames.VESSELS` but flag_state."""
        return self._ask("vessels", end=end)

    def heard_in(self, mmsis: list[int], end: pd.Timestamp) -> pd.DataFrame:
        """Return feeds that some vessels were heard in, by UTC date up to `end`.

        Returns
        -------
        pandas.DataFrame
            mmsi, date, feed_key, what: "position" or "static".
        """
        with self._registered("wanted", pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64")})):
            return self._ask("heard_in", end=end)

    def last_seen(self, mmsis: list[int], end: pd.Timestamp) -> pd.Series:
        """Return the time of the last report of some vessels up to a time, by MMSI, or NaT."""
        with self._registered("wanted", pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64")})):
            return self._ask("last_seen", end=end).set_index("mmsi")["last_time"].reindex(mmsis)

    def identity_at(self, mmsi: int, time: pd.Timestamp) -> Identity:
        """Return what a vessel had called itself last at a time."""
        return self._identity(mmsi, time, self._ask("statements", mmsi=mmsi))

    def known_at(self, mmsi: int, time: pd.Timestamp) -> tuple[Identity, pd.DataFrame]:
        """Return the same, and `HISTORY` up to then."""
        statements = self._ask("statements", mmsi=mmsi)
        return self._identity(mmsi, time, statements), history(until(statements, time))

    def _identity(self, mmsi: int, time: pd.Timestamp, statements: pd.DataFrame) -> Identity:
        from pipelines.reference.codes import flag_states

        seen = self._ask("seen", mmsi=mmsi, end=time)
        return identity(mmsi, time, statements, seen, str(flag_states([mmsi])[0]))

    def names(self, end: pd.Timestamp) -> pd.DataFrame:
        """Return every name, call sign and IMO number that any vessel said up to a time, and all
        MMSIs heard: mmsi, field, value, first_time, last_time.
        """
        return self._ask("names", end=end)

    def statements(self, need: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """Return `frames.STATEMENTS` of vessels, each from its from_time, up to `end`."""
        with self._registered("need", need):
            statements = self._ask("statements_between", end=end)
        return frames.conform(statements, frames.STATEMENTS)
