"""A store whose files lie elsewhere: in object storage (moto on loopback), on a share."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines import store
from pipelines.base.progress import reporter
from pipelines.base.settings import StoreSettings, load
from pipelines.run.backup import backup, restore
from pipelines.store import StoreError
from pipelines.store.check import check
from pipelines.store.place import Elsewhere
from pipelines.store.place import place as place_of
from tests.conftest import asking_only
from tests.pipelines.store.conftest import add

pytestmark = pytest.mark.slow
share_first = pytest.mark.parametrize(
    "place", [pytest.param("s3", marks=pytest.mark.prove), "share"], indirect=True
)
"""On a share; in object storage where it is proven, after what differs there was tried."""

KEY, SECRET = "AKIDEXAMPLE", "very-secret-hush"


def rows(root: Path, settings: StoreSettings) -> pd.DataFrame:
    with store.read(root, settings) as reader:
        paths = sorted(reader.named())
        since = pd.Timestamp("2026-01-01", tz="UTC")
        table = reader.day_positions([p for p in paths if p not in reader.superseded()], since)
    return table.sort_values(["mmsi", "time", "source"], ignore_index=True)


def there(settings: StoreSettings, root: Path) -> Elsewhere:
    found = place_of(root, settings)
    assert isinstance(found, Elsewhere)
    return found


@pytest.mark.parametrize(
    "place", ["s3", pytest.param("share", marks=pytest.mark.prove)], indirect=True
)  # of a share: test_compaction_and_deletion_reach_the_place
def test_another_machine_reads_what_this_one_wrote(place: StoreSettings, tmp_path: Path) -> None:
    here, other, plain = tmp_path / "here", tmp_path / "other", tmp_path / "plain"
    for key in ("a", "b"):
        add(here, place, key)
        add(plain, StoreSettings(), key)
        # Published within a second of one another, each is seen by a reader that has seen the last.
        pd.testing.assert_frame_equal(rows(other, place), rows(plain, StoreSettings()))
    assert check(other, place) == []
    assert check(tmp_path / "third", place) == [], "nor by one that has read nothing yet"
    assert not (other / "work.duckdb").exists()
    assert not list(here.glob(".*")), "what was sent leaves nothing behind"


@share_first
def test_a_machine_that_lost_its_folder_goes_on(place: StoreSettings, tmp_path: Path) -> None:
    here, plain = tmp_path / "here", tmp_path / "plain"
    add(here, place, "a")
    shutil.rmtree(here)
    add(here, place, "b")
    for key in ("a", "b"):
        add(plain, StoreSettings(), key)
    pd.testing.assert_frame_equal(rows(here, place), rows(plain, StoreSettings()))


@share_first
def test_a_store_that_was_here_is_taken_there(place: StoreSettings, tmp_path: Path) -> None:
    here = tmp_path / "here"
    add(here, StoreSettings(), "a")
    before = rows(here, StoreSettings())
    with store.write(here, place):
        pass
    pd.testing.assert_frame_equal(rows(tmp_path / "other", place), before)
    add(tmp_path / "here2", StoreSettings(), "c")
    with pytest.raises(StoreError, match="isn't the one in"):
        add(tmp_path / "here2", place, "d")


@share_first
def test_compaction_and_deletion_reach_the_place(place: StoreSettings, tmp_path: Path) -> None:
    here, at_once = tmp_path / "here", place.model_copy(update={"grace_h": 0})
    for key in ("a", "b"):
        add(here, place, key)
    before = rows(here, place)
    store.compact(here, at_once)
    names = set(there(place, here).sizes())
    with store.read(tmp_path / "other", place) as reader:
        assert names == reader.named()
    pd.testing.assert_frame_equal(rows(tmp_path / "other", place), before)
    store.delete_feed(here, "a", settings=at_once)
    assert set(rows(tmp_path / "other", place)["source"]) == {"b"}
    assert check(tmp_path / "other", place) == []


@pytest.mark.parametrize(
    ("place", "moment"),
    [
        pytest.param("s3", "keep", marks=pytest.mark.prove),
        ("s3", "catalogue"),
        pytest.param("s3", "latest", marks=pytest.mark.prove),
        ("share", "keep"),
        pytest.param("share", "catalogue", marks=pytest.mark.prove),
        ("share", "latest"),
    ],
    indirect=["place"],
)
def test_a_crash_while_it_is_published_changes_nothing_for_readers(
    place: StoreSettings, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    add(here, place, "a")
    before = rows(tmp_path / "other", place)
    kind = type(there(place, here))
    upload = kind._upload

    def cut_off(self: Elsewhere, path: Path, name: str) -> None:
        if name.startswith({"keep": "positions/", "catalogue": "catalogues/"}[moment]):
            raise KeyboardInterrupt
        upload(self, path, name)

    def cut_off_last(self: Elsewhere, latest: dict[str, str]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "latest":
            patch.setattr(kind, "_say", cut_off_last)
        else:
            patch.setattr(kind, "_upload", cut_off)
        with pytest.raises(KeyboardInterrupt):
            add(here, place, "b")
    pd.testing.assert_frame_equal(rows(tmp_path / "other", place), before)
    add(here, place, "b")
    assert set(rows(tmp_path / "other", place)["source"]) == {"a", "b"}
    assert check(tmp_path / "other", place) == []


@share_first
def test_a_crash_after_it_is_published(
    place: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    add(here, place, "a")

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.store.catalogue.swap", cut_off)
        with pytest.raises(KeyboardInterrupt):
            add(here, place, "b")
    assert set(rows(tmp_path / "other", place)["source"]) == {"a", "b"}
    add(here, place, "c")  # takes up what is published
    assert set(rows(tmp_path / "other", place)["source"]) == {"a", "b", "c"}


@share_first
def test_damage_there_is_found(place: StoreSettings, tmp_path: Path) -> None:
    here = tmp_path / "here"
    add(here, place, "a")
    where = there(place, here)
    name = sorted(where.sizes())[0]
    raw = bytearray((here / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    with where._system.open_output_stream(where._of(name)) as stream:
        stream.write(bytes(raw))
    with pytest.raises(StoreError, match="isn't what the catalogue says"):
        rows(tmp_path / "other", place)
    assert any("changed" in p.message for p in check(here, place))  # its own copy was whole
    where.remove(name)
    with store.read(tmp_path / "other", place) as reader:
        assert reader.lost() == [name]


@share_first
def test_backup_of_a_store_elsewhere(
    place: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path / "here", place, "a")
    for name in ("url", "endpoint", "region"):
        monkeypatch.setenv(f"SELAT_STORE__{name.upper()}", getattr(place, name))
    with reporter(quiet=True) as report:  # by a machine that has read nothing yet
        backup(load(tmp_path / "reader"), tmp_path / "disk", report)
        restore(tmp_path / "disk", tmp_path / "new", report)
    pd.testing.assert_frame_equal(
        rows(tmp_path / "new" / "store", StoreSettings()), rows(tmp_path / "here", place)
    )
    assert check(tmp_path / "new" / "store") == []


def test_no_key_is_written_or_told(place: StoreSettings, tmp_path: Path) -> None:
    add(tmp_path / "here", place, "a")
    rows(tmp_path / "other", place)
    for path in (p for p in tmp_path.rglob("*") if p.is_file()):
        assert SECRET.encode() not in path.read_bytes()
        assert KEY.encode() not in path.read_bytes()
    gone = place.model_copy(update={"endpoint": "http://127.0.0.1:1"})
    if place.url.startswith("s3:"):
        with pytest.raises(StoreError, match="can't be used") as refused:
            rows(tmp_path / "third", gone)
        assert SECRET not in str(refused.value)
    for url in ("s3://key:word@bucket/x", "ftp://host/x", "relative/path"):
        with pytest.raises(StoreError, match=r"password|no place"):
            rows(tmp_path / "third", StoreSettings(url=url))


@pytest.mark.slow
@pytest.mark.usefixtures("without_briefs")
@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_the_whole_job_in_object_storage(
    small_feed: Path,
    tmp_path: Path,
    place: StoreSettings,
    monkeypatch: pytest.MonkeyPatch,
    selat: Callable[..., Any],
) -> None:
    for name in ("url", "endpoint", "region"):
        monkeypatch.setenv(f"SELAT_STORE__{name.upper()}", getattr(place, name))
    monkeypatch.setenv("SELAT_CONFIG", str(asking_only(tmp_path / "config", "gap")))
    home, other = tmp_path / "home", tmp_path / "other"
    for command in (["ingest", small_feed], ["detect"], ["store", "check"]):
        ran = selat(*command, "--home", home)
        assert ran.code == 0, ran.err
        assert SECRET not in ran.out + ran.err
    manifest = (home / "latest" / "manifest.json").read_text()
    assert SECRET not in manifest
    with store.read(other / "store", place) as reader:
        assert reader.last_run()["run_id"] == json.loads(manifest)["run_id"]
