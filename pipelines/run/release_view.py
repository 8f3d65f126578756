"""A store of what some recipients may have, and what a program that had only that would find in it.

It holds the reports of the feeds that they may have, as the home's store holds them, and the
sightings; tracks and coverage are worked out from these alone. Nothing of it rests on when packs
were made before, or for whom: it is brought in line with the home's store each time, and may be
removed at any time. Recipients who may have the same share it.

What was found in a day is kept, since it rests only on what the store holds up to then. What was
learned in this home (places, normal traffic) isn't used: it may rest on any feed.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detectors.core import events as event_schema
from detectors.core import frames
from detectors.core.detector import Detector
from detectors.core.errors import FrameError
from detectors.kinematics.integrity import PROVISIONAL
from detectors.surroundings.zones import Zones
from pipelines.base.files import digest_of_files, replacing
from pipelines.base.marks import Mark, MarkGiven, MarkRules
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.base.text import LOCAL
from pipelines.detect.compare import compare, succeeded_of
from pipelines.detect.days import refresh
from pipelines.detect.heard import Heard
from pipelines.detect.lacking import lacking
from pipelines.detect.window import detect, to_compare
from pipelines.publish.packs.recipients import Recipient
from pipelines.reference import layers as reference
from pipelines.run.manifest import git_commit
from pipelines.run.setup import build_detectors
from pipelines.run.windows import NoDataError, window_between
from pipelines.store import Queries, StoreError, Writer, read, write
from pipelines.store.sightings import as_in_file, with_unique_names

_NEWS: Final = ("created", "changed", "unchanged")
_NO_EVENTS: Final = event_schema.empty()


@dataclass(frozen=True)
class Rights:
    """What of a home's store a recipient may have."""

    name: str
    """Of all recipients who may have the same, whatever the store holds."""
    ledger: pd.DataFrame
    """The feeds, as they are known to the recipient: under the first name that lets it have
    them."""
    files: pd.DataFrame
    sightings: pd.DataFrame
    """The files of sightings and the sightings in them, as if no others had come before them."""
    marks: Mapping[str, Mark]
    """Mark of each source, see `publish.release.Lineage`."""
    arrivals: Mapping[str, str]
    """Keys of feeds and files, by what runs note when they come (`Queries.arrived`)."""
    whole: bool
    """Whether that is everything."""

    @classmethod
    def of(cls, store: Queries, rules: MarkRules, recipient: Recipient) -> "Rights":
        """Return the rights of a recipient.

        Raises StoreError if the store no longer has all sightings of a file as it was.
        """
        held = frozenset(recipient.holds)

        def may(mark: Mark) -> bool:
            return mark.releasable(held, recipient.max_tlp)

        marks: dict[str, Mark] = {}
        feeds = store.ledger()
        names: dict[str, str] = {}
        arrivals: dict[str, str] = {}
        for key, name, report in feeds[["feed_key", "name", "report"]].itertuples(index=False):
            for number, one in enumerate(_names(name, report)):
                if may(rules.of_feed(one)):
                    names[key], marks[key] = one, rules.of_feed(one)
                    arrivals[_arrival(key, number)] = key
                    break
        ledger = feeds[feeds["feed_key"].isin(names)].reset_index(drop=True)
        ledger = ledger.assign(
            name=ledger["feed_key"].map(names).astype("str"),
            report=[_plain(text) for text in ledger["report"]],
        )
        files, sightings, of_all = _sightings(store, rules, may, arrivals)
        for key, source, file in sightings[["sighting_id", "source", "file"]].itertuples(
            index=False
        ):
            marks[f"sighting {key}"] = rules.of_sighting(str(file), str(source))
        return cls(
            name=name_of(rules, may),
            ledger=ledger,
            files=files,
            sightings=sightings.drop(columns="file"),
            marks=marks,
            arrivals=arrivals,
            whole=len(ledger) == len(feeds) and of_all,
        )


def _names(first: str, report: str) -> list[str]:
    return [first, *json.loads(report).get("also_named", ())]


def _arrival(key: str, number: int) -> str:
    return f"{key}+{number}" if number else key


def _plain(report: str) -> str:
    """Return a feed's report without what depends on other names of it."""
    said = json.loads(report)
    said.pop("also_named", None)
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def name_of(rules: MarkRules, may: Callable[[Mark], bool]) -> str:
    """Return a name for all who may have the same of whatever comes."""
    given: list[tuple[str, MarkGiven]] = [
        ("", rules.default),
        *((one.feed, one) for one in rules.feeds),
    ]
    given += [(f"{one.file}|{one.source}", one) for one in rules.sightings]
    text = json.dumps(
        [[pattern, may(rules.mark_of(one))] for pattern, one in given], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sightings(
    store: Queries, rules: MarkRules, may: Callable[[Mark], bool], arrivals: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """Files, sightings (with the name of their file); are they all."""
    held = store.held_sightings()
    whole = frames.empty(frames.SIGHTINGS)
    kept_files, kept, all_of_it = [], [], True
    files = store.sighting_files().sort_values(["first_time", "file_key"], kind="stable")
    for file in files.to_dict("records"):
        for number, name in enumerate(_names(file["name"], file["report"])):
            sources = held["source"].unique()
            if not any(may(rules.of_sighting(name, str(source))) for source in sources):
                continue
            rows = as_in_file(file, held)
            allowed = [may(rules.of_sighting(name, str(one))) for one in rows["source"]]
            rows = rows[allowed].reset_index(drop=True)
            if len(rows):
                arrivals[_arrival(file["file_key"], number)] = file["file_key"]
                break
        else:
            all_of_it = False
            continue
        all_of_it &= all(allowed)
        fresh, _, _ = with_unique_names(rows, whole)
        whole = pd.concat([whole, fresh], ignore_index=True)
        kept.append(fresh.assign(file_key=file["file_key"], file=name))
        kept_files.append(
            {
                **file,
                "name": name,
                "first_time": rows["time"].min(),
                "last_time": rows["time"].max(),
                "report": "{}",
            }
        )
    columns = [*frames.SIGHTINGS, "file_key", "file"]
    empty = held.iloc[:0].assign(file="")
    together = pd.concat(kept, ignore_index=True) if kept else empty
    found = pd.DataFrame(kept_files, columns=list(files.columns))
    return found, together[columns], all_of_it


@dataclass(frozen=True)
class Look:
    """What the detectors found in a window."""

    events: pd.DataFrame
    """`events.EVENTS`."""
    failures: Mapping[str, str]
    """Name and error of every detector that failed."""
    heard: Heard
    """How much was looked at."""
    lacking: Sequence[str]
    """What the feeds leave unsaid, of `lacking.LACKING`."""


class View:
    """A store of what some may have, up to date, and what is found in it; see `opened`."""

    def __init__(
        self, installation: Installation, rights: Rights, store: Queries, report: Reporter
    ) -> None:
        self.rights, self.store = rights, store
        self.zones: Zones = reference.load_zones(
            installation.config / "zones", installation.reference
        )
        self.detectors: list[Detector] = build_detectors(installation)
        self._reach_back = timedelta(days=installation.settings.detection.reach_back_days)
        self._memory_gb = installation.settings.detection.memory_gb
        self._kept = installation.release / rights.name / "looks"
        self._report = report
        self._how = {
            "detectors": installation.detectors,
            "versions": {d.name: d.version for d in self.detectors},
            "zones": digest_of_files(installation.config / "zones"),
            "reference": digest_of_files(installation.reference),
            "reach_back": str(self._reach_back),
            "program": [git_commit(), version("selat")],
        }

    def look(self, start: pd.Timestamp, end: pd.Timestamp) -> Look:
        """Return what the detectors find in a window, with what was known at its end."""
        path = self._kept / f"{self._key(start, end)}.parquet"
        found = _read_look(path)
        if found is None:
            looked = self._looked(start, end)
            if looked.failures:  # what failed once may do another time
                return looked
            _write_look(path, looked)
            found = _read_look(path)
        if found is None:
            raise StoreError(f"{path} can't be read", hint="is there room left?")
        return found

    def _key(self, start: pd.Timestamp, end: pd.Timestamp) -> str:
        """Name of a look: all that it rests on."""
        seen = self.store.sightings(pd.Timestamp(0, tz="UTC"), end)
        rests_on = {
            **self._how,
            "window": [start.isoformat(), end.isoformat()],
            # Verdicts look ahead.
            "feeds": self.store.feeds_until(f"{end + PROVISIONAL:%Y-%m-%d}"),
            "sightings": seen.astype("str").to_numpy().tolist(),
        }
        text = json.dumps(rests_on, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _looked(self, start: pd.Timestamp, end: pd.Timestamp) -> Look:
        with self._report.bar(f"What is released, {start:%Y-%m-%d}", None) as bar:
            found = detect(
                self.store,
                self.detectors,
                start=start,
                end=end,
                zones=self.zones,
                reach_back=self._reach_back,
                memory_gb=self._memory_gb,
                progress=bar.say,
            )
        unsaid = lacking(self.store, found.heard, start, end)
        return Look(found.events, found.failures, Heard.of(found.heard), unsaid)

    def compared(
        self, known: pd.DataFrame, look: Look, start: pd.Timestamp, end: pd.Timestamp
    ) -> pd.DataFrame:
        """Events of a look with `status` against those known before: `compare`'s columns."""
        succeeded = succeeded_of(self.detectors, look.failures)
        found = look.events[look.events["detector"].isin(list(succeeded))]
        stored = to_compare(known, self.detectors, start, end)
        return compare(found.assign(reason=""), stored.assign(reason=""), succeeded)

    def known_at(self, time: pd.Timestamp, since: pd.Timestamp) -> pd.DataFrame:
        """Events as they would be known at a time, had each day since been looked at."""
        known = _NO_EVENTS
        for start, end in self.days(since, time):
            known = learned(known, self.compared(known, self.look(start, end), start, end))
        return known

    def days(
        self, since: pd.Timestamp, time: pd.Timestamp
    ) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
        """Windows of the Kuala Lumpur days from that of one time up to another, the last cut."""
        first = self.store.ledger()["first_time"].min()
        if pd.isna(first):
            return
        day = max(since, first).tz_convert(LOCAL).normalize()
        while (start := day.tz_convert("UTC").as_unit("us")) < time:
            day += timedelta(days=1)
            last = min(day.tz_convert("UTC").as_unit("us"), time) - timedelta(microseconds=1)
            try:
                window = window_between(self.store, start, last)
            except NoDataError:
                continue
            yield start, window.end


def learned(known: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """Return what is known after a look."""
    gone = compared["event_id"][compared["status"] != "not_assessed"]
    news = compared.loc[compared["status"].isin(_NEWS), list(event_schema.EVENTS)]
    kept = known[~known["event_id"].isin(gone)]
    return event_schema.sort(event_schema.concat([kept, news]))


@contextmanager
def opened(
    installation: Installation, rights: Rights, source: Queries, report: Reporter
) -> Iterator[View]:
    """Return the view of what these rights give, brought in line with the home's store."""
    root = installation.release / rights.name / "store"
    settings = installation.settings.store.model_copy(update={"url": ""})
    try:
        with read(root, settings) as store:
            sound = not store.lost()
    except StoreError:
        sound = False
    if not sound:
        shutil.rmtree(root, ignore_errors=True)
    with write(root, settings) as writer:
        align(writer, rights, source)
        with report.bar("What is released: tracks and coverage", None) as bar:
            refresh(writer, bar.to, installation.settings.detection.memory_gb)
        writer.publish()
    with read(root, settings) as store:
        yield View(installation, rights, store, report)


def align(writer: Writer, rights: Rights, source: Queries) -> None:
    """Bring feeds and sightings of a store in line with what some may have of another."""
    held, wanted = _feeds(writer.ledger()), _feeds(rights.ledger)
    if gone := sorted(key for key, _ in held - wanted):
        writer.delete_feed(*gone)
    new = rights.ledger["feed_key"].isin([key for key, _ in wanted - held])
    writer.take_feeds(source, rights.ledger[new].reset_index(drop=True))
    if not _has_sightings(writer, rights):
        writer.set_sightings(rights.files, rights.sightings)


def in_line(store: Queries, rights: Rights) -> bool:
    """Tell whether a store holds what some may have of another, no more and no less."""
    return _feeds(store.ledger()) == _feeds(rights.ledger) and _has_sightings(store, rights)


def _feeds(ledger: pd.DataFrame) -> set[tuple[str, str]]:
    return set(ledger[["feed_key", "name"]].itertuples(index=False, name=None))


def _has_sightings(store: Queries, rights: Rights) -> bool:
    theirs = frames.conform(rights.sightings.drop(columns="file_key"), frames.SIGHTINGS)
    ordered = theirs.sort_values(["time", "sighting_id"], ignore_index=True)
    return bool(ordered.equals(store.all_sightings()))


def _write_look(path: Path, look: Look) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(event_schema.written(look.events), preserve_index=False)
    about = {
        "failures": dict(look.failures),
        "heard": asdict(look.heard),
        "lacking": list(look.lacking),
    }
    metadata = {**(table.schema.metadata or {}), b"selat_look": json.dumps(about).encode()}
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(metadata), temporary)


def _read_look(path: Path) -> Look | None:
    """Return a look that was kept; None where there is none, or it can't be read."""
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[b"selat_look"])
        events = event_schema.parsed(frames.conform(table.to_pandas(), event_schema.WRITTEN))
        return Look(events, about["failures"], Heard(**about["heard"]), about["lacking"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, FrameError):
        return None
