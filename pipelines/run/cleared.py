"""The home of those who may not see everything: as if nothing else had ever come here.

What an account of the desk may see is what a recipient's pack could hold: the same marks
(config/marks.yaml), the same rights, and the same way of keeping them. Nothing is filtered. A store
of what they may have is filled (`release_view.align`), and the nights that a program with only that
would have looked at (`release_nights.nights`) are run over it as any night is: tracks, coverage,
neighbours, events, scores, incidents, counts and the names of runs rest on nothing else, and so
does every page that is shown of it, whoever writes that page.

It lies in HOME/release/KEY/desk with a configuration of its own: zones and detectors are the
home's, watch-lists are those that they may have, patrol units are there where one of them may have
a plan (of what they may see), and marks, recipients, keys, packs, our plans and what was learned
here aren't. It may be removed at any time; what was concluded in it goes with it there, and stays
in the home, where each conclusion is recorded too.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pipelines.assess import watchlists
from pipelines.base import marks as marking
from pipelines.base.files import write_text
from pipelines.base.marks import Mark, MarkRules, Tlp
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.patrol import units
from pipelines.publish.packs.recipients import Recipient
from pipelines.run.release_manifest import UNTOLD, known_to_fail
from pipelines.run.release_nights import Night, nights, runs_of
from pipelines.run.release_view import Rights, align, in_line, name_of
from pipelines.run.runs import HISTORY, finish_run, run_detectors, work_out_days
from pipelines.run.setup import Setup
from pipelines.run.windows import Window
from pipelines.store import Queries, StoreError, read, write
from pipelines.store.catalogue import writer_lock

_TAKEN: Final = ("detectors.yaml", "zones")
"""Of the configuration: what has no mark."""

_NOTE: Final = "prepared.json"


@dataclass(frozen=True)
class Clearance:
    """What somebody may see: the strictest label, and lists of names; see `base.marks`."""

    max_tlp: Tlp
    holds: frozenset[str]
    everything: bool = False

    def may(self, mark: Mark) -> bool:
        """Tell whether they may see what is marked so."""
        return self.everything or mark.releasable(self.holds, self.max_tlp)

    @property
    def recipient(self) -> Recipient:
        """Return who they would be, were it sent to them."""
        return Recipient(
            title="desk", holds=tuple(sorted(self.holds)), max_tlp=self.max_tlp, formats=("csv",)
        )

    def __str__(self) -> str:
        if self.everything:
            return "everything"
        return f"TLP:{self.max_tlp}" + "".join(f", {name}" for name in sorted(self.holds))


EVERYTHING: Final = Clearance(Tlp.RED, frozenset(), everything=True)


def home_of(installation: Installation, clearance: Clearance) -> Installation:
    """Return the installation that a clearance sees: the home's own where nothing is withheld.

    That goes by what the marks say of whatever may come, not by what is there: a feed that comes
    later can't be seen before somebody has looked whether it may be.

    Raises ConfigError if the marks can't be read.
    """
    if clearance.everything:
        return installation
    rules = marking.load(installation.config)
    if all(clearance.may(rules.mark_of(one)) for one in rules.given()):
        return installation
    home = installation.release / _key(rules, clearance) / "desk"
    named = installation.settings
    reference, tides = installation.reference, installation.tides
    settings = named.model_copy(
        update={
            "feeds": (),
            "sightings": (),
            "home": "",
            "secrets": "",
            "reference": str(reference) if named.reference else "",
            "tides": "" if tides is None else str(tides),
            "store": named.store.model_copy(update={"url": ""}),
        }
    )
    return Installation(home, home / "config", settings)


def _key(rules: MarkRules, clearance: Clearance) -> str:
    """Name all who may have the same, whatever feeds, sightings and watch-lists come."""
    lists = [[one.watchlist, clearance.may(rules.mark_of(one))] for one in rules.watchlists]
    text = json.dumps([name_of(rules, clearance.may), lists])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def state_of(home: Queries) -> str:
    """Return a digest of what a cleared home follows: the feeds, the sightings and the runs."""
    queries = (
        "SELECT feed_key, name, report FROM ledger ORDER BY ALL",
        "SELECT file_key, name, report FROM sighting_files ORDER BY ALL",
        "SELECT run_id FROM runs ORDER BY ALL",
    )
    held = [home.sql(query).to_numpy().tolist() for query in queries]
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()


def prepared(own: Installation) -> dict[str, Any]:
    """Return what was noted when a cleared home was prepared: state, nights; empty where it wasn't.

    Of `nights` each names the home's run and the one that stands for it.
    """
    with suppress(OSError, ValueError):
        held = json.loads((own.home / _NOTE).read_text(encoding="utf-8"))
        if isinstance(held, dict) and isinstance(held.get("nights"), dict):
            return held
    return {}


def made(own: Installation) -> str:
    """Return what tells a cleared home from the same before something of it was made anew."""
    return str(prepared(own).get("made", ""))


@dataclass(frozen=True)
class _Held:
    store: Queries
    rights: Rights


def prepare(
    installation: Installation,
    clearance: Clearance,
    report: Reporter,
    others: Collection[Clearance] = (),
) -> Installation:
    """Bring the home of a clearance in line with the whole one, and look at its nights.

    `others`: further clearances; those that see the same may have plans where this one may not.

    Raises
    ------
    ConfigError
        If the marks, or what nights are looked at with, can't be read.
    StoreError
        If the home's store can't be read.
    StoreBusyError
        While somebody else is preparing the same.
    """
    own = home_of(installation, clearance)
    if own != installation:
        with writer_lock(own.home.parent / "desk.lock"):
            sharing = [one for one in others if home_of(installation, one) == own]
            _prepare(installation, own, [clearance, *sharing], report)
    return own


def _prepare(
    installation: Installation, own: Installation, sharing: list[Clearance], report: Reporter
) -> None:
    rules = marking.load(installation.config)
    with read(installation.store, installation.settings.store) as home:
        rights = Rights.of(home, rules, sharing[0].recipient)
        state, runs = state_of(home), runs_of(home)
        if not _sound(own, rights):
            shutil.rmtree(own.home, ignore_errors=True)
        _configure(installation, own, sharing, rules)
        places = _places(home.feed_places(), rights)
        noted = prepared(own)
        # Where all that is new may not be seen, nothing is written, or its desk would say by that
        # that something came.
        if not (noted.get("state") and _in_line(own, rights, places)):
            _note(own, "", noted.get("nights"))
            with write(own.store, own.settings.store) as writer:
                align(writer, rights, home)
                writer.place_feeds(places)
                work_out_days(writer, own, report)
                writer.publish()
    with read(own.store, own.settings.store) as store:
        wanted = list(nights(runs, _Held(store, rights)))
    done: dict[str, str] = prepared(own).get("nights", {})
    for night in _recent(wanted):
        if night.run_id not in done:
            done[night.run_id] = _run(own, night, rights, report)
            _note(own, "", done)
    _note(own, state, done, made(own))


def _in_line(own: Installation, rights: Rights, places: Mapping[str, Path]) -> bool:
    with read(own.store, own.settings.store) as store:
        held = store.feed_places()
        return in_line(store, rights) and all(held.get(key) == places[key] for key in places)


def _places(found: Mapping[str, Path], rights: Rights) -> dict[str, Path]:
    """Return where feeds were found last, under the names that they are known by."""
    names = zip(rights.ledger["feed_key"], rights.ledger["name"], strict=True)
    known = {str(key): Path(str(name)).name for key, name in names}
    return {key: path for key, path in found.items() if known.get(key) == path.name}


def _sound(own: Installation, rights: Rights) -> bool:
    """Tell whether what was made before can be gone on with: it is whole, and rests on nothing
    more.
    """
    if not own.home.exists():
        return True
    try:
        with read(own.store, own.settings.store) as store:
            held = set(store.ledger()["feed_key"])
            seen = set(store.sighting_files()["file_key"])
            gone = held - set(rights.ledger["feed_key"]) or seen - set(rights.files["file_key"])
            return not gone and not store.lost()
    except StoreError:
        return False


def _configure(
    installation: Installation,
    own: Installation,
    sharing: list[Clearance],
    rules: MarkRules,
) -> None:
    """Give a cleared home the configuration that those who share it may have."""
    shutil.rmtree(own.config, ignore_errors=True)
    own.watchlists.mkdir(parents=True)
    planned = (units.FILE_NAME,) if any(one.may(rules.of_plan()) for one in sharing) else ()
    for name in (*_TAKEN, *planned):
        source = installation.config / name
        for path in [source, *source.rglob("*")]:
            if path.is_file():  # without its mode: what is made in a home is for its owner alone
                to = own.config / path.relative_to(installation.config)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)
    for one in watchlists.load(installation.watchlists):
        if sharing[0].may(rules.of_watchlist(one.name)):
            for ending in (".csv", ".yaml"):
                source = installation.watchlists / f"{one.name}{ending}"
                shutil.copyfile(source, own.watchlists / source.name)


def _recent(wanted: list[Night]) -> list[Night]:
    """Leave out nights of so long ago that they count no more, as packs do."""
    if not wanted:
        return []
    since = max(one.window.end for one in wanted) - HISTORY
    return [one for one in wanted if one.window.end >= since]


def _run(own: Installation, night: Night, rights: Rights, report: Reporter) -> str:
    """Look at a night; returns the run's id here."""
    setup = Setup.load(own)
    told = known_to_fail(night.failures, set(rights.ledger["name"]))
    unread = {name.removeprefix("feed "): UNTOLD for name in told}
    with write(own.store, own.settings.store) as store:
        end = night.window.end
        horizon = store.last_looked_at()
        now = end if horizon is None else max(end, horizon)
        start: pd.Timestamp = night.window.start
        window = Window(start, end, now, (start, end))
        detection = run_detectors(store, setup, window, report)
        return finish_run(store, setup, window, detection, unread).run_id


def _note(own: Installation, state: str, done: Mapping[str, str] | None, anew: str = "") -> None:
    """Note how far it is; nothing of one of which no night was looked at yet.

    `anew`: see `made`; without it something was.
    """
    if done is not None:
        noted = {"state": state, "nights": done, "made": anew or secrets.token_hex(8)}
        write_text(own.home / _NOTE, json.dumps(noted))


def clear_away(installation: Installation, clearances: list[Clearance]) -> list[Path]:
    """Remove what was prepared for clearances that nobody has any more; return what went."""
    kept = {home_of(installation, one).home for one in clearances}
    gone = [path for path in sorted(installation.release.glob("*/desk")) if path not in kept]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            (path.parent / "desk.lock").unlink(missing_ok=True)
            path.parent.rmdir()
    return gone
