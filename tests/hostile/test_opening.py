"""Feeds in a folder that others write to: what they put there by the name of one."""

import errno
import glob
import gzip
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pytest

from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.ingest import FeedFile, discover, matching
from pipelines.ingest.containers import Budget, members
from pipelines.ingest.errors import IngestError
from pipelines.ingest.formats import pages, parquet
from pipelines.ingest.opening import OpeningError, opened
from pipelines.ingest.sightings import files
from pipelines.ingest.sightings.files import SightingsError
from pipelines.ingest.sightings.files import read as read_file
from pipelines.run import feeds
from pipelines.run.setup import load_zones
from pipelines.store import read

TABLE = "MMSI,BaseDateTime,LAT,LON\n563000101,2026-01-05T17:00:00,1.2,103.8\n"
SEEN = "sighting_id,time,lat,lon,uncertainty_m,source\nr1,2026-01-05T17:00Z,3,100,50,radar\n"
NOBODY = 54_321


def ends(do: Callable[[], Any]) -> Exception | None:
    """What something raises; it fails here if it waits for good."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            do()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "it waits"
    return raised[0] if raised else None


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
def test_nobody_waits_for_a_pipe_that_takes_the_place_of_a_feed(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"feed.{ending}"
    path.write_bytes(gzip.compress(TABLE.encode()) if ending == "csv.gz" else TABLE.encode())
    [feed] = discover([str(path)], tmp_path / "spool")
    path.unlink()
    os.mkfifo(path)
    budget = Budget(10**9, 1e9)
    raised = ends(lambda: [list(m) for m in members(path, "feed", budget, lambda _: None)])
    assert isinstance(raised, OpeningError)
    assert isinstance(ends(lambda: feed.check(may_grow=True)), OpeningError)


def by_another(link: Path) -> None:
    """Have a link be another account's than ours and than what it leads to."""
    if os.geteuid() != 0:
        pytest.skip("only root gives a link to another account")
    os.lchown(link, NOBODY, -1)


def test_a_feed_gets_no_other_name_by_somebody_elses_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark goes by its name: a pack for whoever made the link would hold it."""
    vault, theirs = tmp_path / "vault", tmp_path / "theirs"
    vault.mkdir()
    theirs.mkdir()
    (vault / "secret.csv").write_text(TABLE)
    (theirs / "good.csv").write_text(TABLE.replace("101,", "102,"))
    link = theirs / "open.csv"
    link.symlink_to(vault / "secret.csv")
    by_another(link)
    installation = load(tmp_path / "home")
    with reporter(quiet=True) as report:
        summary = feeds.ingest_only(
            installation,
            load_zones(installation),
            [str(theirs)],
            area=None,
            mapping=None,
            report=report,
        )
    [(name, said)] = summary.failed.items()
    assert name.endswith("open.csv")
    assert "another account" in str(said)
    with read(installation.store) as store:
        assert [Path(one).name for one in store.ledger()["name"]] == ["good.csv"]


def test_links_of_ones_own_and_to_ones_own_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, link = tmp_path / "a.csv", tmp_path / "b.csv"
    target.write_text(TABLE)
    link.symlink_to(target)
    with opened(link) as file:  # ours
        assert file.read() == TABLE.encode()
    if os.geteuid() == 0:  # theirs to theirs
        os.chown(target, NOBODY, -1)
        by_another(link)
        with opened(link) as file:
            assert file.read() == TABLE.encode()


def test_a_folder_on_the_way_is_no_way_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "secret.csv").write_text(TABLE)
    inbox = tmp_path / "inbox"
    inbox.symlink_to("vault")
    by_another(inbox)
    with pytest.raises(IngestError, match="inbox is a link by another account"):
        discover([str(inbox)], tmp_path / "spool")


def test_our_link_to_theirs_is_no_way_round(tmp_path: Path) -> None:
    """As `today.csv` to what a partner calls so: where theirs leads counts, whoever leads there."""
    secret, theirs, today = (tmp_path / f"{name}.csv" for name in ("secret", "theirs", "today"))
    secret.write_text(TABLE)
    theirs.symlink_to(secret)
    today.symlink_to(theirs)
    by_another(theirs)
    with pytest.raises(OpeningError, match=r"theirs\.csv is a link by another account"):
        opened(today)


def test_names_that_change_places_meanwhile_lead_to_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever step: a file of theirs and their link to a secret."""
    secret, one, other = (tmp_path / f"{name}.csv" for name in ("secret", "one", "other"))
    secret.write_text("secret")
    one.write_text("theirs")
    other.symlink_to(secret)
    by_another(other)
    own, left = os.open, 0

    def exchanging(*given: Any, **options: Any) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            aside = tmp_path / "aside"
            one.rename(aside)
            other.rename(one)
            aside.rename(other)
        return own(*given, **options)

    monkeypatch.setattr(os, "open", exchanging)
    seen = set()
    for at in range(1, 2 * len(tmp_path.parts) + 8):
        for path in (one, other):
            left = at
            try:
                with opened(path) as file:
                    seen.add(file.read())
            except OpeningError:
                seen.add(b"refused")
    assert seen == {b"theirs", b"refused"}


def test_links_without_end_are_an_error(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.symlink_to(other)
    other.symlink_to(one)
    with pytest.raises(OSError, match="levels of symbolic links"):
        opened(one)
    with pytest.raises(FileNotFoundError) as raised:
        opened(tmp_path / "none.csv")
    assert raised.value.filename == str(tmp_path / "none.csv")


def test_sightings_are_opened_as_feeds_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, link, pipe = (tmp_path / f"{name}.csv" for name in ("secret", "open", "pipe"))
    secret.write_text(SEEN)
    link.symlink_to(secret)
    by_another(link)
    os.mkfifo(pipe)
    for path in (link, pipe):
        raised = ends(partial(read_file, path, datetime.now(UTC)))
        assert isinstance(raised, SightingsError)


def test_a_table_is_read_from_the_file_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its library opens nothing by name: another could have taken its place by then."""
    path, other = tmp_path / "feed.parquet", tmp_path / "other"
    rows = pd.DataFrame({"mmsi": [563000101], "lat": [1.2]})
    rows.assign(mmsi=563000999).to_parquet(other)
    rows.to_parquet(path)
    size_of = pages.chunks

    def swapped(file: BinaryIO) -> tuple[int, list[pages.Chunk]]:
        found = size_of(file)
        other.replace(path)
        return found

    monkeypatch.setattr(pages, "chunks", swapped)
    with parquet._table(path, ["mmsi"], [], 1000) as batches:
        [batch] = batches(10)
        assert batch.column("mmsi").to_pylist() == [563000101]
    assert not other.exists()


def test_a_terabyte_that_was_never_written_is_not_read(tmp_path: Path) -> None:
    """It takes no room on the disk, and who reads it half an hour, each night anew."""
    for name, written in (("feed.nmea", b""), ("feed.csv", TABLE.encode())):
        path = tmp_path / name
        path.write_bytes(written)
        os.truncate(path, 10**12)
        if path.stat().st_blocks > 10**9:
            pytest.skip("this file system keeps no holes")
        raised = ends(lambda path=path: discover([str(path)], tmp_path / "spool"))
        raised = raised or ends(lambda path=path: opened(path))
        assert "1,000 GB, of which 0.0 were ever written" in str(raised)
    small = tmp_path / "small.csv"
    small.write_text(TABLE)
    os.truncate(small, 2**29)  # as a recorder sets aside
    with opened(small) as file:
        assert file.readline() == b"MMSI,BaseDateTime,LAT,LON\n"


@pytest.mark.parametrize("attack", ["closed", "deep", "long"])
def test_a_folder_that_cant_be_looked_into_costs_what_is_in_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: str
) -> None:
    """Nor is it told each night that a disk has a folder of its own, which is the system's."""
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "closed").mkdir()
    (tmp_path / "good.csv").write_text(TABLE)
    (tmp_path / "seen.csv").write_text(SEEN)
    closed_to_us(monkeypatch, "lost+found", *(["closed"] if attack == "closed" else []))
    shape = {"closed": ("d", 1), "deep": ("d", 1_200), "long": ("d" * 200, 25)}[attack]
    told: list[OSError] = []
    with nested(tmp_path, *shape):
        found = discover([str(tmp_path)], tmp_path / "spool")
        sightings = files.find([str(tmp_path)], told.append)
    assert [Path(feed.name).name for feed in found] == ["good.csv"]
    [why] = found.unreadable.values()
    assert "can't be read" in why.message
    assert sightings == [tmp_path / "good.csv", tmp_path / "seen.csv"]
    assert len(told) == 1


def closed_to_us(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have the system refuse to look into folders of these names, as it does who isn't root."""

    def refusing(real: Callable[..., Any]) -> Callable[..., Any]:
        def look(path: Any, *args: Any, **named: Any) -> Any:
            parts = Path(path).parts if isinstance(path, str | os.PathLike) else ()
            if {*names} & {*parts[: None if real is scan else -1]}:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *args, **named)

        return look

    scan = os.scandir
    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    monkeypatch.setattr(os, "stat", refusing(os.stat))


@contextmanager
def nested(folder: Path, name: str, deep: int) -> Iterator[None]:
    """Make folders in one another, of a path that is longer than any may be; remove them again,
    which pytest can't.
    """
    outer, rest = folder / name, folder / "rest"
    for _ in range(deep):  # from within: the path of the innermost can't be said
        rest.mkdir()
        if outer.exists():
            outer.rename(rest / name)
        rest.rename(outer)
    yield
    while outer.exists():
        if (outer / name).exists():
            (outer / name).rename(rest)
        outer.rmdir()
        if rest.exists():
            rest.rename(outer)


@pytest.mark.parametrize("by", ["two links back", "forks"])
def test_links_that_lead_on_and_on_keep_no_night_from_its_feeds(tmp_path: Path, by: str) -> None:
    """Of two, the ways that ** finds double with each folder, and forty links are followed."""
    (tmp_path / "f0").mkdir()
    for k in range(24):
        if by == "forks":
            (tmp_path / f"f{k + 1}").mkdir()
        for link in ("x", "y"):
            to = "../f0" if by == "two links back" else f"../f{k + 1}"
            (tmp_path / f"f{k}" / link).symlink_to(to)
        if by == "two links back":
            break
    (tmp_path / "f0" / "good.csv").write_text(TABLE)
    found: list[FeedFile] = []
    pattern = str(tmp_path / "**" / "*.csv")
    assert ends(lambda: found.extend(discover([pattern], tmp_path / "spool"))) is None
    assert [Path(feed.name).name for feed in found] == ["good.csv"]


def test_a_glob_finds_what_python_finds(tmp_path: Path) -> None:
    for name in ("a.csv", ".h/a.csv", "b/a.csv", "b/c/a.csv", "b/.a.csv", "d/b/c/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TABLE)
    (tmp_path / "by").symlink_to("d")
    (tmp_path / "nowhere.csv").symlink_to("gone")
    below = ("*.csv", "**/*.csv", "**/c/*", "*/**/?.csv", "**/b/**/[!a].csv", "b/**/**/a.csv")
    for pattern in (*below, ".h/**/*.csv", "**/.a.csv", "**/b", "*/b/**/x.csv", "**", "none/**/a"):
        named = str(tmp_path / pattern)
        python = glob.glob(named, recursive=True)  # noqa: PTH207 - as is asked here
        told: list[OSError] = []
        assert set(map(Path, python)) - {tmp_path} == set(matching(named, told.append)), pattern
        assert not told, "a file beside folders is no folder that can't be read"
