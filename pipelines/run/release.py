"""A run as it would be, had the home held only what one recipient may have.

Everything is worked out from that alone (`release_view`): which window it has, tracks, coverage,
events and what of them is new, scores, ranks, reasons, counts, extents and a patrol plan. So a pack
is the same whatever else the home holds, to the last byte. Then it is cut to what the recipient
asked for: area, top, fields, language.

Conclusions (dispositions) count in no pack: one that is left out because a secret feed heard the
vessel too would tell of that feed, and one that isn't would tell what a person knew besides.
"""

from collections.abc import Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core import events as event_schema
from detectors.core.detector import Context
from detectors.core.errors import SelatError
from detectors.surroundings.coverage import Coverage
from pipelines.assess import watchlists
from pipelines.assess.aside import known_aside
from pipelines.assess.feed_faults import feed_faults
from pipelines.assess.incidents import Known
from pipelines.assess.misplaced import misplaced, untold
from pipelines.assess.ranking import Assessment, assess, named
from pipelines.base import labels
from pipelines.base import marks as marking
from pipelines.base.marks import Mark, MarkRules
from pipelines.base.progress import Reporter, reporter
from pipelines.base.settings import Installation
from pipelines.base.text import as_mmsi
from pipelines.detect.context import vessels_of
from pipelines.detect.heard import heard_by_vessel
from pipelines.detect.window import Detection, before_window
from pipelines.ingest import Area
from pipelines.publish import earlier
from pipelines.publish import release as cut
from pipelines.publish.packs import recipients
from pipelines.publish.packs.ids import Salt
from pipelines.publish.packs.recipients import Recipient
from pipelines.publish.products import Products, Release, with_marks
from pipelines.reference import layers as reference
from pipelines.run import release_marks
from pipelines.run.manifest import run_inputs
from pipelines.run.release_manifest import manifest_of, run_id_of
from pipelines.run.release_nights import Night, choose, not_held_here
from pipelines.run.release_plan import planned_of, planning_of
from pipelines.run.release_view import Look, Rights, View, learned, opened
from pipelines.run.runs import HISTORY, shown_vessels
from pipelines.run.windows import Window, leads_from, window_between
from pipelines.store import Queries, read

_SCHEMA: Final = list(event_schema.EVENTS)
Span = tuple[pd.Timestamp, pd.Timestamp]


@dataclass(frozen=True)
class Released:
    """What a recipient gets, and what the home itself knows of it."""

    products: Products
    """As they go into the pack."""
    own: pd.DataFrame
    """Their events with the ids that they have here, in the same order."""
    not_held: pd.DataFrame
    """Flagged vessels that the home's own run over that time didn't flag: mmsi, event_ids (as
    here), reasons. What it knows besides speaks against them."""
    own_run: str
    """That run; empty where there is none."""


def release_run(
    installation: Installation,
    name: str,
    run_id: str | None,
    *,
    span: Span | None = None,
    plan_from: pd.Timestamp | None = None,
    strike: Collection[str] = (),
    report: Reporter | None = None,
) -> Released:
    """Return the products of a run for a recipient.

    Parameters
    ----------
    name
        The recipient, as config/recipients.yaml names it.
    run_id
        The run; the newest if None. What it was asked for counts, not what it looked at.
    span
        A span to look at in place of a run's.
    plan_from
        When the plan begins, where the recipient gets one; None: where the window ends.
    strike
        Vessels (MMSI) and events (ids, here or in the pack) to leave out, with all that rests on
        them.

    Raises
    ------
    ConfigError
        If recipients, marks or patrol units can't be read, or there is no such recipient or unit.
    NoDataError
        If there is no such run, or nothing that the recipient may have in its span.
    SelatError
        If something to strike isn't there.
    """
    recipient = recipients.find(installation.config, name)
    rules = marking.load(installation.config)
    with (
        reporter(quiet=True) if report is None else nullcontext(report) as told,
        read(installation.store, installation.settings.store) as home,
    ):
        rights = Rights.of(home, rules, recipient)
        with opened(installation, rights, home, told) as view:
            if span is None:
                night = choose(home, view, run_id)
            else:
                night = Night("", 0, window_between(view.store, *span), False, {})
            making = Making(installation, name, recipient, rules, view, night)
            making.look()
            return making.released(home, plan_from, strike)


class Making:
    """The products of one recipient while they are made."""

    def __init__(
        self,
        installation: Installation,
        name: str,
        recipient: Recipient,
        rules: MarkRules,
        view: View,
        night: Night,
    ) -> None:
        self.installation, self.name, self.recipient = installation, name, recipient
        self.rules, self.view, self.night = rules, view, night
        self._enough = installation.settings.assess.min_score
        self.store, self.rights, self.zones = view.store, view.rights, view.zones
        self.window: Window = night.window
        self.area = Area.parse(recipient.area, view.zones)
        self.words = labels.labels(recipient.language)
        self.planning = planning_of(installation, recipient, rules)
        self.inputs = run_inputs(self.store, self.window.start, self.window.end)
        every = watchlists.load(installation.watchlists)
        told = [cut.may_have([rules.of_watchlist(one.name)], recipient)[0] for one in every]
        self.lists = [one for one, may in zip(every, told, strict=True) if may]
        self._untold = [one for one, may in zip(every, told, strict=True) if not may]

    def look(self) -> None:
        """Look at the window, and at the days before it."""
        start, end = self.window.start, self.window.end
        depth = HISTORY
        if self.planning is not None:
            depth = max(depth, pd.Timedelta(days=self.planning.config.planning.history_days))
        self.before = self.view.known_at(start, start - depth)
        self.found: Look = self.view.look(start, end)
        compared = self.view.compared(self.before, self.found, start, end)
        self.after = learned(self.before, compared)
        begun = leads_from(self.store, self.window)
        over = before_window(compared, self.view.detectors, begun)
        self._earlier = set(compared.loc[over & (begun > start), "event_id"])
        self._earlier &= set(self.before["event_id"])
        compared = compared[~(over & (compared["status"] == "unchanged").to_numpy(bool))]
        # What vessels on a list of own ones do is nobody's business who may not have that list.
        answered = (compared["status"] == "retracted").to_numpy(bool)
        self._secret = watchlists.own_numbers(compared[~answered], self._untold, self._enough)
        theirs = watchlists.of_own(compared, self._untold, self._enough, answered)
        compared = cut.without(compared[~theirs], self._secret)
        self.events = event_schema.sort(compared[[*_SCHEMA, "status"]])
        # In one area, or without what is struck, too few may be left of what so many vessels did.
        self._standing = self.events[(self.events["status"] != "retracted").to_numpy(bool)]
        of_feed, _ = feed_faults(self._standing, self.found.heard.vessels, self._enough)
        self._sure = self._standing[~of_feed]

    def _redacted(self, events: pd.DataFrame) -> pd.DataFrame:
        """Events without what of their evidence and texts the recipient doesn't get."""
        return cut.redact_evidence(cut.unnamed(events, self._secret), self.recipient)

    def released(
        self, home: Queries, plan_from: pd.Timestamp | None, strike: Collection[str]
    ) -> Released:
        """Cut, assess and mark what was found."""
        salt = Salt.of(self.installation.keys, self.name)
        default = release_marks.default(self)
        events, marks, known = self._marked(self._struck(self.events, strike, salt), default)
        events, marks = self._cut(events, marks)
        past = self._struck(self.past(), strike, salt, must=False)
        past_marks = cut.event_marks(past, known, self.rights.marks, self.window.end, default)
        past = self._redacted(past)
        changes, changed = release_marks.changes(self, past, past_marks)
        marks = release_marks.with_changes(events, marks, changes, changed)

        positions = self._positions(events)
        vessels = self._vessels(events, positions)
        assessed = self._assessed(events, past, changes, vessels, positions)
        told = assessed.events.assign(status=events["status"])
        mark_of = dict(zip(told["event_id"].tolist(), marks, strict=True))
        vessel_marks = release_marks.vessel_marks(
            self, assessed, mark_of, past, past_marks, known, positions
        )
        assessed = named(assessed, Known.nothing(told), self.words.say)
        flagged, parts = self._ranked(assessed, vessel_marks)
        incidents = release_marks.marked_incidents(
            self, assessed.incidents, assessed.events, flagged, mark_of, vessel_marks
        )
        if self.recipient.top is not None:  # incidents that flag nobody are in it all the same
            of_none = incidents[~incidents["incident_id"].isin(flagged["incident_id"])]["events"]
            ids = set(";".join([*flagged["event_ids"], *of_none]).split(";"))
            told = told[told["event_id"].isin(ids)].reset_index(drop=True)
        told = with_marks(told, [mark_of[key] for key in told["event_id"].tolist()])
        shown = shown_vessels(told, flagged)
        heard = positions[positions["time"] >= self.window.start]
        tracks = heard[heard["mmsi"].isin(shown)].reset_index(drop=True)
        mine = [vessel_marks[mmsi] for mmsi in flagged["mmsi"].tolist()]
        run_id = run_id_of(self)
        planned = planned_of(
            self,
            run_id,
            plan_from,
            flagged,
            incidents,
            told,
            positions,
            self._struck(cut.without(self.after, self._secret), strike, salt, must=False),
            cut.of_whole([self.rules.of_plan(), default, *mine], self.recipient, default),
        )
        whole = [default, *mine]
        if planned is not None and planned.mark is not None:
            whole.append(planned.mark)
        mentioned = set().union(*cut.vessels_of(told), flagged["mmsi"].tolist(), shown)
        products = Products(
            run_id=run_id,
            start=self.window.start,
            end=self.window.end,
            simulated=bool(self.store.simulated),
            events=told,
            flagged=flagged,
            parts=parts,
            incidents=incidents,
            tracks=tracks,
            earlier=earlier.ways(earlier.among(positions), incidents, *self.window.span),
            vessels=vessels[vessels["mmsi"].isin(mentioned)].reset_index(drop=True),
            zones=self.zones,
            manifest=manifest_of(self, run_id, assessed, told, flagged, planned),
            planned=planned,
            heard_since=assessed.heard_since,
            release=Release(
                recipient=self.name,
                title=self.recipient.title,
                mark=cut.of_whole(whole, self.recipient, default),
                track_marks=release_marks.track_marks(self, tracks, known),
                stale_after=self.window.end + pd.Timedelta(hours=self.recipient.stale_after_h),
                language=self.recipient.language,
            ),
        )
        own_run, not_held = not_held_here(home, self.night, flagged)
        return Released(self._salted(products, salt), told, not_held, own_run)

    def past(self) -> pd.DataFrame:
        """Return what may count of what was found before."""
        ended = self.before["end"]
        late = self.before[ended.isna() | (ended >= self.window.start - HISTORY)]
        return cut.without(late, self._secret)

    def standing(self) -> pd.DataFrame:
        """Return what is found and isn't retracted, wherever it is, with its marks: but for what
        else is known sets aside, which is no lead.
        """
        events, marks, _ = self._marked(self._sure, release_marks.default(self))
        changes, _ = release_marks.changes(self, self._redacted(self.past()), [])
        leads = with_marks(self._redacted(events), marks)
        told, asked = self._cut(events, [])[0], (self._enough, self.window.end)
        aside = {*told["event_id"][known_aside(told, changes, self.lists, *asked).any]}
        # False positions that it isn't told of, too, leave nothing to go by.
        aside |= {*events["event_id"][misplaced(events, *asked)]}
        return leads[~leads["event_id"].isin(aside)].reset_index(drop=True)

    def _marked(
        self, events: pd.DataFrame, default: Mark
    ) -> tuple[pd.DataFrame, list[Mark], cut.Lineage]:
        """Return events, their marks, and where the records that they rest on come from."""
        known = release_marks.lineage(self, events, self.before, self.after)
        marks = cut.event_marks(events, known, self.rights.marks, self.window.end, default)
        return events, marks, known

    def _struck(
        self, events: pd.DataFrame, strike: Collection[str], salt: Salt, *, must: bool = True
    ) -> pd.DataFrame:
        """Events without those of some vessels, and without some events."""
        kept = events
        for text in strike:
            mmsi = as_mmsi(text) if len(text) == 9 else None  # fewer may begin an id
            if mmsi is not None:
                gone = np.array([mmsi in mmsis for mmsis in cut.vessels_of(kept)], bool)
            else:
                ids = kept["event_id"]
                gone = (ids.str.startswith(text) | ids.map(salt).str.startswith(text)).to_numpy()
            if must and not gone.any():
                raise SelatError(
                    f"there is no lead {text!r} to strike", hint="an MMSI, or an event's id"
                )
            kept = kept[~gone]
        return kept.reset_index(drop=True)

    def _cut(self, events: pd.DataFrame, marks: list[Mark]) -> tuple[pd.DataFrame, list[Mark]]:
        """Return the events in the recipient's area, redacted, in its language; their marks."""
        inside = self.area.contains(events["lat"].to_numpy(), events["lon"].to_numpy())
        kept = self._redacted(events[inside].reset_index(drop=True))
        # Who isn't told that positions were false gets nothing that rests on them.
        false = untold(self._sure, kept, self._enough, self.window.end)
        told = [one.explained for one in kept["evidence"]]
        texts = list(map(self.words.explained, kept["explanation"], told))
        kept = kept.assign(explanation=pd.Series(texts, kept.index, dtype="str"))
        return kept[~false].reset_index(drop=True), list(compress(compress(marks, inside), ~false))

    def _positions(self, events: pd.DataFrame) -> pd.DataFrame:
        """`frames.TRACKED` of the events' vessels, with the way to what began before the window."""
        start = self.window.start
        since = min(start, *(t - earlier.BEFORE for t in events["start"] if t < start), start)
        mmsis = sorted((set(events["mmsi"]) | set(events["other_mmsi"])) - {0})
        return self.store.track_positions(mmsis, since, self.window.end)

    def _vessels(self, events: pd.DataFrame, positions: pd.DataFrame) -> pd.DataFrame:
        named = vessels_of(self.store, positions["mmsi"].drop_duplicates(), self.window.end)
        concerned = named["mmsi"].isin(set().union(*cut.vessels_of(events)))
        return cut.blank(named[concerned].reset_index(drop=True), self.recipient)

    def _assessed(
        self,
        events: pd.DataFrame,
        past: pd.DataFrame,
        changes: pd.DataFrame,
        vessels: pd.DataFrame,
        positions: pd.DataFrame,
    ) -> Assessment:
        """Return what a run makes of these events; retracted ones flag nobody."""
        span = self.window.start, self.window.end
        heard = heard_by_vessel(positions, *span)
        context = Context(*span, self.zones, vessels, Coverage.none())
        settings = self.installation.settings.assess

        def looked(which: np.ndarray[Any, np.dtype[np.bool_]]) -> Assessment:
            return assess(
                Detection(events.loc[which, _SCHEMA], {}, heard, context, 0),
                reference.load_gazetteer(self.installation.reference),
                settings,
                past=past,
                changes=changes,
                watchlists=self.lists,
                looked_at=self.found.heard.vessels,
                whole=self._standing,
                told_before=self._earlier,
                say=self.words.say,
            )

        retracted = (events["status"] == "retracted").to_numpy()
        leads = looked(~retracted)
        if not retracted.any():
            return leads
        together = event_schema.concat([leads.events, looked(retracted).events])
        return replace(leads, events=together)

    def _ranked(
        self, assessed: Assessment, vessel_marks: Mapping[int, Mark]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return flags and parts with their marks, at most `top`."""
        flagged = assessed.flagged
        flagged = with_marks(flagged, [vessel_marks[m] for m in flagged["mmsi"].tolist()])
        flagged = release_marks.most_urgent(self, flagged, assessed)
        flagged = cut.told(flagged, "ship_type", self.words.ship_type)
        parts = assessed.parts[assessed.parts["mmsi"].isin(flagged["mmsi"])].reset_index(drop=True)
        parts = with_marks(parts, [vessel_marks[mmsi] for mmsi in parts["mmsi"].tolist()])
        return cut.blank(flagged, self.recipient), cut.blank(parts, self.recipient)

    def _salted(self, products: Products, salt: Salt) -> Products:
        """Products in which events have the ids that only this recipient knows."""

        def renamed(ids: pd.Series) -> pd.Series:
            texts = [";".join(map(salt, one.split(";"))) if one else "" for one in ids.tolist()]
            return pd.Series(texts, ids.index, dtype="str")

        flagged, parts, incidents = products.flagged, products.parts, products.incidents
        known = {*self.after["event_id"], *self.before["event_id"], *self.events["event_id"]}
        return replace(
            products,
            events=cut.renamed_ids(products.events, salt, known),
            flagged=flagged.assign(
                event_ids=renamed(flagged["event_ids"]), incident_id=renamed(flagged["incident_id"])
            ),
            parts=parts.assign(event_id=renamed(parts["event_id"])),
            incidents=incidents.assign(
                events=renamed(incidents["events"]), incident_id=renamed(incidents["incident_id"])
            ),
        )
