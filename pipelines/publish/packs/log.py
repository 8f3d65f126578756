"""HOME/exports.jsonl: who got what, when, from which run; each line chained to the one before.

A line is a JSON object with sorted keys. `hash` is the SHA-256 of the line without it; `previous`
is the `hash` of the line before, so that no line can be changed, removed from the middle or put in
between without all later ones showing it. `signature` is the signing key's over that hash: without
the key a whole new chain can't be made either. Once there has been a key every line is signed.

A chain doesn't show that its newest lines were cut off. Therefore number and hash of the newest
line are kept in a record beside the key (see `record`), signed too. The line is on the
disk before its record is: a log that ends one line behind its record has been cut, one that is a
line ahead of it is what a crash between the two leaves. What goes on after a cut goes on from the
record, so that the gap shows for ever.

What is left to somebody who may write all of HOME, and can't use the key: putting back an older
log together with its older record, as taking back a backup does. A hash noted elsewhere shows that
too (`selat exports --expect HASH`).
"""

import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, Final

from detectors.core.errors import SelatError
from pipelines.publish.packs import record
from pipelines.publish.packs.keys import Key, KeyProblem, Keyring, Signer
from pipelines.publish.packs.record import Record, RecordError

START: Final = "0" * 64
_NONE_YET: Final = "none yet"
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class LogBrokenError(SelatError):
    """The log of exports isn't what was written."""

    exit_code = 9


@dataclass(frozen=True)
class Checked:
    """The log as read."""

    entries: tuple[Mapping[str, Any], ...]
    """Its lines, oldest first, as far as they can be read."""
    problems: tuple[str, ...]
    """What doesn't fit, a sentence each."""
    head: str
    """Hash of the newest line, `START` where there is none."""
    notes: tuple[str, ...] = ()
    """What can't be known, a sentence each."""
    sound: tuple[Mapping[str, Any], ...] = ()
    """Those of its lines that are what was written: signed, wherever there has been a key."""


@contextmanager
def still(path: Path) -> Iterator[None]:
    """Keep the log as it is for the length of a with block, so that it fits its record."""
    if not path.exists():
        yield
        return
    _see_file(path)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _see_file(path: Path) -> None:
    """Raise LogBrokenError if it is a pipe, which is waited for, or a device, which has no end."""
    if not path.is_file():
        raise LogBrokenError(f"{path} isn't a file", hint="look who put it there, and remove it")


def append(path: Path, entry: Mapping[str, Any], keyring: Keyring, signer: Signer | None) -> str:
    """Add a line, on the disk before this returns, and record that it is the newest.

    `signer`: the signing key, unlocked; None where there has never been one.

    Returns the line's hash.

    Raises
    ------
    KeyProblem
        If there is, or was, a signing key and the line isn't signed, or the key signs no more.
    LogBrokenError
        If the last line was cut off or can't be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        _see_file(path)
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        keys = keyring.signing()
        _see_signer(keys, signer)
        file.seek(0)
        lines = file.read().splitlines(keepends=True)
        last = _last(lines[-1], path) if lines else None
        number, previous, why = _after(last, keyring, keys)
        content = {**entry, "number": number, "previous": previous}
        if why:
            content["record"] = why
        digest = _digest(content)
        if signer is not None:
            signature = record.sign(signer[1], digest)
            content |= {"key": signer[0].name, "signature": signature}
        _write_whole(file, _line({**content, "hash": digest}))
        if signer is not None:
            record.write(keyring, signer, number, digest)
    return digest


def _write_whole(file: FileIO, line: bytes) -> None:
    """Write a line at the end of a file, on the disk before this returns, or nothing of it.

    Half a line, which a disk that is full leaves, would keep every later pack from going out.
    """
    end = file.seek(0, os.SEEK_END)
    try:
        if file.write(line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)
        os.fsync(file.fileno())
    except BaseException:
        file.truncate(end)
        raise


def _see_signer(keys: Mapping[str, Key], signer: Signer | None) -> None:
    if signer is None:
        if keys:
            raise KeyProblem(
                "the log of exports is signed once there is a key, whether packs are or not",
                hint="unlock the key, or make one: selat keys make",
            )
        return
    now = keys.get(signer[0].name)
    if now is None or now.state != "active":
        raise KeyProblem(
            f"the key {signer[0].name} was {now.state if now else 'taken away'} meanwhile",
            hint="selat keys list",
        )


def _after(last: "_Line | None", keyring: Keyring, keys: Mapping[str, Key]) -> tuple[int, str, str]:
    """Return number and previous hash of the next line, and what to say of the record in it."""
    follows = (last.number + 1, last.hash) if last else (1, START)
    if not keys:
        return *follows, ""
    try:
        known = record.read(keyring)
    except RecordError as error:
        return *follows, error.message
    if known is None:
        if _had_record(keys) or (last is not None and "record" in last.content):
            return *follows, "gone"
        return *follows, _NONE_YET if last is not None else ""
    if last is not None and (known.fits(last.number, last.hash) or _is_ahead(last, known, keys)):
        return *follows, ""
    return known.number + 1, known.hash, ""  # lines were cut off, or put in their place


def _had_record(keys: Mapping[str, Key]) -> bool:
    return any(key.recorded for key in keys.values())


def _is_ahead(last: "_Line", known: Record, keys: Mapping[str, Key]) -> bool:
    """Tell whether the newest line is the one after the record's: what a crash leaves."""
    key = keys.get(last.key)
    return (
        (last.number, last.previous) == (known.number + 1, known.hash)
        and key is not None
        and record.signed(key, last.hash, last.signature)
    )


@dataclass(frozen=True)
class _Line:
    """A line as read."""

    content: Mapping[str, Any]
    number: int
    previous: str
    hash: str
    key: str
    signature: str
    time: str

    @classmethod
    def parse(cls, raw: bytes) -> "_Line":
        """Read a line; raises ValueError if it is none."""
        try:
            content = json.loads(raw)
        except RecursionError as error:
            raise ValueError("too deep") from error
        if not isinstance(content, dict):
            raise ValueError("not an object")
        previous, digest = content.get("previous"), content.get("hash")
        key, signature = content.get("key", ""), content.get("signature", "")
        number, time = content.get("number"), content.get("time")
        texts = (previous, digest, key, signature)
        if type(number) is not int or not all(isinstance(text, str) for text in texts):
            raise ValueError("of other types")
        _see_told(content)
        good = isinstance(time, str) and _TIME.fullmatch(time)
        return cls(
            content, number, str(previous), str(digest), key, signature, str(time) if good else ""
        )

    @property
    def is_signed(self) -> bool:
        """Tell whether it names a key or has a signature."""
        return "key" in self.content or "signature" in self.content


def _see_told(content: Mapping[str, Any]) -> None:
    """Raise ValueError if what a correction is said to have told isn't of leads and places.

    Whoever may write the log in a home of several wrote that, and no version of ours.
    """
    for name in ("pack", "corrects", "recipient"):
        if not isinstance(content.get(name, ""), str):
            raise ValueError(f"{name} is no text")
    told, to = content.get("corrected") or {}, content.get("moved_to") or {}
    stood = content.get("stood") or []
    if not (isinstance(told, dict) and isinstance(to, dict) and isinstance(stood, list)):
        raise ValueError("not told by lead")
    if not all(isinstance(one, str) for one in (*told.values(), *stood)):
        raise ValueError("told in no words")
    for place in to.values():
        pair = isinstance(place, list) and len(place) == 2
        if not (pair and all(type(one) in (int, float) and abs(one) <= 180 for one in place)):
            raise ValueError("moved to no place")


def check(path: Path, keyring: Keyring) -> Checked:
    """Read the log and see whether every line is what was written, and none is gone."""
    known, problem = None, ""
    with still(path):
        try:
            known = record.read(keyring)
        except RecordError as error:
            problem = error.message
        raw = path.read_bytes() if path.exists() else b""
    keys = keyring.signing()
    found = _Found(keys)
    for place, line in enumerate(raw.splitlines(keepends=True), 1):
        found.see(place, line)
    found.tell_of_unknown_keys()
    if problem:
        found.problems.append(problem)
    else:
        found.compare(known)
    last = found.lines[-1].hash if found.lines and not found.lost else START
    entries = tuple(line.content for line in found.lines)
    sound = tuple(line.content for line in found.sound)
    return Checked(entries, tuple(found.problems), last, tuple(found.notes), sound)


@dataclass
class _Found:
    """What was found so far."""

    keys: Mapping[str, Key]
    lines: list[_Line] = field(default_factory=list)
    sound: list[_Line] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unknown: dict[str, list[int]] = field(default_factory=dict)
    lost: bool = False
    signed: bool = False
    latest: str = ""

    def see(self, place: int, raw: bytes) -> None:
        try:
            line = _Line.parse(raw)
        except ValueError:
            self.problems.append(f"line {place} can't be read")
            self.lost = True
            return
        before = self.lines[-1] if self.lines else None
        expected = (before.number + 1, before.hash) if before else (1, START)
        if self.lost or (line.number, line.previous) != expected:
            why = f"line {place} doesn't follow the one before: one is gone, or added"
            self.problems.append(why)
        told = len(self.problems)
        if not raw.endswith(b"\n"):
            self.problems.append(f"line {place} was cut off")
        elif raw != _line(line.content) or _digest(line.content) != line.hash:
            self.problems.append(f"line {place} was changed")
        self.lost = False
        self.latest = max(self.latest, line.time)
        if line.is_signed:
            self.signed = True
            self._see_signature(place, line)
        else:
            self._see_unsigned(place, line)
        if len(self.problems) == told and line.key not in self.unknown:
            self.sound.append(line)
        if (said := line.content.get("record")) is not None:
            self._see_record(place, said)
        self.lines.append(line)

    def _see_signature(self, place: int, line: _Line) -> None:
        key = self.keys.get(line.key)
        if key is None:
            self.unknown.setdefault(line.key, []).append(place)
        elif not record.signed(key, line.hash, line.signature):
            self.problems.append(f"line {place} isn't what the key {key.name} signed")
        elif key.had_ended(line.number, self.latest if line.time else ""):
            self.problems.append(
                f"line {place} is signed by the key {key.name}, which was revoked before"
            )

    def _see_unsigned(self, place: int, line: _Line) -> None:
        first = min((key.made for key in self.keys.values()), default="")
        if self.signed:
            self.problems.append(f"line {place} isn't signed, though earlier ones are")
        elif first and (not line.time or self.latest >= first):
            self.problems.append(f"line {place} isn't signed, though there was a key by then")

    def _see_record(self, place: int, why: Any) -> None:
        if why == _NONE_YET:
            self.notes.append(f"the record of the newest line begins with line {place}")
        else:
            self.problems.append(
                f"line {place} was written without the record of the line before it ({why}): "
                "lines may have been cut off there"
            )

    def tell_of_unknown_keys(self) -> None:
        """Say which lines can't be checked for want of a key."""
        for name, places in self.unknown.items():
            lines = (
                f"lines {places[0]} to {places[-1]} are" if places[1:] else f"line {places[0]} is"
            )
            self.problems.append(
                f"{lines} signed by a key that isn't known here, {name}: without HOME/keys "
                "nobody can tell whether they are what was written"
            )

    def compare(self, known: Record | None) -> None:
        """Compare the newest line with the record beside the key."""
        last = self.lines[-1] if self.lines else None
        if known is None:
            if _had_record(self.keys) or any("record" in line.content for line in self.lines):
                self.problems.append(
                    "the record of the newest line is gone from HOME/keys: lines may have been "
                    "cut off"
                )
            elif self.keys and last is not None:
                self.notes.append(
                    "there is no record of the newest line yet, so lines that were cut off "
                    "wouldn't show; the next export makes one"
                )
        elif last is None or last.number < known.number:
            self.problems.append(
                f"lines were cut off: line {known.number} was written (hash {known.hash}), "
                f"and the log ends {f'with line {last.number}' if last else 'before its first'}"
            )
        elif _is_ahead(last, known, self.keys):
            self.notes.append("the newest line isn't in the record yet: an export was interrupted")
        elif not known.fits(last.number, last.hash):
            self.problems.append(
                f"the newest line that was recorded is number {known.number} (hash {known.hash}), "
                f"and the log ends with another, number {last.number}"
            )
        if known is not None and self.keys[known.key].state == "revoked":
            self.notes.append(
                f"the newest record is by the key {known.key}, revoked since: whoever has that key "
                "could have made it, and lines dated before"
            )


def _line(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, sort_keys=True) + "\n").encode()


def _digest(entry: Mapping[str, Any]) -> str:
    unsigned = {k: v for k, v in entry.items() if k not in {"hash", "key", "signature"}}
    return hashlib.sha256(json.dumps(unsigned, sort_keys=True).encode()).hexdigest()


def _last(raw: bytes, path: Path) -> _Line:
    try:
        if not raw.endswith(b"\n"):
            raise ValueError("cut off")
        return _Line.parse(raw)
    except ValueError as error:
        raise LogBrokenError(
            f"the last line of {path} can't be read: nothing is exported until it is mended",
            hint="keep a copy of the file, look at its end, and remove a line that was cut off",
        ) from error
