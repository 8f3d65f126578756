"""HOME/exports.jsonl: who got what, when, from which run; each line chained to the one before.

A line is a JSON object with sorted keys. `hash` is the SHA-256 of the line without it; `previous`
is the `hash` of the line before, so that no line can be changed, removed from the middle or put in
between without all later ones showing it. `signature` is the signing key's over that hash: without
the key a whole new chain can't be made either. What a chain can't show is that its newest lines
were cut off; note the last hash elsewhere and ask for it (`selat exports --expect HASH`).
"""

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from detectors.core.errors import SelatError
from pipelines.packs.keys import Keyring

START: Final = "0" * 64


class LogBrokenError(SelatError):
    """The log of exports isn't what was written."""

    exit_code = 9


@dataclass(frozen=True)
class Checked:
    """The log as read.

    Attributes
    ----------
    entries
        Its lines, oldest first, as far as they can be read.
    problems
        What doesn't fit, a sentence each.
    head
        Hash of the newest line, `START` where there is none.
    """

    entries: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]
    head: str


def append(path: Path, entry: Mapping[str, Any], key: tuple[str, Ed25519PrivateKey] | None) -> str:
    """Add a line, on the disk before this returns; give its hash.

    Parameters
    ----------
    key
        Name and private half of the signing key, None where nothing is signed.

    Raises
    ------
    LogBrokenError
        If the last line was cut off or can't be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.read().splitlines(keepends=True)
        number, previous = 1, START
        if lines:
            number, previous = len(lines) + 1, _hash_in(lines[-1], path)
        content = {**entry, "number": number, "previous": previous}
        digest = _digest(content)
        if key is not None:
            signature = base64.b64encode(key[1].sign(digest.encode())).decode()
            content |= {"key": key[0], "signature": signature}
        line = json.dumps({**content, "hash": digest}, sort_keys=True) + "\n"
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())
    return digest


def check(path: Path, keyring: Keyring) -> Checked:
    """Read the log and see whether every line is what was written."""
    if not path.exists():
        return Checked((), (), START)
    public = {key.name: keyring.public(key) for key in keyring.entries() if key.kind == "signing"}
    entries: list[Mapping[str, Any]] = []
    problems: list[str] = []
    previous, signed_before = START, False
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        try:
            entry = json.loads(line)
            digest = str(entry["hash"])
            follows = entry["number"] == number and entry["previous"] == previous
        except (ValueError, KeyError, TypeError):
            problems.append(f"line {number} can't be read")
            previous = ""
            continue
        if not line.endswith(b"\n"):
            problems.append(f"line {number} was cut off")
        if not follows:
            problems.append(f"line {number} doesn't follow the one before: one is gone, or added")
        if _digest(entry) != digest:
            problems.append(f"line {number} was changed")
        name = entry.get("key")
        if name is None:
            if signed_before:
                problems.append(f"line {number} isn't signed, though earlier ones are")
        elif name not in public:
            problems.append(f"line {number} is signed by a key that isn't known, {name}")
        elif not _signed(entry, public[name].raw):
            problems.append(f"line {number} isn't what the key {name} signed")
        signed_before |= name is not None
        previous = digest
        entries.append(entry)
    return Checked(tuple(entries), tuple(problems), previous)


def _digest(entry: Mapping[str, Any]) -> str:
    unsigned = {k: v for k, v in entry.items() if k not in {"hash", "key", "signature"}}
    return hashlib.sha256(json.dumps(unsigned, sort_keys=True).encode()).hexdigest()


def _hash_in(line: bytes, path: Path) -> str:
    try:
        if not line.endswith(b"\n"):
            raise ValueError("cut off")
        return str(json.loads(line)["hash"])
    except (ValueError, KeyError, TypeError) as error:
        raise LogBrokenError(
            f"the last line of {path} can't be read: nothing is exported until it is mended",
            hint="keep a copy of the file, look at its end, and remove a line that was cut off",
        ) from error


def _signed(entry: Mapping[str, Any], raw: bytes) -> bool:
    try:
        signature = base64.b64decode(str(entry["signature"]), validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, str(entry["hash"]).encode())
    except (InvalidSignature, ValueError, KeyError):
        return False
    return True
