"""Files of sightings into the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from detectors.core.errors import SelatError
from pipelines.base import marks
from pipelines.base.progress import Reporter
from pipelines.base.settings import Installation
from pipelines.ingest import FeedFile, as_text, explained
from pipelines.ingest.sightings import FUTURE, SightingsError, SightingsFile, find, read
from pipelines.run.feeds import raise_if_unusable
from pipelines.run.opened import writing
from pipelines.store import StoreBusyError, Writer


@dataclass
class SightingsSummary:
    """What became of the files of sightings of a run."""

    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    already_there: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    errors: list[SelatError] = field(default_factory=list)

    def fail(self, name: str, error: SelatError, report: Reporter) -> None:
        """Note and say that a file could not be read."""
        self.failed[name] = error.message
        self.errors.append(error)
        report.step(f"✗ {name}: {error.message}")
        if error.hint:
            report.step(f"  hint: {error.hint}")


def import_sightings(
    store: Writer,
    installation: Installation,
    report: Reporter,
    paths: Sequence[str] = (),
    among_feeds: Sequence[str] = (),
) -> SightingsSummary:
    """Import files of sightings, those of the settings where none is named, and those that lie
    among the feeds, but where feeds there have a mark of their own: of sightings others hold.

    A file that can't be read doesn't stop the others. One that is in the store is left alone,
    unless rows of it lay in the future then and don't any more.
    """
    summary = SightingsSummary()
    unread = partial(_unread, summary, report)
    not_after = datetime.now(UTC) + timedelta(hours=installation.settings.ingest.max_future_h)
    done = set[Path]()
    own = list(paths) or installation.settings.sightings
    for named in [*own, *among_feeds]:
        try:
            found = find([named], unread)
            if named not in own and not done.issuperset(path.resolve() for path in found):
                _refuse_marked(installation, named)
        except Exception as error:
            summary.fail(as_text(named), explained(named, error), report)
            continue
        for path in found:
            if path.resolve() in done:
                continue
            done.add(path.resolve())
            try:
                file = read(path, not_after)
                new = _add(store, path, file)
            except StoreBusyError:
                raise
            except Exception as error:
                raise_if_unusable(store, error)
                summary.fail(as_text(path.name), explained(path.name, error), report)
                continue
            if new is None:
                summary.already_there.append(path.name)
                report.step(f"= {path.name}: already in the store")
            else:
                summary.added[path.name] = {**file.report.to_dict(), "new": new}
                report.step(f"+ {path.name}: {file.report.in_words(new)}")
    return summary


def _unread(summary: SightingsSummary, report: Reporter, error: OSError) -> None:
    name = as_text(str(error.filename))
    summary.fail(name, explained(name, error), report)


def _refuse_marked(installation: Installation, named: str) -> None:
    """Refuse what would be passed on more widely than the feeds among which it lies."""
    rules = marks.load(installation.config)
    if rules.of_feed(named) != rules.mark_of(rules.default):
        raise SightingsError(
            f"{Path(named).name} is a table of sightings among feeds that have a mark of their own",
            hint="mark it in config/marks.yaml, under sightings, and give it to --sightings",
        )


def _add(store: Writer, path: Path, file: SightingsFile) -> int | None:
    """Return how many sightings of a file were new; None if the file is in the store already."""
    key, name = file.sha256[:16], path.name
    again = store.has_sightings(key)
    if again:
        before = store.sightings_report(key)["rejected"].get(FUTURE, 0)
        if file.report.rejected.get(FUTURE, 0) >= before:
            store.note_name("sighting_files", key, name)
            return None
    return store.add_sightings(
        key,
        sha256=file.sha256,
        name=name,
        sightings=file.sightings,
        report=file.report.to_dict(),
        replaces=[key] if again else _cut_of(store, path, file),
    )


def _cut_of(store: Writer, path: Path, file: SightingsFile) -> list[str]:
    """Return keys of files that this one is the rest of, read in the middle of a line before."""
    cut = [one for one in store.unended_sightings() if one[2] < path.stat().st_size]
    if not cut:
        return []
    now = FeedFile.of(path, path.name)
    grown = now.begins_as([(of, size) for _, of, size in cut])
    return [key for key, of, _ in cut if of in grown and now.sha256 == file.sha256]


def import_only(
    installation: Installation, paths: Sequence[str], report: Reporter, *, dry_run: bool = False
) -> SightingsSummary:
    """Import files without detecting anything; with `dry_run` read them and write nothing."""
    if dry_run:
        return _read_only(installation, paths, report)
    with writing(installation, begins=True) as store:
        return import_sightings(store, installation, report, paths)


def _read_only(
    installation: Installation, paths: Sequence[str], report: Reporter
) -> SightingsSummary:
    summary = SightingsSummary()
    not_after = datetime.now(UTC) + timedelta(hours=installation.settings.ingest.max_future_h)
    for path in find(paths, partial(_unread, summary, report)):
        try:
            file = read(path, not_after)
        except Exception as error:
            summary.fail(as_text(path.name), explained(path.name, error), report)
            continue
        summary.added[path.name] = file.report.to_dict()
        report.step(f"(not written) {path.name}: {file.report.in_words()}")
    return summary
