"""What `selat verify` says of packs, sound and spoilt."""

import hashlib
import json
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipelines.base.settings import Installation
from pipelines.publish.packs import build, contents, minisign
from pipelines.publish.packs.keys import KeyProblem, Keyring
from pipelines.publish.packs.manifest import PackError, safe_name
from pipelines.publish.packs.verify import EXIT_CODES, unpack, verify
from pipelines.run.packs import export_to
from tests.pipelines.publish.packs.conftest import NOW

Spoil = Callable[[Path], object]


@pytest.fixture
def keys(installation: Installation, tmp_path: Path) -> Keyring:
    """A copy of the keys that made the pack."""
    return Keyring(Path(shutil.copytree(installation.keys, tmp_path / "keys-of-the-maker")))


def test_folder_and_archive_are_intact(made: Path, keys: Keyring, fresh: pd.Timestamp) -> None:
    for path in (made, made.with_name(f"{made.name}.zip")):
        verdict = verify(path, keys, fresh)
        assert (verdict.state, verdict.problems) == ("intact", ())
        assert verdict.key == keys.entries()[0].name
        assert verdict.manifest.simulated


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign isn't installed")
def test_minisign_verifies_the_manifest(made: Path, keys: Keyring) -> None:
    public = keys.folder / f"{keys.entries()[0].name}.pub"
    command = ["minisign", "-V", "-p", str(public), "-m", str(made / "MANIFEST.json")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert made.name in ran.stdout


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _forged(pack: Path) -> None:
    """A file changed with its hash in the manifest, as someone without the key can."""
    (pack / "README.txt").write_text("all clear")
    manifest = json.loads((pack / "MANIFEST.json").read_text())
    for file in manifest["files"]:
        if file["path"] == "README.txt":
            file["bytes"] = 9
            file["sha256"] = hashlib.sha256(b"all clear").hexdigest()
    (pack / "MANIFEST.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pack: _flip(pack / "flagged.kmz"), "changed: flagged.kmz"),
        (lambda pack: (pack / "brief.html").unlink(), "missing: brief.html"),
        (lambda pack: (pack / "extra.exe").write_text("x"), "not in the manifest: extra.exe"),
        (lambda pack: (pack / "a b").write_text("x"), "not in the manifest: 'a b'"),
        (_forged, "isn't what the key"),
        (lambda pack: (pack / "MANIFEST.json.minisig").write_text("x"), "can't be read"),
    ],
)
def test_a_change_shows_in_folder_and_archive(
    pack: Path,
    keys: Keyring,
    fresh: pd.Timestamp,
    repacked: Callable[[Path], Path],
    spoil: Spoil,
    words: str,
) -> None:
    spoil(pack)
    for path in (pack, repacked(pack)):
        verdict = verify(path, keys, fresh)
        assert verdict.state == "changed"
        assert any(words in problem for problem in verdict.problems), verdict.problems


def test_what_a_program_left_beside_a_file_is_named(
    pack: Path, keys: Keyring, fresh: pd.Timestamp
) -> None:
    (pack / "flagged.kmz.aux.xml").write_text("<PAMDataset/>")
    verdict = verify(pack, keys, fresh)
    assert verdict.state == "changed"
    assert verdict.opened == ("flagged.kmz.aux.xml",)
    assert verify(pack, keys, fresh + pd.Timedelta(days=99)).opened == verdict.opened
    (pack / "other.aux.xml").write_text("of no file of the pack")
    assert verify(pack, keys, fresh).opened == ()
    (pack / "other.aux.xml").unlink()
    _flip(pack / "flagged.kmz")
    assert verify(pack, keys, fresh).opened == ()


def test_keys_that_are_not_trusted(
    made: Path, keys: Keyring, fresh: pd.Timestamp, tmp_path: Path
) -> None:
    stranger = Keyring(tmp_path / "stranger")
    assert verify(made, stranger, fresh).state == "unknown key"
    public = minisign.PublicKey.parse(keys.entries()[0].public)
    assert verify(made, stranger, fresh, [public]).state == "intact"
    stranger.trust(public.text, NOW, "the maker")
    assert verify(made, stranger, fresh).state == "intact"
    stranger.revoke(public.name, NOW, "stolen")
    verdict = verify(made, stranger, fresh)
    assert verdict.state == "revoked key"
    assert "stolen" in verdict.problems[0]


def test_a_retired_key_is_still_believed(made: Path, keys: Keyring, fresh: pd.Timestamp) -> None:
    keys.rotate(NOW, None)
    assert verify(made, keys, fresh).state == "intact"


def test_a_pack_goes_stale(made: Path, keys: Keyring, fresh: pd.Timestamp) -> None:
    verdict = verify(made, keys, fresh + pd.Timedelta(days=3))
    assert verdict.state == "stale"
    assert any("MYT" in one for one in verdict.problems)


def test_by_a_clock_that_is_behind_no_pack_is_fresh(
    made: Path, pack: Path, keys: Keyring, fresh: pd.Timestamp
) -> None:
    """A battery is empty, and it is years ago: each old pack would be tonight's."""
    verdict = verify(made, keys, fresh - pd.DateOffset(years=9))
    assert verdict.state == "age unknown"
    assert EXIT_CODES[verdict.state] == EXIT_CODES["stale"]
    assert "can't be told" in verdict.problems[-1]
    assert verify(made, keys, fresh - pd.Timedelta(days=1)).state == "intact"
    _flip(pack / "flagged.kmz")
    assert verify(pack, keys, fresh - pd.DateOffset(years=9)).state == "changed"
    assert "out of date" in verdict.problems[0]


def test_a_pack_without_signature_says_so(pack: Path, keys: Keyring, fresh: pd.Timestamp) -> None:
    (pack / "MANIFEST.json.minisig").unlink()
    assert verify(pack, keys, fresh).state == "not signed"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/x",
        "../x",
        "a/../b",
        "a//b",
        "C:x",
        "a\\b",
        "con.txt",
        "x.",
        ".x",
        "a b",
        "é",
        "a\nb",
        "x" * 300,
    ],
)
def test_a_name_that_leads_elsewhere_is_unsafe(name: str) -> None:
    with pytest.raises(ValueError, match="safe name"):
        safe_name(name)


def _zip(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_an_archive_that_climbs_writes_nothing(
    made: Path, keys: Keyring, fresh: pd.Timestamp, tmp_path: Path
) -> None:
    files = [(f.name, f.read_bytes()) for f in made.iterdir()]
    evil = _zip(tmp_path / "evil.zip", *files, ("../evil", b"x"), ("/abs", b"x"))
    before = sorted(tmp_path.rglob("*"))
    verdict = verify(evil, keys, fresh)
    assert verdict.state == "changed"
    assert "not in the manifest: '../evil'" in verdict.problems
    assert sorted(tmp_path.rglob("*")) == before
    unpack(evil, keys, tmp_path / "out", verdict)  # even then only what the manifest names
    assert not (tmp_path / "evil").exists()
    assert {f.name for f in (tmp_path / "out").iterdir()} == {name for name, _ in files}


def test_a_bomb_is_not_unpacked(
    keys: Keyring, fresh: pd.Timestamp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MAX_BYTES", 1 << 20)
    bomb = _zip(tmp_path / "bomb.zip", ("MANIFEST.json", b"{}"), ("zeros", bytes(2 << 20)))
    with pytest.raises(PackError, match="more than"):
        verify(bomb, keys, fresh)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"age-encryption.org/v1\nrubbish"])
def test_what_is_no_pack_is_said_to_be_none(
    keys: Keyring, fresh: pd.Timestamp, tmp_path: Path, content: bytes
) -> None:
    keys.make_opening(NOW)
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(PackError):
        verify(tmp_path / "x.zip", keys, fresh)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackError, match="isn't a pack"):
        verify(tmp_path / "empty", keys, fresh)


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes_and_replaces_a_pack_only_where_asked(
    installation: Installation, made: Path, pack: Path
) -> None:
    archive = made.with_name(f"{made.name}.zip")
    before = archive.read_bytes()
    with pytest.raises(Exception, match="exists already"):
        export_to(installation, "patrol-boat")
    (made / "README.txt").unlink()
    assert export_to(installation, "patrol-boat", replace=True).paths == (made, archive)
    assert {file.name for file in made.iterdir()} == {file.name for file in pack.iterdir()}
    for file in pack.iterdir():
        assert (made / file.name).read_bytes() == file.read_bytes(), file.name
    assert archive.read_bytes() == before


def test_no_key_no_signature(installation: Installation, tmp_path: Path) -> None:
    bare = Installation(tmp_path, installation.config, installation.settings)
    with pytest.raises(KeyProblem, match="no signing key"):
        export_to(bare, "mmea")


def test_an_encrypted_pack_opens_where_it_should(
    made: Path, keys: Keyring, fresh: pd.Timestamp, tmp_path: Path
) -> None:
    archive = made.with_name(f"{made.name}.zip")
    theirs = Keyring(tmp_path / "theirs")
    opening = theirs.make_opening(NOW)
    sealed = tmp_path / "pack.zip.age"
    sealed.write_bytes(build.sealed(archive.read_bytes(), [opening.public]))
    for file in made.iterdir():
        assert file.read_bytes()[:60] not in sealed.read_bytes()
    with pytest.raises(PackError, match="encrypted"):
        verify(sealed, keys, fresh)
    keys.make_opening(NOW)
    with pytest.raises(PackError, match="no key here opens it"):
        verify(sealed, keys, fresh)
    theirs.trust(keys.entries()[0].public, NOW, "the maker")
    verdict = verify(sealed, theirs, fresh)
    assert verdict.state == "intact"
    unpack(sealed, theirs, tmp_path / "out", verdict)
    assert (tmp_path / "out" / "brief.html").read_bytes() == (made / "brief.html").read_bytes()
    assert stat.S_ISREG((tmp_path / "out" / "MANIFEST.json").stat().st_mode)


@pytest.mark.parametrize("damage", ["no name", "a directory that points before the file"])
def test_a_broken_archive_is_refused_with_a_message(
    tmp_path: Path, keyring: Keyring, fresh: pd.Timestamp, damage: str
) -> None:
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("p/MANIFEST.json", "{}")
        archive.writestr("p/x", "y")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    if damage == "no name":
        raw = raw.replace(b"p/x", b"\0/x")  # zipfile cuts a name off at a NUL
    else:
        del raw[at - 4 : at]
    path.write_bytes(raw)
    with pytest.raises(PackError):
        verify(path, keyring, fresh)
