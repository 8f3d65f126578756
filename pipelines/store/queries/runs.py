"""Questions about runs, their events and flags, and what people concluded of them."""

import json
from collections.abc import Collection
from typing import Any

import pandas as pd

from detectors.core import frames
from detectors.core.events import parsed
from pipelines.store.catalogue import TABLES
from pipelines.store.queries.generation import Generation
from pipelines.store.sql import statement


class RunQueries(Generation):
    """Questions about runs and what they found."""

    def run(self, run_id: str) -> dict[str, Any] | None:
        """Return a finished run, None where there is none of that id."""
        query = (
            'SELECT run_id, ordinal, start, "end", state, manifest FROM runs WHERE run_id = $run_id'
        )
        runs = self.sql(query, {"run_id": run_id})
        return None if runs.empty else dict(runs.iloc[0])

    def runs(self) -> pd.DataFrame:
        """Return every finished run, oldest first: run_id, ordinal, start, end, state, known_time.

        `known_time` is the newest report that any run up to this one had looked at: the run's
        "now". It is the only clock that runs have, so that a run made again after a crash is the
        same to the last byte.
        """
        return self._ask("runs")

    def last_run(self, *, looks: bool = True) -> dict[str, Any] | None:
        """Return the newest finished run, None where there is none.

        Without `looks` the newest that is no look between nights.
        """
        name = "last_run" if looks else "last_night"
        runs = self._once((name,), lambda: self._ask(name))
        return None if runs.empty else dict(runs.iloc[0])

    def last_looked_at(self, *, looks: bool = True) -> pd.Timestamp | None:
        """Return the latest end of any run's window, None without; `looks` as of `last_run`."""
        query = (
            'SELECT max("end") AS "end" FROM runs WHERE $looks OR (manifest -> \'$.look\') IS NULL'
        )
        end = self.sql(query, {"looks": looks})["end"].iloc[0]
        return None if pd.isna(end) else end

    def manifest(self, run_id: str) -> dict[str, Any]:
        """Return the manifest of a finished run."""
        query = "SELECT manifest FROM runs WHERE run_id = $run_id"
        manifest: dict[str, Any] = json.loads(
            self.sql(query, {"run_id": run_id})["manifest"].iloc[0]
        )
        return manifest

    def event(self, event_id: str) -> dict[str, Any] | None:
        """Return the one event whose id begins so, retracted or not; else None."""
        query = "SELECT * FROM events WHERE starts_with(event_id, $id)"
        found = self.sql(query, {"id": event_id})
        return dict(parsed(found).iloc[0]) if len(found) == 1 else None

    def events(self, run_id: str) -> pd.DataFrame:
        """Return the events of a run as they were known after it, with their `status` in it.

        A later run may have found their end, and another score.
        """
        run, told = self.run(run_id), self.told_in(run_id)
        known = self.events_as_of(0 if run is None else int(run["ordinal"]), ids=told["event_id"])
        known = known.drop(columns=["retracted", "run_id", "first_run_id"])
        return known.merge(told, on="event_id")

    def told_in(self, run_id: str) -> pd.DataFrame:
        """Return which events a run told, and what it said of each: event_id, status."""
        query = "SELECT event_id, status FROM run_events WHERE run_id = $run_id"
        return self.sql(query, {"run_id": run_id})

    def events_touching(
        self, start: pd.Timestamp, end: pd.Timestamp, *, written: bool = False
    ) -> pd.DataFrame:
        """Return events not retracted whose span touches a window, with the store's own columns.

        As they are `written` their evidence is text, which takes a while to parse.
        """
        found = self._ask("events_touching", start=start, end=end)
        found = frames.conform(found, TABLES["events"])
        return found if written else parsed(found)

    def events_counted(
        self,
        start: pd.Timestamp,
        end: pd.Timestamp,
        min_score: float,
        ids: Collection[str] = (),
    ) -> pd.DataFrame:
        """Return those of the same that score so much, and some by their ids, for who only counts
        them: evidence, explanation and reason are empty.

        Of a month these texts are most of what there is to read, and what scores little is.
        """
        asked = {"start": start, "end": end, "min_score": min_score, "ids": list(ids)}
        return frames.conform(self._ask("events_counted", **asked), TABLES["events"])

    def events_by_id(self, ids: Collection[str]) -> pd.DataFrame:
        """Return some events as they are known now, retracted or not, with the store's columns."""
        query = "SELECT * FROM events WHERE event_id IN (SELECT unnest($ids::VARCHAR[]))"
        return parsed(frames.conform(self.sql(query, {"ids": list(ids)}), TABLES["events"]))

    def events_as_of(
        self,
        ordinal: int,
        *,
        mmsi: int = 0,
        event_id: str = "",
        ids: Collection[str] | None = None,
    ) -> pd.DataFrame:
        """Return events as they were known after a run, in the order of their start.

        Of a store of months all of them are a million: who asks names what it wants.

        Returns `events.EVENTS`, supersedes, reason, retracted, run_id (the run that changed it
        last), first_run_id.

        Parameters
        ----------
        mmsi
            Only those that this vessel takes part in; 0 for all.
        event_id
            Only those whose id begins so.
        ids
            Only these; None for all.
        """
        wanted = None if ids is None else list(ids)
        asked = {"ordinal": ordinal, "mmsi": mmsi, "event_id": event_id, "ids": wanted}
        return parsed(self._ask("events_as_of", **asked))

    def revised(self, since: int, until: int) -> list[str]:
        """Return ids of the events that runs after one, up to another, learned something of."""
        query = (
            "SELECT DISTINCT event_id FROM event_revisions JOIN runs USING (run_id) "
            "WHERE ordinal > $since AND ordinal <= $until"
        )
        return list(self.sql(query, {"since": since, "until": until})["event_id"])

    def standing(self, ids: Collection[str], ordinal: int) -> set[str]:
        """Return which of some events were known after a run, and not retracted."""
        query = (
            "SELECT event_id FROM event_revisions JOIN runs USING (run_id) "
            "WHERE ordinal <= $ordinal AND event_id IN (SELECT unnest($ids)) "
            "GROUP BY event_id HAVING arg_max(status, ordinal) <> 'retracted'"
        )
        return set(self.sql(query, {"ids": list(ids), "ordinal": ordinal})["event_id"])

    def stories_as_of(self, ordinal: int) -> pd.DataFrame:
        """Return event_id, supersedes and retracted, as known after a run, of the events that took
        over another's story, and of those whose story another took over.
        """
        known = statement("events_as_of")
        query = f"SELECT event_id, supersedes, retracted FROM ({known})"  # noqa: S608 - our own
        taken = "SELECT DISTINCT event_id, supersedes FROM event_revisions WHERE supersedes <> ''"
        both = self.sql(taken)
        ids = [*both["event_id"], *both["supersedes"]]
        return self.sql(query, {"ordinal": ordinal, "mmsi": 0, "event_id": "", "ids": ids})

    def revisions(self, event_id: str, ordinal: int) -> pd.DataFrame:
        """Return what each run up to one learned of an event, oldest first: the columns of the
        table `event_revisions` with the run's ordinal and known_time.
        """
        return parsed(self._ask("revisions", event_id=event_id, ordinal=ordinal))

    def heirs(self) -> dict[str, str]:
        """Return ids of events that took over the story of a retracted one, with that one's id."""
        query = "SELECT event_id, supersedes FROM events WHERE supersedes <> ''"
        found = self.sql(query)
        return dict(zip(found["event_id"], found["supersedes"], strict=True))

    def looks(self, event_id: str, ordinal: int) -> pd.DataFrame:
        """Return what each run up to one said of an event: run_id, ordinal, status."""
        return self._ask("looks", event_id=event_id, ordinal=ordinal)

    def flags(self, run_id: str) -> pd.DataFrame:
        """Return `schemas.FLAGGED` of a run."""
        return self._ask("run_flags", run_id=run_id)

    def company(self, mmsi: int, end: pd.Timestamp) -> pd.DataFrame:
        """Return whom a vessel met in events up to a time, and whom those met in turn.

        Returns mmsi, meetings (that no innocent reason fits as likely as not), explained (that one
        does), possible (how often it could have met it while one of the two wasn't
        heard), first_time, last_time, score (the highest), through: 0 for whom it met itself, else
        the vessel that met both, the last such; there are `through_more` others.
        """
        return self._ask("company", mmsi=mmsi, end=end)

    def incidents(self, run_id: str) -> pd.DataFrame:
        """Return `schemas.INCIDENTS` of a run: in rank order, then those that are over."""
        return self._ask("run_incidents", run_id=run_id)

    def known_incidents(
        self,
        ordinal: int | None = None,
        *,
        prefix: str = "",
        mmsi: int = 0,
        since: pd.Timestamp | None = None,
        until: pd.Timestamp | None = None,
        looks: bool = True,
    ) -> pd.DataFrame:
        """Return incidents, each as the newest run told it.

        Returns `schemas.INCIDENTS`, the oldest first.

        Parameters
        ----------
        ordinal
            Only as runs up to this one told them.
        prefix
            Only those whose id begins so.
        mmsi
            Only those that this vessel was ever in; 0 for all.
        since, until
            Only those that, as some run told them, had not ended before and had begun by then.
        looks
            Without them only as nights told them.
        """
        return self._ask(
            "known_incidents",
            ordinal=ordinal,
            prefix=prefix,
            mmsi=f"{mmsi:09d}" if mmsi else "",
            since=since,
            until=until,
            looks=looks,
        )

    def told_later(self, ids: Collection[str]) -> dict[str, str]:
        """Return, by event, the incident that told of it when a later window than that of its
        newest run was looked at, of the incidents that are named.
        """
        found = self._ask("told_later", ids=list(ids))
        return dict(zip(found["event_id"].tolist(), found["incident_id"].tolist(), strict=True))

    def all_flags(self) -> pd.DataFrame:
        """Return every flag: `schemas.FLAGGED`, run_id, ordinal, known_time; by run and rank."""
        runs = self.runs()[["run_id", "ordinal", "known_time"]]
        flags = self.sql("SELECT * FROM flags").merge(runs, on="run_id")
        return flags.sort_values(
            ["ordinal", "rank", "score", "mmsi"],
            ascending=[True, True, False, True],
            ignore_index=True,
        )

    def dispositions(self, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Return `schemas.DISPOSITIONS` recorded up to a time (None: ever), oldest first."""
        query = (
            "SELECT * FROM dispositions WHERE $until IS NULL OR made_time <= $until "
            "ORDER BY made_time, disposition_id"
        )
        return frames.conform(self.sql(query, {"until": until}), TABLES["dispositions"])

    def operations(self) -> pd.DataFrame:
        """Return `schemas.OPERATIONS`, in the order in which they were added."""
        query = "SELECT * FROM operations ORDER BY made_time, name"
        return frames.conform(self.sql(query), TABLES["operations"])
