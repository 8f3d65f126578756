"""Questions about vessels: what each called itself, and where that was heard."""

from typing import Final

import pandas as pd

from detectors.core import frames
from pipelines.store.kept import CALLED, NOTHING_SAID, Called
from pipelines.store.queries.generation import Generation
from pipelines.store.said import Said
from pipelines.store.sql import statement
from pipelines.store.vessels import Identity, history, identity, until

MOST_ROWS: Final = 20_000
"""So many statements are looked at one by one: of a row a vessel, as a quarter of an hour brings,
DuckDB needs ten times as long for twenty aggregates as for the rows."""


class VesselQueries(Generation):
    """Questions about vessels."""

    def vessels(self, end: pd.Timestamp) -> pd.DataFrame:
        """Return what each called itself last up to `end`; `frames.VESSELS` but flag_state."""
        kept = CALLED.of(self._root)
        return self._ask("vessels", end=end) if kept is None else self._vessels(kept, end)

    def _vessels(self, kept: Called, end: pd.Timestamp) -> pd.DataFrame:
        """Return the same by what is kept, and of what came since all that was said by then."""
        feeds = self._connection.execute("SELECT feed_key, md5(report) FROM ledger").fetchall()
        if not kept.goes_on(set(feeds), end):
            kept.forget()
        came = [key for key, _ in set(feeds) - kept.feeds]
        query = (
            "SELECT feed_key, max(last_time) AS last, count(*) AS n_rows FROM statics "
            "WHERE list_contains($feeds, feed_key) GROUP BY feed_key"
        )
        last = self.sql(query, {"feeds": came}) if came else NOTHING_SAID
        rows = dict(zip(last["feed_key"].tolist(), last["n_rows"].tolist(), strict=True))

        def with_those(feeds: list[str]) -> Said:
            few = sum(rows.get(key, 0) for key in feeds) <= MOST_ROWS
            asked = statement("said_by" if few else "said_last")
            found = self._connection.execute(asked, {"feeds": feeds, "end": end}).fetchnumpy()
            return kept.known.added(found)

        later = set(last.loc[last["last"] > end, "feed_key"].tolist())
        over = [(key, report) for key, report in feeds if key in {*came} - later]
        if over:
            known = with_those([key for key, _ in over])
            kept.take(known, over, last["last"][last["last"] <= end].max())
        return (with_those(sorted(later)) if later else kept.known).frame()

    def heard_in(self, mmsis: list[int], end: pd.Timestamp) -> pd.DataFrame:
        """Return feeds that some vessels were heard in, by UTC date up to `end`.

        Returns mmsi, date, feed_key, what: "position" or "static".
        """
        wanted = pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64")})
        return self._ask_of("heard_in", wanted, end=end)

    def last_seen(self, mmsis: list[int], end: pd.Timestamp) -> pd.Series:
        """Return the time of the last report of some vessels up to a time, by MMSI, or NaT."""
        wanted = pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64")})
        seen = self._ask_of("last_seen", wanted, end=end)
        return seen.set_index("mmsi")["last_time"].reindex(mmsis)

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
        statements = self._ask_of("statements_between", need, end=end)
        return frames.conform(statements, frames.STATEMENTS)
