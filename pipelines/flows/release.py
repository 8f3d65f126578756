"""A finished run, cut down to what one recipient may have, and put together again from that.

Nothing of what is withheld counts: events are chosen by their marks, and then names, tracks,
scores, ranks, reasons, counts and extents are made anew from what is left, by the code that made
the run; a patrol plan too. Events are as they were known after the run; conclusions on them
(dispositions) are all that there are by now.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import PurePath
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core import events as event_schema
from detectors.core.coverage import Coverage
from detectors.core.detector import Context
from detectors.core.zones import Zones
from pipelines import marks as marking
from pipelines import reference
from pipelines.assess import Assessment, assess, watchlists
from pipelines.assess.watchlists import Watchlist
from pipelines.detect.window import Detection, vessels_of
from pipelines.export import labels, recipients
from pipelines.export import release as cut
from pipelines.export.recipients import Recipient
from pipelines.flows import plan
from pipelines.flows.runs import HISTORY, count_by, load_zones, run_inputs, shown_vessels, totals_of
from pipelines.flows.windows import NoDataError
from pipelines.ingest import Area
from pipelines.marks import Mark, MarkRules, strictest
from pipelines.patrol import units
from pipelines.patrol.plan import for_units, make
from pipelines.patrol.units import PatrolConfig
from pipelines.products import Planned, Products, Release
from pipelines.settings import REFERENCE, Installation
from pipelines.store import Queries, read

_SCHEMA: Final = list(event_schema.EVENTS)
_WITHDRAWN: Final = "retracted"


@dataclass(frozen=True)
class _Sources:
    """The feeds of a store that a recipient may have something of."""

    rules: MarkRules
    recipient: Recipient
    known: cut.Lineage
    feeds: list[str]
    reports: list[str]
    whole: bool


def release_run(
    installation: Installation,
    name: str,
    run_id: str | None,
    *,
    plan_from: pd.Timestamp | None = None,
) -> Products:
    """The products of a run for a recipient.

    Parameters
    ----------
    name
        The recipient, as config/recipients.yaml names it.
    run_id
        The run; the newest if None.
    plan_from
        When the plan begins, where the recipient gets one; None: where the run's window ends.

    Raises
    ------
    ConfigError
        If recipients, marks or patrol units can't be read, or there is no such recipient or unit.
    NoDataError
        If there is no such run.
    """
    recipient = recipients.find(installation.config, name)
    rules = marking.load(installation.config)
    zones = load_zones(installation)
    area = Area.parse(recipient.area, zones)
    with read(installation.store, installation.settings.store) as store:
        run = store.run(run_id) if run_id else store.last_run()
        if run is None:
            raise NoDataError(
                f"no run {run_id} in the store" if run_id else "no finished run in the store",
                hint="the runs are the folders in HOME/runs" if run_id else "selat nightly",
            )
        planner = _planner(installation, recipient, rules, plan_from or run["end"])
        return _release(store, installation, name, recipient, rules, zones, area, run, planner)


def _release(
    store: Queries,
    installation: Installation,
    name: str,
    recipient: Recipient,
    rules: MarkRules,
    zones: Zones,
    area: Area,
    run: Mapping[str, Any],
    planner: "_Planner | None",
) -> Products:
    start, end = run["start"], run["end"]
    everything, past = _events_then(store, run), _past(store, run)
    history = event_schema.empty() if planner is None else planner.history(store, run)
    sources = _sources(store, rules, recipient, [everything, past, history], end)
    events, marks = _inside(*_kept(everything, sources, end), area)
    words = labels.labels(recipient.language)
    events = _told(events, "explanation", words.explanation)
    past, past_marks = _kept(past, sources, end)
    lists = [
        one for one in watchlists.load(installation.watchlists)
        if cut.may_have([rules.of_watchlist(one.name)], recipient)[0]
    ]  # fmt: skip

    positions = _positions(store, events, sources, start, end)
    vessels = _vessels(store, events, positions, sources, end)
    assessed = _assessed(
        store, installation, events, past, lists, vessels, positions, zones, run, sources
    )
    told = assessed.events.assign(status=events["status"])
    mark_of = dict(zip(told["event_id"].tolist(), marks, strict=True))
    vessel_marks = _vessel_marks(
        assessed, mark_of, past, past_marks, sources, positions, rules, lists, end
    )
    flagged, parts = _ranked(assessed, vessel_marks, recipient)
    flagged = _told(flagged, "ship_type", words.ship_type)
    if recipient.top is not None:
        ids = set(";".join(flagged["event_ids"]).split(";"))
        told = told[told["event_id"].isin(ids)].reset_index(drop=True)
    told = cut.with_marks(told, [mark_of[key] for key in told["event_id"].tolist()])

    shown = shown_vessels(told, flagged)
    tracks = positions[positions["mmsi"].isin(shown) & (positions["time"] >= start)]
    tracks = tracks.reset_index(drop=True)
    track_marks = _track_marks(tracks, sources)
    mine = [vessel_marks[mmsi] for mmsi in flagged["mmsi"].tolist()]
    planned = None
    if planner is not None:
        history, history_marks = _inside(*_kept(history, sources, end), area)
        planned = planner.planned(
            store, flagged, told, positions, history, sources.feeds, zones, run,
            cut.of_whole(
                [rules.of_plan(), *mine, *history_marks], recipient, rules.of_plan()
            ),
        )  # fmt: skip
    whole = cut.of_whole(
        [
            *mine,
            *(mark_of[key] for key in told["event_id"].tolist()),
            *track_marks.values(),
            *([] if planned is None or planned.mark is None else [planned.mark]),
        ],
        recipient, rules.of_feed(""),
    )  # fmt: skip
    mentioned = set().union(*cut.vessels_of(told), flagged["mmsi"].tolist(), shown)
    return Products(
        run_id=str(run["run_id"]), start=start, end=end,
        simulated=bool(json.loads(run["manifest"])["simulated"]),
        events=told, flagged=flagged, parts=parts, tracks=tracks,
        vessels=vessels[vessels["mmsi"].isin(mentioned)].reset_index(drop=True), zones=zones,
        manifest=_manifest(store, run, sources, assessed, told, flagged, planned),
        planned=planned,
        release=Release(
            recipient=name, title=recipient.title, mark=whole, track_marks=track_marks,
            stale_after=end + pd.Timedelta(hours=recipient.stale_after_h),
            language=recipient.language,
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class _Planner:
    """How a recipient's plan is made."""

    config: PatrolConfig
    units: frozenset[str]
    begin: pd.Timestamp
    language: str

    def history(self, store: Queries, run: Mapping[str, Any]) -> pd.DataFrame:
        """Events of the days before, as they were known after the run: for risk sectors."""
        first = self.begin - pd.Timedelta(days=self.config.planning.history_days)
        then = store.events_as_of(int(run["ordinal"]))
        then = then[~then["retracted"] & (then["start"] <= self.begin)]
        return event_schema.sort(then.loc[then["end"].isna() | (then["end"] >= first), _SCHEMA])

    def planned(
        self,
        store: Queries,
        flagged: pd.DataFrame,
        told: pd.DataFrame,
        positions: pd.DataFrame,
        history: pd.DataFrame,
        feeds: list[str],
        zones: Zones,
        run: Mapping[str, Any],
        mark: Mark,
    ) -> Planned:
        """The plan that all units would have from what the recipient may have, cut to its units.

        What isn't the recipient's is in no step of it, so no way, time or count can tell of it.
        """
        first = self.begin - pd.Timedelta(days=self.config.planning.history_days)
        since = flagged["last_seen"].min() - plan.BEFORE if len(flagged) else run["start"]
        mine = positions["mmsi"].isin(flagged["mmsi"]) & (positions["time"] >= since)
        inputs = plan.inputs_of(
            str(run["run_id"]), bool(store.simulated), self.begin, flagged, told,
            positions[mine].reset_index(drop=True), history,
            store.days_heard(first, self.begin, feeds), zones,
        )  # fmt: skip
        made = make(inputs, self.config, plan.sea_map(self.config.planning.clearance_m))
        return Planned(for_units(made, self.units), mark, self.language)


def _planner(
    installation: Installation, recipient: Recipient, rules: MarkRules, begin: pd.Timestamp
) -> _Planner | None:
    """How to plan for a recipient; None where it gets no plan."""
    if recipient.plan is None or not cut.may_have([rules.of_plan()], recipient)[0]:
        return None
    config = units.of(installation.config)
    return _Planner(config, recipients.units_of(recipient, config), begin, recipient.language)


def _events_then(store: Queries, run: Mapping[str, Any]) -> pd.DataFrame:
    """The events of a run with `status`, as they were after it, whatever later runs learned."""
    listed = store.events(run["run_id"])
    then = store.events_as_of(int(run["ordinal"]))
    status = dict(zip(listed["event_id"].tolist(), listed["status"].tolist(), strict=True))
    then = then[then["event_id"].isin(status)]
    elder = listed[~listed["event_id"].isin(then["event_id"])]  # of a store without revisions
    both = event_schema.concat([then[_SCHEMA], elder[_SCHEMA]])
    return both.assign(status=both["event_id"].map(status).astype("str"))


def _past(store: Queries, run: Mapping[str, Any]) -> pd.DataFrame:
    """Events before the window that the run knew when it looked for earlier ones of the kind."""
    start = run["start"]
    then = store.events_as_of(int(run["ordinal"]) - 1)
    then = then[~then["retracted"] & (then["start"] <= start)]
    ends = then["end"].isna() | (then["end"] >= start - HISTORY)
    return event_schema.sort(then.loc[ends, _SCHEMA])


def _sources(
    store: Queries,
    rules: MarkRules,
    recipient: Recipient,
    concerned: Sequence[pd.DataFrame],
    end: pd.Timestamp,
) -> _Sources:
    ledger = store.ledger()
    mmsis = sorted(set().union(*(m for frame in concerned for m in cut.vessels_of(frame))))
    heard = store.heard_in(mmsis, end)
    known = cut.lineage(rules, ledger, store.sighting_sources(), heard)
    keys, reports = list(known.feed_marks), list(known.report_marks)
    feeds = list(compress(keys, cut.may_have(known.feed_marks.values(), recipient)))
    sound = list(compress(reports, cut.may_have(known.report_marks.values(), recipient)))
    return _Sources(rules, recipient, known, feeds, sound, len(feeds) == len(keys))


def _kept(
    events: pd.DataFrame, sources: _Sources, end: pd.Timestamp
) -> tuple[pd.DataFrame, list[Mark]]:
    """The events that the recipient may have, redacted, and their marks."""
    marks = cut.event_marks(events, sources.known, end)
    may = cut.may_have(marks, sources.recipient)
    kept = events[may].reset_index(drop=True)
    redacted = cut.redact_evidence(kept, sources.recipient, all_feeds=sources.whole)
    return redacted, list(compress(marks, may))


def _inside(events: pd.DataFrame, marks: list[Mark], area: Area) -> tuple[pd.DataFrame, list[Mark]]:
    """The events in the recipient's area, and their marks."""
    inside = area.contains(events["lat"].to_numpy(), events["lon"].to_numpy())
    return events[inside].reset_index(drop=True), list(compress(marks, inside))


def _told(frame: pd.DataFrame, column: str, say: Callable[[str], str]) -> pd.DataFrame:
    """A frame with a column of texts in the recipient's language."""
    texts = [say(text) for text in frame[column].tolist()]
    return frame.assign(**{column: pd.Series(texts, frame.index, dtype="str")})


def _vessels(
    store: Queries,
    events: pd.DataFrame,
    positions: pd.DataFrame,
    sources: _Sources,
    end: pd.Timestamp,
) -> pd.DataFrame:
    """`frames.VESSELS` of the events' vessels, as the recipient's feeds know them."""
    named = vessels_of(store, positions, end, sources.feeds)
    concerned = named["mmsi"].isin(set().union(*cut.vessels_of(events)))
    return cut.blank(named[concerned].reset_index(drop=True), sources.recipient)


def _positions(
    store: Queries,
    events: pd.DataFrame,
    sources: _Sources,
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> pd.DataFrame:
    """`frames.TRACKED` of the events' vessels from the recipient's feeds, from before them on."""
    since = min([start, *events["start"].tolist()])
    mmsis = sorted((set(events["mmsi"]) | set(events["other_mmsi"])) - {0})
    tracked = store.track_positions(mmsis, since, end)
    return tracked[tracked["source"].isin(sources.reports)].reset_index(drop=True)


def _assessed(
    store: Queries,
    installation: Installation,
    events: pd.DataFrame,
    past: pd.DataFrame,
    lists: list[Watchlist],
    vessels: pd.DataFrame,
    positions: pd.DataFrame,
    zones: Zones,
    run: Mapping[str, Any],
    sources: _Sources,
) -> Assessment:
    """What a run on these events alone would have made of them; withdrawn ones flag nobody."""
    start, end = run["start"], run["end"]
    counts = json.loads(run["manifest"])["counts"]
    looked_at = (
        counts["vessels_looked_at"] if sources.whole
        else store.count_heard(sources.feeds, start, end)
    )  # fmt: skip
    context = Context(start, end, zones, vessels, Coverage.none())
    settings, gazetteer = installation.settings.assess, reference.load_gazetteer(REFERENCE)
    dispositions = store.dispositions()

    def looked(which: np.ndarray[Any, np.dtype[np.bool_]]) -> Assessment:
        detection = Detection(events.loc[which, _SCHEMA], {}, positions, context, 0)
        return assess(
            detection,
            gazetteer,
            settings,
            past=past,
            watchlists=lists,
            dispositions=dispositions,
            looked_at=looked_at,
            say=labels.labels(sources.recipient.language).say,
        )

    withdrawn = (events["status"] == _WITHDRAWN).to_numpy()
    leads = looked(~withdrawn)
    if not withdrawn.any():
        return leads
    together = event_schema.concat([leads.events, looked(withdrawn).events])
    return replace(leads, events=together)


def _vessel_marks(
    assessed: Assessment,
    mark_of: Mapping[str, Mark],
    past: pd.DataFrame,
    past_marks: list[Mark],
    sources: _Sources,
    positions: pd.DataFrame,
    rules: MarkRules,
    lists: list[Watchlist],
    end: pd.Timestamp,
) -> dict[int, Mark]:
    """The mark of each flag: the strictest of its events and of all else that its row says.

    That is its last position, its name and numbers; earlier events where they count; the
    watch-lists where one does.
    """
    parts, last = assessed.parts, end.strftime("%Y-%m-%d")
    listed = set(parts.loc[parts["part"] == "watch-list", "mmsi"].tolist())
    repeated = set(parts.loc[parts["part"] == "history", "mmsi"].tolist())
    heard = positions.groupby("mmsi")["source"].unique().to_dict()
    feeds = {key: sources.known.feed_marks[key] for key in sources.feeds}
    earlier = defaultdict[int, list[Mark]](list)
    pairs = zip(past["mmsi"].tolist(), past["other_mmsi"].tolist(), past_marks, strict=True)
    for one, other, mark in pairs:
        for vessel in {one, other}:
            earlier[vessel].append(mark)
    of_lists = [rules.of_watchlist(one.name) for one in lists]
    marks = {}
    for mmsi, ids in assessed.flagged[["mmsi", "event_ids"]].itertuples(index=False, name=None):
        own = [mark_of[key] for key in str(ids).split(";")]
        own += [sources.known.report_marks[source] for source in heard.get(mmsi, ())]
        said = sources.known.heard.get((mmsi, "static"), ())
        own += [feeds[key] for date, key in said if key in feeds and date <= last]
        if mmsi in repeated:
            own += earlier[mmsi]
        if mmsi in listed:
            own += of_lists
        marks[int(mmsi)] = strictest(own)
    return marks


def _ranked(
    assessed: Assessment, vessel_marks: Mapping[int, Mark], recipient: Recipient
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flags and parts with their marks: those that may go, ranked anew, at most `top`."""
    marks = [vessel_marks[mmsi] for mmsi in assessed.flagged["mmsi"].tolist()]
    flagged = cut.with_marks(assessed.flagged, marks)[cut.may_have(marks, recipient)]
    flagged = flagged.head(recipient.top or len(flagged)).reset_index(drop=True)
    flagged["rank"] = flagged.index.to_numpy("int64") + 1
    rank = dict(zip(flagged["mmsi"].tolist(), flagged["rank"].tolist(), strict=True))
    parts = assessed.parts[assessed.parts["mmsi"].isin(rank)].reset_index(drop=True)
    parts = parts.assign(rank=parts["mmsi"].map(rank).astype("int64"))
    parts = cut.with_marks(parts, [vessel_marks[mmsi] for mmsi in parts["mmsi"].tolist()])
    return cut.blank(flagged, recipient), cut.blank(parts, recipient)


def _track_marks(tracks: pd.DataFrame, sources: _Sources) -> dict[int, Mark]:
    pairs = tracks[["track_id", "source"]].drop_duplicates()
    marks: dict[int, list[Mark]] = {}
    for track_id, source in pairs.itertuples(index=False, name=None):
        marks.setdefault(int(track_id), []).append(sources.known.report_marks[source])
    return {track_id: strictest(own) for track_id, own in marks.items()}


def _manifest(
    store: Queries,
    run: Mapping[str, Any],
    sources: _Sources,
    assessed: Assessment,
    events: pd.DataFrame,
    flagged: pd.DataFrame,
    planned: Planned | None,
) -> dict[str, Any]:
    """The run's manifest as far as it speaks of what the recipient may have; counts are made anew.

    What a failed feed or detector says may quote the feed: only that it failed is told.
    """
    made = json.loads(run["manifest"])
    inputs = run_inputs(store, run["start"], run["end"], set(sources.feeds))
    totals = totals_of(inputs)
    told = [_failed(name, sources) for name in made["failures"]]
    failures = {name: "failed; its owner can say why" for name in told if name}
    named = not sources.recipient.redacts("feeds")
    configuration = json.dumps(made["configuration"], sort_keys=True).encode()
    return {
        "run_id": made["run_id"],
        "state": "partial" if failures else "complete",
        "simulated": made["simulated"],
        "window": made["window"],
        "git_commit": made["git_commit"],
        "configuration_sha256": hashlib.sha256(configuration).hexdigest(),
        "inputs": [
            {
                **({"name": PurePath(one["name"]).name} if named else {}),
                "sha256": one["sha256"],
                **sources.known.feed_marks[one["feed_key"]].fields,
            }
            for one in inputs
        ],
        "detectors": made["detectors"],
        "counts": {
            "feeds": len(inputs),
            **{key: value for key, value in totals.items() if key != "rejected"},
            "events": count_by(events, "kind"),
            "status": count_by(events, "status"),
            "flagged": len(flagged),
            "over_budget": assessed.over_budget,
        },
        "held_back": [str(rule) for rule in assessed.held_back],
        "rejected": totals["rejected"],
        "failures": failures,
        **({} if planned is None else {"plan": plan.summary(planned)}),
    }


def _failed(name: str, sources: _Sources) -> str:
    """What the recipient may know of a failure: a detector, a feed by its name or not, or nothing.

    A file that couldn't be read may have been one of sightings: it is held against both rules.
    """
    what, _, file = name.partition(" ")
    if what != "feed":
        return name
    marks = [sources.rules.of_feed(file), sources.rules.of_sighting(file, "")]
    if not cut.may_have([strictest(marks)], sources.recipient)[0]:
        return ""
    return "a feed" if sources.recipient.redacts("feeds") else f"feed {PurePath(file).name}"
