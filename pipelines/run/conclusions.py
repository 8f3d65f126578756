"""What was concluded on a brief, sent back as a small file and read in by a person.

The file is signed by nothing: whoever can write one can say anything in it. So it is bounded, says
nothing but who concluded what of which incident and why, can't set the like aside, and is shown to
the person who reads it in before anything is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from detectors.core.errors import SelatError
from pipelines.assess.dispositions import PART, DispositionError, newest
from pipelines.base.json_text import model_of_json
from pipelines.base.schemas import Conclusion
from pipelines.base.settings import Installation
from pipelines.base.text import minute, one_line
from pipelines.base.visible import clean
from pipelines.run.dispositions import events_of, record
from pipelines.run.opened import writing
from pipelines.store import RUN_WAIT_S, Queries, Writer

MAX_BYTES: Final = 256 << 10
"""A file larger than this isn't read: 200 incidents with long reasons are half of it."""


class ConclusionsError(SelatError):
    """The file isn't one of conclusions, or says what it may not."""

    exit_code = 2


def _plain(text: str) -> str:
    if clean(text) != text or not text.strip():
        raise ValueError("is empty, or holds characters that can't be seen")
    return text.strip()


def _reason(text: str) -> str:
    if _plain(text).startswith(PART):
        raise ValueError("begins as that of who sees a part does")
    return text.strip()


class One(BaseModel):
    """A conclusion on an incident, by the id that the brief gave it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    incident_id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    conclusion: Conclusion
    reason: Annotated[str, Field(max_length=500), AfterValidator(_reason)]


class Conclusions(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["selat-conclusions/1"]
    run_id: Annotated[str, Field(max_length=100), AfterValidator(_plain)]
    author: Annotated[str, Field(max_length=80), AfterValidator(_plain)]
    conclusions: Annotated[tuple[One, ...], Field(strict=False, min_length=1, max_length=200)]


@dataclass(frozen=True)
class Read:
    """What became of one conclusion of a file: recorded, known or unknown incident."""

    one: One
    state: Literal["recorded", "known", "no such incident"]
    unseen: int = 0
    """How many events have come to the incident since the brief, which aren't concluded on."""
    holds: bool = True
    """Whether it is what holds; false of what is known, and was taken back or concluded otherwise
    since. The file doesn't say when it was written, so it isn't recorded a second time."""


def parse(content: bytes) -> Conclusions:
    """Read a file of conclusions; raises ConclusionsError if it isn't one."""
    try:
        found = model_of_json(Conclusions, content)
    except ValueError as error:
        raise ConclusionsError(one_line(f"not conclusions: {error}", 200)) from error
    ids = [one.incident_id for one in found.conclusions]
    if len(set(ids)) < len(ids):
        raise ConclusionsError("not conclusions: an incident is concluded on twice")
    return found


def load(path: Path) -> Conclusions:
    """Read a file of conclusions from a path; raises ConclusionsError if it isn't one."""
    if not path.is_file():
        raise ConclusionsError(f"{clean(str(path))} isn't a file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ConclusionsError(f"{clean(path.name)} is larger than {MAX_BYTES:,} bytes")
    return parse(content)


def in_place_of(
    store: Queries, installation: Installation, file: Conclusions
) -> Sequence[Sequence[str]]:
    """Return of each conclusion of a file what was concluded that it takes the place of.

    The file doesn't say when it was written: that may have been later, and whoever it names as its
    author may have said it. One that is recorded already takes no place.
    """
    all_said = store.dispositions()
    by_event, held = _words(all_said), newest(all_said)
    found = []
    for one in file.conclusions:
        seen, _ = _seen(store, installation, one, file)
        known = _is_known(seen, by_event, (file.author, one.conclusion, one.reason))
        taken = held["event_id"].isin([] if known else seen)
        own = held[taken].drop_duplicates(["author", "made_time"])
        rows = own[["made_time", "conclusion", "author", "reason"]].itertuples(index=False)
        found.append([f"{minute(time)} {what} ({who}): {why}" for time, what, who, why in rows])
    return found


def take_in(installation: Installation, file: Conclusions) -> Sequence[Read]:
    """Record the conclusions of a file, each on all events that its incident had on the brief.

    What came to an incident later, its author hasn't seen; where the run isn't known here, as of a
    look between nights, it is concluded on whole. One that is recorded already, by the same author
    with the same words, is left; one whose incident isn't known here is told.

    They are recorded by one writer, which another is waited for: nobody else's come in between.

    Raises StoreBusyError if another is still writing then; nothing is recorded.
    """
    with writing(installation, RUN_WAIT_S) as store:
        said = store.dispositions()
        by_event, held = _words(said), _words(newest(said))
        found = []
        for one in file.conclusions:
            told = (file.author, one.conclusion, one.reason)
            try:
                seen, new, unseen = _recorded(installation, store, one, file, by_event, told)
            except DispositionError:
                found.append(Read(one, "no such incident"))
                continue
            holds = new or all(told in held.get(event, ()) for event in seen)
            found.append(Read(one, "recorded" if new else "known", unseen, holds))
    return found


def _words(said: pd.DataFrame) -> dict[str, set[tuple[str, ...]]]:
    """Return by event who concluded what on it, and why."""
    found: dict[str, set[tuple[str, ...]]] = {}
    columns = ["event_id", "author", "conclusion", "reason"]
    for event, *rest in said[columns].itertuples(index=False, name=None):
        found.setdefault(str(event), set()).add(tuple(map(str, rest)))
    return found


def _recorded(
    installation: Installation,
    store: Writer,
    one: One,
    file: Conclusions,
    by_event: dict[str, set[tuple[str, ...]]],
    told: tuple[str, ...],
) -> tuple[list[str], bool, int]:
    """Record one conclusion; gives the events that its author saw, whether it wasn't recorded
    already, and how many events came since.
    """
    seen, unseen = _seen(store, installation, one, file)
    if _is_known(seen, by_event, told):
        return seen, False, unseen
    record(
        installation,
        one.incident_id,
        author=file.author,
        conclusion=one.conclusion,
        reason=one.reason,
        quiet_within_m=0.0,
        events=seen,
        within=store,
    )
    return seen, True, unseen


def _seen(
    store: Queries, installation: Installation, one: One, file: Conclusions
) -> tuple[list[str], int]:
    """Return the events of an incident that who concluded on it saw, and how many came since."""
    events = [str(row["event_id"]) for row in events_of(store, installation, one.incident_id)]
    then = store.incidents(file.run_id)
    of_then = then.loc[then["incident_id"] == one.incident_id, "events"].tolist()
    seen = str(of_then[0]).split(";") if of_then else events
    return seen, len(set(events).difference(seen))


def _is_known(
    seen: Sequence[str], by_event: dict[str, set[tuple[str, ...]]], told: tuple[str, ...]
) -> bool:
    return bool(seen) and all(told in by_event.get(event, ()) for event in seen)
