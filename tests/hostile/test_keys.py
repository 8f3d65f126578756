"""Keys while several change their list, when files aren't keys, and when one is swapped."""

import base64
import json
import multiprocessing
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from detectors.core.errors import ConfigError
from pipelines.publish.packs.keys import AGE, KeyProblem, Keyring
from pipelines.publish.packs.minisign import PublicKey
from pipelines.publish.packs.verify import verify
from pipelines.web import tls
from tests.hostile import packing

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


def test_a_key_under_the_id_of_another_is_not_trusted(tmp_path: Path) -> None:
    """The id is what an owner reads out on the telephone, and whoever swaps a key may write any."""
    maker, thief, ours = (Keyring(tmp_path / name) for name in ("maker", "thief", "ours"))
    public = PublicKey.parse(maker.make(NOW, None).public)
    stolen = PublicKey(public.key_id, PublicKey.parse(thief.make(NOW, None).public).raw)
    assert stolen.name == public.name
    with pytest.raises(KeyProblem, match="isn't that of the key"):
        ours.trust(stolen.text, NOW, "the maker")
    assert ours.trust(public.text, NOW, "the maker").name == public.name

    # As an older version has trusted it, or as `selat verify --key` gives it.
    forged = packing.fill(tmp_path / "forged", thief)
    signature = (forged / "MANIFEST.json.minisig").read_text()
    ids = thief.active().name, public.name
    (forged / "MANIFEST.json.minisig").write_text(_renamed(signature, *ids))
    assert verify(forged, Keyring(tmp_path / "none"), packing.NOW, [stolen]).state == "unknown key"
    index = ours.folder / "keys.json"
    index.write_text(index.read_text().replace(public.text.split()[-1], stolen.text.split()[-1]))
    assert verify(forged, ours, packing.NOW).state == "unknown key"


def _renamed(signature: str, old: str, new: str) -> str:
    """A signature with the id of another key, which the signature doesn't cover."""
    first, coded, *rest = signature.splitlines()
    content = base64.b64decode(coded)
    content = content[:2] + bytes.fromhex(new)[::-1] + content[10:]
    return "\n".join([first.replace(old, new), base64.b64encode(content).decode(), *rest]) + "\n"


def _pem(private: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey, *locked: bytes) -> bytes:
    lock = BestAvailableEncryption(locked[0]) if locked else NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def _put(content: bytes) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        path.write_bytes(content)
        path.chmod(0o600)

    return put


SPOILED: Final[dict[str, Callable[[Path], None]]] = {
    "empty": _put(b""),
    "no key": _put(b"\xff\x00"),
    "cut off": _put(_pem(ed25519.Ed25519PrivateKey.generate())[:60]),
    "another one": _put(_pem(ed25519.Ed25519PrivateKey.generate())),
    "of another kind": _put(_pem(ed448.Ed448PrivateKey.generate())),
    "locked another way": _put(_pem(ed25519.Ed25519PrivateKey.generate(), b"x")),
    "age, and nothing": _put(AGE[0]),
    "a pipe": lambda path: os.mkfifo(path, 0o600),
    "a folder": lambda path: path.mkdir(0o700),
    "without end": lambda path: path.symlink_to("/dev/zero"),
    "itself": lambda path: path.symlink_to(path),
    "large": _put(b"x" * (1 << 20)),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_file_that_is_not_the_key_is_told_and_never_waited_for(tmp_path: Path, name: str) -> None:
    ring = Keyring(tmp_path / "keys")
    key, opening = ring.make(NOW, None), ring.make_opening(NOW)
    files = (ring.folder / f"{key.name}.key", ring.folder / f"{opening.name}.txt")
    for path in files:
        path.unlink()
        SPOILED[name](path)
    with pytest.raises(KeyProblem):
        ring.signer("passphrase")
    if name != "itself":  # which is no more there than one that is gone
        with pytest.raises(KeyProblem):
            ring.identities()


@pytest.mark.parametrize("name", ["a pipe", "a folder", "itself"])
def test_what_stands_in_the_place_of_the_list_or_of_its_lock(tmp_path: Path, name: str) -> None:
    ring = Keyring(tmp_path / "keys")
    ring.make(NOW, None)
    for file in ("lock", "keys.json"):
        kept = (ring.folder / file).read_bytes()
        (ring.folder / file).unlink()
        SPOILED[name](ring.folder / file)
        if (file, name) == ("lock", "a pipe"):
            ring.rotate(NOW, None)
        else:
            with pytest.raises(KeyProblem):
                ring.rotate(NOW, None)
        (ring.folder / file).rmdir() if name == "a folder" else (ring.folder / file).unlink()
        (ring.folder / file).write_bytes(kept)


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("name", ["a pipe", "a folder", "without end", "itself", "empty"])
def test_the_desk_does_not_wait_for_its_certificate(tmp_path: Path, name: str, at: int) -> None:
    files = tls.self_signed(tmp_path, ("localhost",))
    assert isinstance(tls.context(*files), ssl.SSLContext)
    files[at].unlink()
    SPOILED[name](files[at])
    with pytest.raises(ConfigError):
        tls.context(*files)
