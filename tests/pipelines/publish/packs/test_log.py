"""The log of exports shows every line that was changed, taken out or put in."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.publish.packs import log
from pipelines.publish.packs.keys import Keyring
from tests.pipelines.publish.packs.conftest import NOW

Spoil = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def path(keyring: Keyring, tmp_path: Path) -> Path:
    """A log of four lines, signed."""
    keyring.make(NOW, None)
    signer = keyring.signer(None)
    for recipient in ("mmea", "abf", "mmea", "boat"):
        log.append(tmp_path / "exports.jsonl", {"recipient": recipient}, keyring, signer)
    return tmp_path / "exports.jsonl"


def test_what_was_written_is_whole(path: Path, keyring: Keyring) -> None:
    checked = log.check(path, keyring)
    assert checked.problems == ()
    assert [entry["recipient"] for entry in checked.entries] == ["mmea", "abf", "mmea", "boat"]
    assert checked.head == checked.entries[-1]["hash"]


def test_no_log_is_an_empty_one(keyring: Keyring, tmp_path: Path) -> None:
    assert log.check(tmp_path / "none", keyring) == log.Checked((), (), log.START)


def _edited(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"abf"', b'"xyz"'), *lines[2:]]


def _rehashed(lines: list[bytes]) -> list[bytes]:
    """All lines from the second on made anew, as someone without the key can."""
    out, previous = [lines[0]], json.loads(lines[0])["hash"]
    for line in lines[1:]:
        entry = {**json.loads(line), "recipient": "xyz", "previous": previous}
        entry["hash"] = previous = log._digest(entry)
        out.append(json.dumps(entry, sort_keys=True).encode() + b"\n")
    return out


def _unsigned(lines: list[bytes]) -> list[bytes]:
    entries = [json.loads(line) for line in _rehashed(lines)]
    kept = [{k: v for k, v in e.items() if k not in {"key", "signature"}} for e in entries[1:]]
    return [lines[0], *(json.dumps(entry).encode() + b"\n" for entry in kept)]


@pytest.mark.parametrize(
    "spoil",
    [
        _edited,
        _rehashed,
        _unsigned,
        lambda lines: lines[1:],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines[:-1], lines[-1][:40]],
        lambda lines: [*lines[:2], b"not json\n", *lines[2:]],
        lambda lines: [*lines[:-1], lines[-1].rstrip(b"\n")],
    ],
)
def test_tampering_shows(path: Path, keyring: Keyring, spoil: Spoil) -> None:
    path.write_bytes(b"".join(spoil(path.read_bytes().splitlines(keepends=True))))
    assert log.check(path, keyring).problems


def test_nothing_is_added_to_a_log_that_ends_in_half_a_line(path: Path, keyring: Keyring) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(log.LogBrokenError, match="last line"):
        log.append(path, {"recipient": "mmea"}, keyring, keyring.signer(None))
    assert path.read_bytes() == whole[:-20]
