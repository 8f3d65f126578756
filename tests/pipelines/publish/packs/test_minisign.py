"""Signatures, held against the program `minisign` where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publish.packs.minisign import PublicKey, Signature, SignatureError, sign, verifies

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PublicKey.of(PRIVATE)
needs_minisign = pytest.mark.skipif(
    shutil.which("minisign") is None, reason="the program minisign isn't installed"
)


@given(st.binary(max_size=200), st.text(st.characters(codec="ascii", categories=("L", "N"))))
def test_what_is_signed_verifies_and_nothing_else(content: bytes, comment: str) -> None:
    signature = Signature.parse(sign(PRIVATE, content, comment))
    assert verifies(PUBLIC, content, signature)
    assert not verifies(PUBLIC, content + b"x", signature)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert not verifies(PublicKey.of(other), content, signature)


def test_the_trusted_comment_is_signed() -> None:
    text = sign(PRIVATE, b"content", "pack:a")
    assert verifies(PUBLIC, b"content", Signature.parse(text))
    forged = Signature.parse(text.replace("pack:a", "pack:b"))
    assert not verifies(PUBLIC, b"content", forged)


def test_a_comment_of_two_lines_is_refused() -> None:
    with pytest.raises(SignatureError):
        sign(PRIVATE, b"content", "one\ntwo")


@pytest.mark.parametrize("text", ["", "untrusted comment: x\nAAAA\n", "a\nb\nc\nd\n", "RW é"])
def test_what_is_neither_key_nor_signature_is_refused(text: str) -> None:
    with pytest.raises(SignatureError):
        PublicKey.parse(text)
    with pytest.raises(SignatureError):
        Signature.parse(text)


def test_a_key_is_read_from_its_file_or_its_line() -> None:
    assert PublicKey.parse(PUBLIC.text) == PUBLIC
    assert PublicKey.parse(PUBLIC.text.splitlines()[1]) == PUBLIC


def minisign(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["minisign", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@needs_minisign
def test_minisign_verifies_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "file.minisig").write_text(sign(PRIVATE, b"content", "pack:a"))
    (tmp_path / "key.pub").write_text(PUBLIC.text)
    ran = minisign("-V", "-p", "key.pub", "-m", "file", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "pack:a" in ran.stdout
    (tmp_path / "file").write_bytes(b"other")
    assert minisign("-V", "-p", "key.pub", "-m", "file", cwd=tmp_path).returncode != 0


@needs_minisign
@pytest.mark.parametrize("legacy", [(), ("-l",)])
def test_we_verify_minisigns(tmp_path: Path, legacy: tuple[str, ...]) -> None:
    (tmp_path / "file").write_bytes(b"content")
    made = minisign("-G", "-W", "-p", "key.pub", "-s", "key", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    signed = minisign("-S", *legacy, "-s", "key", "-m", "file", "-t", "hello", cwd=tmp_path)
    assert signed.returncode == 0, signed.stderr
    public = PublicKey.parse((tmp_path / "key.pub").read_text())
    assert public.name in (tmp_path / "key.pub").read_text()
    signature = Signature.parse((tmp_path / "file.minisig").read_text())
    assert signature.trusted_comment == "hello"
    assert verifies(public, b"content", signature)
    assert not verifies(public, b"other", signature)
