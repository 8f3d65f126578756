"""Questions about positions, tracks and coverage, and about what was heard when."""

import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from detectors.core import frames
from detectors.kinematics import integrity
from detectors.kinematics.integrity import Segmented
from detectors.surroundings.coverage import CELLS, FEED, LYING, RECEIVERS, Coverage
from pipelines.store import judged_files, positions
from pipelines.store.arrow import to_frame
from pipelines.store.groups import group_of, groups_of
from pipelines.store.now import MOST_NEEDED, REFERENCE_DATES, Now, believed
from pipelines.store.parted import ALL_NAMES, Parted
from pipelines.store.queries.generation import Generation
from pipelines.store.sections import EVERYBODY, FOREVER, Section, groups_in
from pipelines.store.spool import Spool
from pipelines.store.sql import statement


class TrafficQueries(Generation):
    """Questions about traffic."""

    def last_heard(self, end: pd.Timestamp) -> pd.Timestamp | None:
        """Return time of the newest report up to `end` that can be believed, None without."""
        found = self.now(end)
        return None if found is None else found.time

    def now(self, end: pd.Timestamp) -> Now | None:
        """Return the same, with what it rests on."""
        found: Now | None = self._once(("now", end), lambda: self._now(end))
        return found

    def _now(self, end: pd.Timestamp) -> Now | None:
        @cache
        def busiest(last: str) -> int:
            asked = {"last": last, "dates": REFERENCE_DATES, "end": end}
            return int(self._connection.execute(statement("busiest"), asked).fetchall()[0][0])

        return believed(
            self._ask("last_heard", end=end, most=MOST_NEEDED)["time"],
            lambda until: busiest(f"{until:%Y-%m-%d}"),
        )

    def heard(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        """Return MMSIs heard between two times."""
        return self._ask("heard", since=since, end=end)["mmsi"]

    def dates_of(self, feed_keys: Collection[str]) -> set[str]:
        """Return UTC dates that some feeds hold a position report of."""
        query = "SELECT DISTINCT date FROM presence WHERE list_contains($keys, feed_key)"
        return set(self.sql(query, {"keys": list(feed_keys)})["date"].tolist())

    def report_counts(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return vessels heard between two times: mmsi, reports on those dates."""
        return self._ask("report_counts", since=since, end=end)

    def reports_in(self, need: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """Return the reports of the vessels in `need` on the dates from its from_time to `end`:
        mmsi, reports, copies in several feeds included.
        """
        return self._ask_of("reports_in", need, end=end)

    def need(self, reach: pd.DataFrame) -> pd.DataFrame:
        """Return where to load each vessel from to cover `reach` and one report before it.

        `reach`: mmsi, reach_time.

        Returns mmsi, from_time (midnight UTC), first_time (the vessel's first report in the store).
        """
        return self._ask_of("need", reach)

    def positions(self, need: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
        """Return `frames.POSITIONS` of the vessels in `need`, each from its from_time, up to `end`.

        Copies of one transmission are left out.
        """
        found = self._selected(need, end)
        sides = [side.frame(frames.POSITIONS) for side in (found.tracked, found.aside)]
        whole = pd.concat(sides, ignore_index=True)
        order = np.lexsort((frames.epoch_us(whole["time"]), whole["mmsi"].to_numpy()))
        return whole.take(order).reset_index(drop=True)

    def _selected(
        self, need: pd.DataFrame, end: pd.Timestamp, within: judged_files.Within | None = None
    ) -> judged_files.Selected:
        """Return the judged reports of the vessels in `need`, each from its from_time, up to `end`.

        As the dates were worked out; those that weren't yet are judged by themselves.
        """
        if need.empty:
            return judged_files.select([], need, end)
        span = {"first": f"{need['from_time'].min():%Y-%m-%d}", "last": f"{end:%Y-%m-%d}"}
        query = (
            "SELECT date, path, true FROM track_files WHERE date BETWEEN $first AND $last "
            "UNION ALL SELECT date, path, false FROM files WHERE date BETWEEN $first AND $last "
            "AND date NOT IN (SELECT date FROM track_files) ORDER BY date, path"
        )
        rows = self._connection.execute(query, span).fetchall()
        files: dict[str, list[str]] = {}
        judged_paths = [str(path) for _, path, known in rows if known]
        dates = [str(date) for date, _, known in rows if known]
        for date, path in zip(dates, self.fetched(judged_paths), strict=True):
            files.setdefault(date, []).append(path)
        groups = {date: groups_of(own, need, end) for date, own in files.items()}
        if waiting := [str(path) for _, path, known in rows if not known]:
            with self._registered("need", need):
                alone = self._read("of_vessels", waiting, end=end)
            judged = integrity.judge_alone(alone)
            for date, own in judged.groupby(judged["time"].dt.strftime("%Y-%m-%d")):
                groups[str(date)] = iter([group_of(positions.encode_judged(own))])
        in_order = (group for date in sorted(groups) for group in groups[date])
        return judged_files.select(in_order, need, end, within)

    def day_positions(
        self, paths: list[str], since: pd.Timestamp, until: pd.Timestamp = FOREVER
    ) -> pd.DataFrame:
        """Return `frames.POSITIONS` from a time to before another from some files of the store."""
        return self._read("day_positions", paths, since=since, until=until)

    def judged_since(self, date: str, since: pd.Timestamp) -> pd.DataFrame:
        """Return `integrity.JUDGED` of a date since a time."""
        files = self.fetched(self.files_judged(date))
        section = Section(groups_in(files, EVERYBODY, since, FOREVER), EVERYBODY, since)
        return section.frame(integrity.JUDGED)

    def files_judged(self, date: str) -> list[str]:
        """Return the files of the judged reports of a date."""
        query = "SELECT path FROM track_files WHERE date = $date"
        return list(self.sql(query, {"date": date})["path"])

    def parted(
        self,
        ranges: Sequence[tuple[int, int]],
        spans: Sequence[tuple[Sequence[str], pd.Timestamp, pd.Timestamp]],
        names: Collection[str] = ALL_NAMES,
    ) -> Parted:
        """Return the reports of some spans by ranges of MMSIs, in the units of the files.

        Of each span its files, from when on, and up to before when; of `names` these columns.
        """
        found = Parted(self._root, ranges, names)
        for paths, since, until in spans:
            found.add(self.fetched(paths), since, until)
        return found

    def day_received(
        self, paths: list[str], since: pd.Timestamp
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return `day_positions` and `receptions` of files that are read once."""
        files = self.fetched(paths)
        if not any("station" in pq.read_schema(file).names for file in files):
            return self.day_positions(paths, since), frames.empty(frames.RECEPTIONS)
        schema = {**frames.POSITIONS, "station": frames.RECEPTIONS["station"]}
        rows = self._read("day_positions", paths, schema, since=since, until=FOREVER)
        named = (rows["station"].fillna("") != "").to_numpy(bool)
        heard = frames.conform(rows[named].reset_index(drop=True), frames.RECEPTIONS)
        return frames.select(rows, frames.POSITIONS), heard

    def receptions(self, paths: list[str], since: pd.Timestamp) -> pd.DataFrame:
        """Return `frames.RECEPTIONS` since a time from some files of the store."""
        here = zip(paths, self.fetched(paths), strict=True)
        named = [path for path, file in here if "station" in pq.read_schema(file).names]
        return self._read("receptions", named, frames.RECEPTIONS, since=since)

    def heard_by_receiver(
        self,
        mmsis: Collection[int],
        stations: Collection[str],
        since: pd.Timestamp,
        until: pd.Timestamp,
    ) -> pd.DataFrame:
        """Return reports of some vessels by slot of ten minutes and by receiver.

        Returns mmsi, time (of the slot), station (empty for all but `stations`), reports.
        """
        files = self.fetched(self._files_between(since, until))
        named = [file for file in files if "station" in pq.read_schema(file).names]
        if not named or not mmsis:
            return pd.DataFrame(columns=["mmsi", "time", "station", "reports"])
        found = self._connection.sql(
            statement("heard_by_receiver"),
            params={
                "files": named,
                "mmsis": list(mmsis),
                "stations": list(stations),
                "since": since,
                "until": until,
            },
        )
        return to_frame(found.to_arrow_table())

    def stated(self, since: pd.Timestamp, until: pd.Timestamp) -> dict[str, int]:
        """Return how many reports there are of a span, copies included, how many of them state a
        `speed`, an `ais_class`, or `seconds` beside the minute, how many are not of class B
        (`ships`), and of these how many state a `heading`; and in how many `minutes` and `hours` of
        the clock vessels were heard, about, summed over vessels.
        """
        files = self.fetched(self._files_between(since, until))
        if not files:
            return {}
        [row] = self._ask("stated", files=files, since=since, until=until).to_dict("records")
        return {str(name): int(n) for name, n in row.items()}

    def _files_between(self, since: pd.Timestamp, until: pd.Timestamp) -> list[str]:
        """Return the files of the dates that a span touches."""
        span = {"first": f"{since:%Y-%m-%d}", "last": f"{until:%Y-%m-%d}"}
        query = "SELECT path FROM files WHERE date BETWEEN $first AND $last ORDER BY path"
        return list(self.sql(query, span)["path"])

    def day_counts(self, first: str, last: str) -> list[str]:
        """Return counts (JSON) of the dates from `first` to `last` that were worked out."""
        query = "SELECT counts FROM days WHERE date >= $first AND date <= $last ORDER BY date"
        return [str(text) for text in self.sql(query, {"first": first, "last": last})["counts"]]

    def clocks_put_right(self, first: str, last: str) -> dict[str, dict[str, Any]]:
        """Return by date, newest first, what was found of receivers' clocks that were wrong:
        `put_right`, how many reports, and `clocks`, how late which and for how many hours.
        """
        query = """
            SELECT date, counts FROM days WHERE date >= $first AND date <= $last ORDER BY date DESC
        """
        each = self.sql(query, {"first": first, "last": last})
        told = zip(each["date"], map(json.loads, each["counts"]), strict=True)
        return {str(date): counts for date, counts in told if counts.get("clocks")}

    def day_state(self, date: str) -> pd.DataFrame:
        """Return `integrity.STATE` as of the end of a date."""
        query = "SELECT * EXCLUDE (date) FROM track_state WHERE date = $date ORDER BY mmsi, hull"
        return frames.conform(self.sql(query, {"date": date}), integrity.STATE)

    def coverage(self, first: pd.Timestamp, last: pd.Timestamp) -> Coverage:
        """Return coverage of the UTC dates from `first` to `last`."""
        dates = {"first": first.strftime("%Y-%m-%d"), "last": last.strftime("%Y-%m-%d")}
        return Coverage(
            frames.conform(self._ask_much("coverage_between", **dates), CELLS),
            frames.conform(self._ask_much("coverage_feed_between", **dates), FEED),
            frames.conform(self._ask_much("coverage_receivers_between", **dates), RECEIVERS),
            frames.conform(self._ask_much("coverage_lying_between", **dates), LYING),
        )

    def heard_by_block(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return reports by block (1° of latitude, 0.5° of longitude) and 24 h before `end`.

        Returns day (0: the last 24 hours), lat (deg, southern edge), lon_half (half degrees,
        western edge), reports.
        """
        return self._ask("heard_by_block", since=since, end=end)

    def heard_by_slot(self, since: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        """Return starts of the slots of ten minutes in which feeds heard more than next to nothing:
        a fiftieth of the usual slot's reports.
        """
        return self._ask("heard_by_slot", since=since, end=end)["time"]

    def tracks(self) -> pd.DataFrame:
        """Return every track: span, bounds, length, and the simplified line of each day."""
        return self._ask("tracks")

    def days_heard(self, first: pd.Timestamp, last: pd.Timestamp) -> int:
        """Return UTC dates with reports from the date of `first` to that of `last`."""
        query = "SELECT count(DISTINCT date) AS n FROM files WHERE date BETWEEN $first AND $last"
        dates = {"first": first.strftime("%Y-%m-%d"), "last": last.strftime("%Y-%m-%d")}
        return int(self.sql(query, dates)["n"].iloc[0])

    def track_positions(
        self,
        mmsis: list[int],
        start: pd.Timestamp,
        end: pd.Timestamp,
        columns: Collection[str] = tuple(frames.TRACKED),
    ) -> pd.DataFrame:
        """Return `frames.TRACKED`, or some of its columns, of some vessels over a window."""
        if not mmsis:
            return frames.empty({name: frames.TRACKED[name] for name in columns})
        reach = pd.DataFrame({"mmsi": pd.Series(mmsis, dtype="int64"), "reach_time": start})
        need = self.need(reach)
        tracked = self.tracked(need, end, columns)
        return tracked[tracked["time"] >= start].reset_index(drop=True)

    def tracked(
        self,
        need: pd.DataFrame,
        end: pd.Timestamp,
        columns: Collection[str] = tuple(frames.TRACKED),
    ) -> pd.DataFrame:
        """Return the same of vessels, each from its from_time, up to `end`."""
        schema = {name: frames.TRACKED[name] for name in frames.TRACKED if name in columns}
        return self._selected(need, end).tracked.frame(schema)

    def segmented(
        self,
        need: pd.DataFrame,
        end: pd.Timestamp,
        columns: Collection[str] = tuple(frames.TRACKED),
        within: judged_files.Within | None = None,
    ) -> Segmented:
        """Return the same with the reports that belong to no track.

        Only what was sent `within` some stretches of time may be asked for.
        """
        found = self._selected(need, end, within)
        schema = {name: frames.TRACKED[name] for name in frames.TRACKED if name in columns}
        return Segmented(found.tracked.frame(schema), found.aside.frame(frames.NOISE))

    def spool(self) -> Spool:
        """Return a place to keep what was read, to read it again in parts."""
        return Spool(self._root)
