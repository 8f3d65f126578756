"""An event with everything that it rests on, as it was known at a moment."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.core.errors import SelatError
from detectors.core.evidence import Evidence
from detectors.core.telling import plain
from detectors.kinematics.integrity import final_at
from pipelines.ask import clocks
from pipelines.ask.clocks import Doubt
from pipelines.ask.explain.raw import RawReport, raw_reports
from pipelines.ask.explain.reasons import Considered, considered
from pipelines.ask.explain.revisions import Revision, learned_by_runs
from pipelines.ask.explain.sides import from_side_of
from pipelines.ask.explain.stated import Otherwise, otherwise
from pipelines.ask.recall import Moment
from pipelines.base import story
from pipelines.base.labels import Labels, labels
from pipelines.base.settings import Installation
from pipelines.base.text import as_mmsi, minute
from pipelines.reference.codes import ship_type_words
from pipelines.store import Identity, Queries

STATED: Final = ("name", "callsign", "imo", "ship_type", "length_m")
"""What of a vessel's own statements its history shows."""
PROVISIONAL: Final = (
    "Provisional until {time}: reports to come may show that some it rests on are false"
)
MIN_AROUND: Final = pd.Timedelta(hours=1)


class EventNotFoundError(SelatError):
    """No event, or several, are named so."""

    exit_code = 2


@dataclass(frozen=True)
class Past:
    """What is known of a vessel from before the event.

    Attributes
    ----------
    identity
        What it called itself at the moment of the explanation.
    ship_type
        The same in words.
    stated
        `vessels.HISTORY` of the fields in `STATED`.
    otherwise
        What it said otherwise once the event was over.
    events
        Earlier events, newest first: `events.EVENTS` with reason.
    dispositions
        What was concluded on other events of it.
    """

    identity: Identity
    ship_type: str
    stated: pd.DataFrame
    otherwise: Sequence[Otherwise]
    events: pd.DataFrame
    dispositions: pd.DataFrame


@dataclass(frozen=True)
class Explanation:
    """Everything about one event."""

    moment: Moment
    """When this was known."""
    simulated: bool
    """Whether it is an exercise."""
    event: Mapping[str, Any]
    """`events.EVENTS` with reason, supersedes, retracted, run_id, first_run_id."""
    evidence: Evidence
    """What it rests on; `publish.checks` shows it."""
    raw: Sequence[RawReport]
    """The reports it rests on."""
    vessels: Sequence[Past]
    """Its vessels, as `event` names them."""
    names: Mapping[int, str]
    """What these called themselves, and whom they met before."""
    dispositions: pd.DataFrame
    """What was concluded on this event, or on one whose story it took over."""
    revisions: Sequence[Revision]
    """What each run learned of it, oldest first."""
    looks: pd.DataFrame
    """What the runs since the last of these said of it: run_id, status."""
    superseded_by: str
    """Id of the event in which its story goes on, where it was retracted and there is one."""
    tracks: pd.DataFrame
    """`frames.TRACKED` of its vessels while it lasted and around."""
    reference: Path
    """Folder of the reference layers that places are named by."""
    doubt: Doubt | None = None
    """How much of it rests on times of receivers whose clocks are wrong; None where little does."""

    @property
    def mmsis(self) -> list[int]:
        """Its vessels."""
        return [past.identity.mmsi for past in self.vessels]

    @property
    def end(self) -> pd.Timestamp:
        """Its end, or up to when it was known to go on."""
        end: pd.Timestamp = self.event["end"]
        return self.moment.known_time if pd.isna(end) else end

    @property
    def provisional_until(self) -> pd.Timestamp | None:
        """Until when what comes in may change it, None where it can't."""
        return (
            None if self.event["retracted"] else final_at(self.event["end"], self.moment.known_time)
        )

    @property
    def provisional(self) -> str:
        """The same in words; empty where it can't."""
        until = self.provisional_until
        return "" if until is None else PROVISIONAL.format(time=minute(until))

    @property
    def clocks(self) -> str:
        """Return what is said of the clocks that it rests on; empty where there is nothing to
        say.
        """
        return "" if self.doubt is None else self.doubt.said(plain)

    @property
    def considered(self) -> Sequence[Considered]:
        """The innocent reasons, see `explain.reasons`."""
        return self.considered_in(labels("en"))

    def considered_in(self, words: Labels) -> Sequence[Considered]:
        """Return the innocent reasons in a language."""
        return considered(
            self.event,
            self.evidence,
            [past.identity.ship_type for past in self.vessels],
            [past.identity.length_m for past in self.vessels],
            words,
        )

    @property
    def overturned_by(self) -> str:
        """Return what would overturn the explanation that it was given."""
        return self.evidence.explained.overturned_by if self.evidence.explained else ""

    @property
    def lowered_from(self) -> float | None:
        """The score before the explanation, None where none lowered it."""
        told = self.evidence.explained
        return told.base_score if told and told.weight else None


def matching(store: Queries, text: str, moment: Moment) -> pd.DataFrame:
    """Events that a person may mean by an id, the beginning of one, or a vessel's MMSI where no id
    begins so.

    Returns pandas.DataFrame: As `Queries.events_as_of`; those of a vessel strongest first, the
    retracted last.
    """
    found = store.events_as_of(moment.ordinal, event_id=text) if text else pd.DataFrame()
    mmsi = as_mmsi(text)
    if not mmsi or len(found):  # 0 is nobody's: what no vessel is known of has it, and all are of 0
        return found
    order = ["retracted", "score", "start"]
    found = store.events_as_of(moment.ordinal, mmsi=mmsi)
    return found.sort_values(order, ascending=[True, False, True], ignore_index=True)


def gather(
    store: Queries,
    installation: Installation,
    event: Mapping[str, Any],
    moment: Moment,
    feeds: Sequence[str] = (),
) -> Explanation:
    """Collect what an event rests on.

    Parameters
    ----------
    event
        A row of `matching`, as `to_dict("records")` gives it.
    moment
        When it was known.
    feeds
        Where feed files are now, if they were moved: files, folders or globs.
    """
    evidence: Evidence = event["evidence"]
    until = min(moment.time, moment.known_time)
    mmsis = [int(m) for m in (event["mmsi"], event["other_mmsi"]) if m]
    known = store.dispositions(moment.time)
    vessels = [
        _past(store, mmsi, event, moment, until, known, installation.reference) for mmsi in mmsis
    ]
    stories = store.stories_as_of(moment.ordinal)
    supersedes = dict(zip(stories["event_id"], stories["supersedes"], strict=True))
    standing = stories.loc[~stories["retracted"], "event_id"]
    own = list(story.before(event["event_id"], supersedes))
    heir = story.heir(event["event_id"], supersedes, set(standing)) if event["retracted"] else ""
    revisions = store.revisions(event["event_id"], moment.ordinal)
    looks = store.looks(event["event_id"], moment.ordinal)
    last = int(revisions["ordinal"].max()) if len(revisions) else 0
    return Explanation(
        moment=moment,
        simulated=bool(store.simulated),
        event=event,
        evidence=evidence,
        raw=raw_reports(store, installation, evidence, feeds),
        vessels=vessels,
        names=_names(store, vessels, until),
        dispositions=known[known["event_id"].isin(own)].reset_index(drop=True),
        revisions=learned_by_runs(revisions),
        looks=looks.loc[looks["ordinal"] > last, ["run_id", "status"]].reset_index(drop=True),
        superseded_by=heir,
        tracks=_tracks(store, mmsis, event, until),
        reference=installation.reference,
        doubt=_doubt(store, mmsis, event, until),
    )


def _names(store: Queries, vessels: Sequence[Past], until: pd.Timestamp) -> dict[int, str]:
    """Return the names of some vessels, and of those in their earlier events."""
    names = {past.identity.mmsi: past.identity.name for past in vessels}
    met = {int(m) for past in vessels for m in past.events["other_mmsi"]}
    met |= {int(m) for past in vessels for m in past.events["mmsi"]}
    if met := met - names.keys() - {0}:
        known = store.vessels(until)
        known = known[known["mmsi"].isin(met)]
        names |= zip(known["mmsi"].tolist(), known["name"].tolist(), strict=True)
    return names


def _doubt(
    store: Queries, mmsis: list[int], event: Mapping[str, Any], until: pd.Timestamp
) -> Doubt | None:
    end = until if pd.isna(event["end"]) else event["end"]
    with suppress(Exception):  # of positions that are lost it is told where they are shown
        wrong = clocks.wrong_clocks(store, event["start"], end)
        heard = clocks.Heard(frozenset(mmsis), event["start"], end)
        return clocks.doubts(store, {"": heard}, wrong).get("")
    return None


def _past(
    store: Queries,
    mmsi: int,
    event: Mapping[str, Any],
    moment: Moment,
    until: pd.Timestamp,
    known: pd.DataFrame,
    reference: Path,
) -> Past:
    identity, stated = store.known_at(mmsi, until)
    events = store.events_as_of(moment.ordinal, mmsi=mmsi)
    earlier = events[~events["retracted"] & (events["start"] < event["start"])]
    earlier = from_side_of(mmsi, earlier, store, reference, until)
    mine = (known["mmsi"] == mmsi) | (known["other_mmsi"] == mmsi)
    others = known[mine & (known["event_id"] != event["event_id"])]
    end = until if pd.isna(event["end"]) else event["end"]
    return Past(
        identity=identity,
        ship_type=str(ship_type_words([identity.ship_type])[0]),
        stated=stated[stated["field"].isin(STATED)].reset_index(drop=True),
        otherwise=otherwise(stated, event["start"], end),
        events=earlier.sort_values("start", ascending=False, ignore_index=True),
        dispositions=others.reset_index(drop=True),
    )


def _tracks(
    store: Queries, mmsis: list[int], event: Mapping[str, Any], until: pd.Timestamp
) -> pd.DataFrame:
    end = until if pd.isna(event["end"]) else event["end"]
    around = max((end - event["start"]) / 2, MIN_AROUND)
    return store.track_positions(mmsis, event["start"] - around, min(end + around, until))


# ---- for programs


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation as plain values, for JSON; tracks aside, which the store has."""
    event = explanation.event
    return {
        "event": {**event, "evidence": json.loads(explanation.evidence.json())},
        "simulated": explanation.simulated,
        "as_of": {
            "run_id": explanation.moment.run_id,
            "known_time": explanation.moment.known_time,
            "time": None if explanation.moment.now else explanation.moment.time,
        },
        "checks": [{**asdict(one), "margin": one.margin} for one in explanation.evidence.checks],
        "facts": dict(explanation.evidence.facts),
        "settings": dict(explanation.evidence.settings),
        "clocks": explanation.clocks,
        "explanation": event["explanation"],
        "overturned_by": explanation.overturned_by,
        "considered": [asdict(one) for one in explanation.considered],
        "raw": [asdict(one) for one in explanation.raw],
        "vessels": [
            {
                **asdict(past.identity),
                "mmsi": f"{past.identity.mmsi:09d}",
                "ship_type_words": past.ship_type,
                "history": past.stated.to_dict("records"),
                "said_otherwise": [asdict(one) for one in past.otherwise],
                "earlier_events": past.events.drop(columns="evidence").to_dict("records"),
                "dispositions": past.dispositions.to_dict("records"),
            }
            for past in explanation.vessels
        ],
        "dispositions": explanation.dispositions.to_dict("records"),
        "revisions": [asdict(one) for one in explanation.revisions],
        "looked_at_since": explanation.looks.to_dict("records"),
        "supersedes": event["supersedes"],
        "superseded_by": explanation.superseded_by,
        "flags_are": "leads, not findings",
    }
