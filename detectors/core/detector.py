"""The contract: a detector is its parameters, facts about it, and `detect`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from detectors.core import events, frames
from detectors.core.errors import ConfigError
from detectors.core.hypothesis import Hypothesis
from detectors.core.relations import All, Relation
from detectors.core.telling import Told, Words

if TYPE_CHECKING:
    from detectors.surroundings.coverage import Coverage
    from detectors.surroundings.zones import Zones


@dataclass(frozen=True)
class Context:
    """All that a detector may know beside the positions; `end` is the only "now"."""

    start: pd.Timestamp
    end: pd.Timestamp
    """The window, UTC. Events that touch [start, end] are wanted; positions may begin earlier."""
    zones: "Zones"
    """Hand-written and learned zones, land, and how far those layers reach."""
    vessels: pd.DataFrame
    """`frames.VESSELS` as of `end`, one row per MMSI."""
    coverage: "Coverage"
    """Where and when the feed heard vessels, by UTC day and cell."""
    models: Mapping[str, Any] = field(default_factory=dict)
    """Fitted models by name, each a dated snapshot; or the SelatError that says why it can't be
    read."""
    noise: pd.DataFrame = field(default_factory=lambda: frames.empty(frames.NOISE))
    """`frames.NOISE`: reports of the same vessels and span that belong to no track."""
    statements: pd.DataFrame = field(default_factory=lambda: frames.empty(frames.STATEMENTS))
    """`frames.STATEMENTS`: what vessels said of themselves on the dates from the first position on,
    as far as known at `end`; for a detector with `reads_statements` alone."""
    sightings: pd.DataFrame = field(default_factory=lambda: frames.empty(frames.SIGHTINGS))
    """`frames.SIGHTINGS` up to `end`, from the first position on."""
    earlier: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """`events.EVENTS`, explained, of each detector named in `Detector.after` that succeeded, by
    name: those that touch the window extended back by the asking detector's `reads_back`."""
    asked: frozenset[int] | None = None
    """The vessels whose events are wanted: those of others may be left out. None for all."""
    gathered: Any = None
    """`Gathered.known` of all vessels, for a detector that makes `digests`; None where the
    positions are those of all."""

    def events_of(self, name: str) -> pd.DataFrame:
        """Return the events of an earlier detector; none where it is disabled or failed."""
        return self.earlier[name] if name in self.earlier else events.empty()


class Undeclared:
    """What stands for `Context.statements` where a detector doesn't say that it reads them: they
    would be there on some nights, by what else runs.
    """

    def __getattr__(self, name: str) -> Any:
        """Raise ConfigError, whatever is asked of it."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse()

    def _refuse(self, *_: Any) -> Any:
        raise ConfigError(
            "it reads Context.statements, and doesn't say so",
            hint="the class says reads_statements: ClassVar[bool] = True",
        )

    __getitem__ = __len__ = __iter__ = _refuse


@dataclass(frozen=True)
class Gathered:
    """What a detector must know of all vessels, made of the digests of parts of them."""

    known: Any
    """What it reads in `detect`."""
    mmsi: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, "int64"))
    other_mmsi: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, "int64"))
    """Pairs of a vessel and one whose reports its events rest on too."""

    def company(self, vessels: set[int]) -> set[int]:
        """Return the others whose reports the events of some vessels rest on."""
        return set(self.other_mmsi[np.isin(self.mmsi, list(vessels))].tolist())


class Detector(BaseModel):
    """The base of every detector: a frozen model of its parameters.

    A subclass lives in a module of its own, named like `name`, and sets the class facts:

    - ``name``: the module's name, and the `kind` of its events unless it says otherwise;
    - ``version``: raised whenever the same input gives other events;
    - ``requires``: the position columns it reads;
    - ``lookback``: the history before an event's start that it needs to judge the event; also at
      least as long as its shortest event, so that an event reaching into the window from before
      is seen in part and can be followed back to its start.
    - ``source``: citation of the rule, more than 30 characters; where it is one's own "Own rule: "
      and what it goes by;
    - ``after``: detectors whose events it reads, as `Context.earlier`;
    - ``reads_statements``: whether it reads `Context.statements`; an error otherwise;
    - ``needs_zones``: whether its events mean nothing where no land or zone layer reaches;
    - ``rests_on``: whose positions a vessel's events rest on, a tuple of `relations`;
    - ``digests``: whether of other vessels it needs no more than a `digest`, a few bytes a report:
      then its own reports, those of `Gathered.company` and what was gathered do for a vessel;
    - ``symmetric_days``: shifts of time, in days, under which its events are the same. One that
      looks at the sun names shifts after which the sun stands where it stood: 1461 days, four
      Julian years (within 0.1 degree).
    - ``local``: whether it is this installation's own. Its texts need no translation (packs in
      another language tell them in English, marked so), and the reference leaves it out;
    - ``hypotheses``: the innocent reasons that its events are held against, see `explain`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]
    version: ClassVar[str]
    requires: ClassVar[tuple[str, ...]]
    source: ClassVar[str]
    after: ClassVar[tuple[str, ...]] = ()
    reads_statements: ClassVar[bool] = False
    needs_zones: ClassVar[bool] = True
    digests: ClassVar[bool] = False
    symmetric_days: ClassVar[tuple[int, ...]] = (-400, 1, 7)
    local: ClassVar[bool] = False
    hypotheses: ClassVar[tuple[Hypothesis, ...]] = ()

    @property
    def rests_on(self) -> tuple[Relation, ...]:
        """Say whose positions a vessel's events rest on, beside what `Context` holds.

        A vessel's events (those with it as `mmsi`, before `finish`) are the same whether all are
        looked at, or the vessel with those that these relations name.
        """
        return (All(),)

    @property
    def lookback(self) -> timedelta:
        """Return the history needed before an event's start (see the class docstring)."""
        raise NotImplementedError

    def highest_score(self, zones: "Zones", models: Mapping[str, Any]) -> float:
        """Return a bound of the scores, before explanations, of its events with some layers."""
        return 1.0

    @property
    def settle(self) -> timedelta:
        """Return how long after its end an event can still change, e.g. grow over a pause.

        An event that ended less than this before a window belongs to that window too: only there
        is it known how it ended.
        """
        return timedelta(0)

    @property
    def reads_back(self) -> timedelta:
        """Return how far before a window it reads the events of those it comes `after`.

        Events that ended as long ago as they settle may rest on all their look-back; less is loaded
        where it is known how far back the others' events count.
        """
        return self.lookback + self.settle

    def detect(self, positions: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Find events.

        Returns `events.EVENTS`: every event touching [context.start - settle, context.end], and
        older ones only where `finish` rests on them. An event that still goes on at `context.end`
        has no `end`.

        Parameters
        ----------
        positions
            `frames.TRACKED`: cleaned, sorted by (track_id, time), none after `context.end`.
        context
            The rest of what may be known.
        """
        raise NotImplementedError

    def concerned(
        self, positions: pd.DataFrame, since: pd.Timestamp, zones: "Zones"
    ) -> set[int] | None:
        """Return those of some vessels of which, by what they sent since a time, anything new may
        be told, and more rather than fewer; None where that can't be told cheaply.

        A look between nights asks of these alone, and of those in events that go on, a detector
        that rests on the vessel itself and needs more history than is read of everybody.
        `positions` hold the last 16 hours at least.
        """
        return None

    def digest(self, positions: pd.DataFrame, noise: pd.DataFrame) -> Any:
        """Return what the events of others may rest on of some vessels, all of whose reports these
        are; `noise` is as of `Context`.
        """
        raise NotImplementedError

    def gather(self, digests: Sequence[Any], context: Context) -> Gathered:
        """Return what must be known of all vessels, from the digests of parts of them."""
        raise NotImplementedError

    def known_of_all(self, positions: pd.DataFrame, context: Context) -> Any:
        """Return what must be known of all vessels, of these positions where nothing is given."""
        if context.gathered is not None:
            return context.gathered
        return self.gather([self.digest(positions, context.noise)], context).known

    def finish(self, found: pd.DataFrame) -> pd.DataFrame:
        """Join what only the whole can tell, from what `detect` found for all vessels.

        What `detect` returned for the sake of this alone is left out.
        """
        return found

    @classmethod
    def tell(cls, event: Told, words: Words, mmsi: int) -> str:
        """Say what happened, from the side of one of its vessels, in a sentence for a sailor.

        No time: whoever shows it adds it.
        """
        happened = " ".join(part for part in (event.kind, event.subkind) if part).replace("_", " ")
        place, duration = words.place(event.lat, event.lon), words.duration(event.start, event.end)
        stated = words.say(
            "{happened} for {duration}, {place}", happened=happened, duration=duration, place=place
        )
        return stated[:1].upper() + stated[1:]
