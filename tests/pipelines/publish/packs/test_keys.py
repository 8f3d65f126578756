"""Keys: made, rotated, revoked, locked, and open to nobody else."""

import os

import pyrage
import pytest

from pipelines.publish.packs.keys import AGE, KeyProblem, Keyring
from pipelines.publish.packs.minisign import PublicKey
from tests.pipelines.publish.packs.conftest import NOW


def test_a_private_key_is_for_its_owner_only(keyring: Keyring) -> None:
    key = keyring.make(NOW, None)
    opening = keyring.make_opening(NOW)
    for name in (f"{key.name}.key", f"{opening.name}.txt"):
        assert (keyring.folder / name).stat().st_mode & 0o777 == 0o600
    assert keyring.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_private_key_that_others_may_read_is_not_used(keyring: Keyring) -> None:
    key = keyring.make(NOW, None)
    (keyring.folder / f"{key.name}.key").chmod(0o640)
    with pytest.raises(KeyProblem, match="others may read"):
        keyring.signer(None)


def test_there_is_one_signing_key_at_a_time(keyring: Keyring) -> None:
    with pytest.raises(KeyProblem, match="no signing key"):
        keyring.signer(None)
    first = keyring.make(NOW, None, "Lumut")
    with pytest.raises(KeyProblem, match="there is a signing key"):
        keyring.make(NOW, None)
    second = keyring.rotate(NOW, None)
    assert keyring.signer(None)[0] == second
    assert second.title == "Lumut"
    assert {k.name: k.state for k in keyring.entries()} == {
        first.name: "retired",
        second.name: "active",
    }
    gone = keyring.revoke(second.name[:4].lower(), NOW, "stolen")
    assert (gone.state, gone.reason) == ("revoked", "stolen")
    assert keyring.active() is None
    with pytest.raises(KeyProblem, match="revoked already"):
        keyring.revoke(second.name, NOW, "again")


@pytest.mark.slow
def test_a_locked_key_opens_with_its_passphrase_only(keyring: Keyring) -> None:
    key = keyring.make(NOW, "correct horse")
    assert keyring.locked()
    assert b"PRIVATE KEY" not in (keyring.folder / f"{key.name}.key").read_bytes()
    for wrong in (None, "", "battery"):
        with pytest.raises(KeyProblem, match="passphrase"):
            keyring.signer(wrong)
    assert PublicKey.of(keyring.signer("correct horse")[1]).name == key.name


@pytest.mark.parametrize(("n_busy", "opens"), [(3, True), (1000, False)])
def test_a_busy_machine_is_no_wrong_passphrase(keyring: Keyring, monkeypatch, n_busy, opens):
    name = keyring.make(NOW, None).name
    path = keyring.folder / f"{name}.key"
    private = path.read_bytes()
    path.write_bytes(AGE[0])
    left = iter(range(n_busy))

    def decrypt(content: bytes, passphrase: str) -> bytes:
        if next(left, None) is None:
            return private
        raise pyrage.DecryptError("Excessive work parameter for passphrase.")

    monkeypatch.setattr(pyrage.passphrase, "decrypt", decrypt)
    if opens:
        assert keyring.signer("right")[0].name == name
    else:
        with pytest.raises(KeyProblem, match="too busy"):
            keyring.signer("right")


def test_a_trusted_key_is_known_once(keyring: Keyring, tmp_path) -> None:
    partner = Keyring(tmp_path / "partner").make(NOW, None)
    key = keyring.trust(partner.public, NOW, "Darwin")
    assert (key.kind, key.state, key.name) == ("trusted", "active", partner.name)
    with pytest.raises(KeyProblem, match="known already"):
        keyring.trust(partner.public, NOW, "Darwin")


def test_a_name_that_fits_none_or_several_is_refused(keyring: Keyring) -> None:
    keyring.make_opening(NOW)
    keyring.make_opening(NOW)
    for name in ("opening", "nothing"):
        with pytest.raises(KeyProblem, match="begin"):
            keyring.find(name)


@pytest.mark.usefixtures("quick_locks")
@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        ("correct horse", (), True),
        ("correct horse", ("--no-passphrase",), False),
        (None, (), False),
        (None, ("--passphrase",), True),
    ],
)
def test_the_next_key_of_a_locked_one_is_locked(
    selat, tmp_path, monkeypatch, before, options, after
):
    keyring = Keyring(tmp_path / "keys")
    keyring.make(NOW, before)
    monkeypatch.setenv("SELAT_KEY_PASSPHRASE", "battery staple")
    assert selat("keys", "rotate", *options, "--home", tmp_path).code == 0
    assert keyring.locked() is after
