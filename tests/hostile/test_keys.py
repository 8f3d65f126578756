"""The list of keys while several change it, and when it isn't one."""

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.publish.packs.keys import KeyProblem, Keyring

# Nothing of what threads of this process may hold is used after the fork.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
NOW = datetime(2026, 1, 6, 5, tzinfo=UTC)
EACH = 12


def _make(folder: Path, number: int) -> None:
    ring = Keyring(folder)
    for n in range(EACH):
        ring.make_opening(NOW, f"{number}/{n}")


def _trust(folder: Path, number: int) -> None:
    for n in range(EACH):
        theirs = Keyring(folder.parent / f"{number}-{n}").make(NOW, None)
        Keyring(folder).trust(theirs.public, NOW, f"{number}/{n}")


def _rotate(folder: Path, number: int) -> None:
    for _ in range(EACH):
        Keyring(folder).rotate(NOW, None)


def _at_once(folder: Path, *work: Callable[[Path, int], None]) -> None:
    context = multiprocessing.get_context("fork")
    running = [
        context.Process(target=one, args=(folder, number)) for number, one in enumerate(work)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0] * len(work)


def test_two_who_change_the_keys_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = Keyring(folder).make(NOW, None)
    _at_once(folder, _make, _make, _trust, _rotate)
    keys = Keyring(folder).entries()
    assert len({key.name for key in keys}) == len(keys) == 1 + 4 * EACH
    opening = [key for key in keys if key.kind == "opening"]
    assert len(opening) == 2 * EACH
    for key in opening:
        assert f"# public key: {key.public}\n" in (folder / f"{key.name}.txt").read_text()
    signing = [key for key in keys if key.kind == "signing"]
    assert len(signing) == 1 + EACH
    assert [key.state for key in signing].count("active") == 1
    assert first.name in {key.name for key in signing}
    assert len(Keyring(folder).identities()) == 2 * EACH


def test_of_two_who_make_the_signing_key_one_is_told(tmp_path: Path) -> None:
    def make(folder: Path, number: int) -> None:
        try:
            Keyring(folder).make(NOW, None)
        except KeyProblem as problem:
            (folder / f"told-{number}").write_text(problem.message)

    _at_once(tmp_path / "keys", make, make, make)
    assert len(Keyring(tmp_path / "keys").entries()) == 1
    assert len(list((tmp_path / "keys").glob("told-*"))) == 2


def test_readers_see_whole_lists_only(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys")
    ring.make(NOW, None)
    context = multiprocessing.get_context("fork")
    writer = context.Process(target=_make, args=(ring.folder, 0))
    writer.start()
    seen = [len(ring.entries())]
    while writer.is_alive():
        seen.append(len(ring.entries()))
    writer.join(60)
    assert seen == sorted(seen)
    assert len(ring.entries()) == 1 + EACH


def test_a_key_that_was_never_listed_is_not_written_over(tmp_path: Path) -> None:
    """As a crash leaves it, between the key and the list."""
    ring = Keyring(tmp_path / "keys")
    ring.make_opening(NOW)
    (ring.folder / "opening-2.txt").write_text("of a crash")
    assert ring.make_opening(NOW).name == "opening-3"
    assert (ring.folder / "opening-2.txt").read_text() == "of a crash"


@pytest.mark.parametrize("listed", [False, True])
def test_a_key_that_was_killed_while_it_was_made_is_listed_or_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    ring = Keyring(tmp_path / "keys")
    first = ring.make(NOW, None)
    with monkeypatch.context() as killed:
        killed.setattr(ring, "_finish" if listed else "_save", lambda *_: 1 / 0)
        for make in (lambda: ring.rotate(NOW, None), lambda: ring.make_opening(NOW)):
            with pytest.raises(ZeroDivisionError):
                make()
    own = ring.signer(None)[0]
    assert (own.name == first.name) is not listed
    ring.make_opening(NOW)
    names = {key.name for key in ring.entries()}
    assert {path.stem for path in ring.folder.glob("*.*") if path.suffix != ".json"} == names
    assert len(ring.identities()) == sum(key.kind == "opening" for key in ring.entries())


def test_a_crash_while_the_list_is_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Keyring(tmp_path / "keys")
    ring.make(NOW, None)
    before = ring.entries()
    monkeypatch.setattr("os.fsync", lambda _: 1 / 0)
    for change in (lambda: ring.rotate(NOW, None), lambda: ring.revoke(before[0].name, NOW, "x")):
        with pytest.raises(ZeroDivisionError):
            change()
        assert ring.entries() == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"null",
        b"7",
        b"[7]",
        b"[[]]",
        b'["x"]',
        b"\xff\xfe",
        b"[" * 100_000,
        b'[{"name": "x"}]',
        json.dumps([{"name": 1, "kind": "signing", "state": "active", "public": "", "made": ""}]),
        json.dumps([{"name": "x", "kind": "spy", "state": "active", "public": "", "made": ""}]),
        json.dumps([{"name": "x", "kind": "signing", "state": "?", "public": "", "made": ""}]),
        json.dumps(
            [
                {
                    "name": "x",
                    "kind": "signing",
                    "state": "active",
                    "public": "",
                    "made": "",
                    "more": 1,
                }
            ]
        ),
    ],
)
def test_a_list_that_is_none_is_told(tmp_path: Path, content: bytes | str) -> None:
    ring = Keyring(tmp_path / "keys")
    ring.folder.mkdir()
    (ring.folder / "keys.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    for use in (ring.entries, lambda: ring.make(NOW, None), lambda: ring.revoke("x", NOW, "y")):
        with pytest.raises(KeyProblem, match="can't be read"):
            use()
