"""The log of exports, forged by somebody who may write every file and can't use the key."""

import json
import random
import resource
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.publish.packs import log, record
from pipelines.publish.packs.keys import KeyProblem, Keyring

BEFORE = "2026-01-05T00:00:00Z"
MADE = datetime(2026, 1, 6, 5, tzinfo=UTC)
AFTER = "2026-01-06T0{}:00:00Z"
REVOKED = datetime(2026, 1, 7, 0, tzinfo=UTC)
LATER = "2026-01-08T00:00:00Z"
FAR = "2099-01-08T00:00:00Z"


class Home:
    """A folder with a log and keys."""

    def __init__(self, root: Path) -> None:
        self.root, self.path, self.keyring = root, root / "exports.jsonl", Keyring(root / "keys")

    @property
    def record(self) -> Path:
        return self.keyring.folder / record.NAME

    def export(self, recipient: str, time: str) -> str:
        signer = self.keyring.signer(None) if self.keyring.active() else None
        return log.append(self.path, {"recipient": recipient, "time": time}, self.keyring, signer)

    def check(self) -> log.Checked:
        return log.check(self.path, self.keyring)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def forge(self, entries: list[dict[str, Any]], **changes: object) -> None:
        """Write lines anew, without a signature, numbered and chained as they should be."""
        previous, out = log.START, []
        for number, entry in enumerate(entries, 1):
            bare = {k: v for k, v in entry.items() if k not in {"hash", "key", "signature"}}
            new = {**bare, "number": number, "previous": previous, **changes}
            previous = log._digest(new)
            out.append(log._line({**new, "hash": previous}))
        self.path.write_bytes(b"".join(out))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with four signed lines."""
    home = Home(tmp_path_factory.mktemp("kept") / "home")
    home.keyring.make(MADE, None)
    for number, recipient in enumerate(("mmea", "abf", "boat", "mmea"), 6):
        home.export(recipient, AFTER.format(number))
    return home.root


@pytest.fixture
def home(kept: Path, tmp_path: Path) -> Home:
    found = Home(Path(shutil.copytree(kept, tmp_path / "home")))
    assert found.check().problems == ()
    assert found.check().notes == ()
    return found


def _cut(home: Home, lines: int) -> None:
    whole = home.path.read_bytes().splitlines(keepends=True)
    home.path.write_bytes(b"".join(whole[:lines]))


def _rearrange(home: Home, order: Callable[[list[bytes]], list[bytes]]) -> None:
    home.path.write_bytes(b"".join(order(home.path.read_bytes().splitlines(keepends=True))))


def _under_old_signatures(home: Home) -> None:
    """Lines from the second on changed and chained anew, each with the signature that it had."""
    lines = home.lines()
    home.forge([lines[0], *({**line, "recipient": "xyz"} for line in lines[1:])])
    made = zip(home.lines(), lines, strict=True)
    signed = [new | {k: old[k] for k in ("key", "signature")} for new, old in made]
    _rearrange(home, lambda before: [before[0], *map(log._line, signed[1:])])


def _swap(home: Home, **changes: object) -> None:
    home.record.write_text(json.dumps({**json.loads(home.record.read_text()), **changes}))


def _anothers(home: Home) -> None:
    """The record, made with a key of the forger's own."""
    theirs = Keyring(home.root / "theirs")
    theirs.make(MADE, None)
    record.write(theirs, theirs.signer(None), 3, home.lines()[2]["hash"])
    shutil.copy(theirs.folder / record.NAME, home.record)
    _cut(home, 3)


def _line_as_record(home: Home) -> None:
    """A line's signature in the place of a record's."""
    line = home.lines()[2]
    _swap(home, number=3, hash=line["hash"], signature=line["signature"])
    _cut(home, 3)


def _resigned(home: Home) -> None:
    """Lines by a key that the forger put among the trusted ones."""
    theirs = Keyring(home.root / "theirs")
    home.keyring.trust(theirs.make(MADE, None).public, MADE, "a friend")
    key, private = theirs.signer(None)
    lines = home.lines()
    home.forge(lines)
    signed = [
        {**line, "key": key.name, "signature": record.sign(private, line["hash"])}
        for line in home.lines()
    ]
    home.path.write_bytes(b"".join(map(log._line, signed)))


def _both(*steps: Callable[[Home], object]) -> Callable[[Home], None]:
    def all_of_them(home: Home) -> None:
        for step in steps:
            step(home)

    return all_of_them


FORGERIES: dict[str, Callable[[Home], object]] = {
    "all unsigned and chained anew": lambda h: h.forge(h.lines()),
    "and changed": lambda h: h.forge(h.lines(), recipient="nobody"),
    "and dated before the key": lambda h: h.forge(h.lines(), time=BEFORE),
    "and the record gone": _both(lambda h: h.forge(h.lines()), lambda h: h.record.unlink()),
    "dated before the key, and the record gone": _both(
        lambda h: h.forge(h.lines(), time=BEFORE), lambda h: h.record.unlink()
    ),
    "changed under the signatures that were there": _under_old_signatures,
    "the first line gone": lambda h: _rearrange(h, lambda lines: lines[1:]),
    "a line of the middle gone": lambda h: _rearrange(h, lambda lines: [lines[0], *lines[2:]]),
    "two lines in another order": lambda h: _rearrange(
        h, lambda lines: [lines[1], lines[0], *lines[2:]]
    ),
    "half a line at the end": lambda h: _rearrange(h, lambda lines: [*lines[:3], lines[3][:40]]),
    "the end of the last line gone": lambda h: h.path.write_bytes(h.path.read_bytes()[:-1]),
    "a line that is none": lambda h: _rearrange(
        h, lambda lines: [*lines[:2], b"not json\n", *lines[2:]]
    ),
    "one line fewer": lambda h: _cut(h, 3),
    "one line left": lambda h: _cut(h, 1),
    "emptied": lambda h: h.path.write_bytes(b""),
    "removed": lambda h: h.path.unlink(),
    "removed with its record": _both(lambda h: h.path.unlink(), lambda h: h.record.unlink()),
    "cut, with the record gone": _both(lambda h: _cut(h, 2), lambda h: h.record.unlink()),
    "cut, with a record to fit": _both(
        lambda h: _cut(h, 3), lambda h: _swap(h, number=3, hash=h.lines()[2]["hash"])
    ),
    "cut, with another's record": _anothers,
    "cut, with a line as its record": _line_as_record,
    "cut, with the record emptied": _both(lambda h: _cut(h, 3), lambda h: h.record.write_text("")),
    "another's key, trusted here": _resigned,
    "an unsigned line more": lambda h: h.path.write_bytes(
        h.path.read_bytes()
        + log._line(
            (
                new := {
                    "recipient": "x",
                    "time": AFTER.format(9),
                    "number": 5,
                    "previous": h.lines()[-1]["hash"],
                }
            )
            | {"hash": log._digest(new)}
        )
    ),
    "a line twice": lambda h: h.path.write_bytes(
        h.path.read_bytes() + h.path.read_bytes().splitlines(keepends=True)[-1]
    ),
    "the keys gone": lambda h: shutil.rmtree(h.keyring.folder),
    "a key that stands twice in a line": lambda h: h.path.write_bytes(
        h.path.read_bytes().replace(b'{"hash"', b'{"recipient": "x", "hash"', 1)
    ),
    "blanks in a line": lambda h: h.path.write_bytes(h.path.read_bytes().replace(b", ", b",  ", 1)),
    "an empty line": lambda h: h.path.write_bytes(h.path.read_bytes() + b"\n"),
    "a line as deep as it goes": lambda h: h.path.write_bytes(
        h.path.read_bytes() + b"[" * 100_000 + b"\n"
    ),
    "a line of other types": lambda h: h.path.write_bytes(
        h.path.read_bytes() + b'{"hash": 1, "number": NaN, "previous": [], "key": {}}\n'
    ),
    "a number that is none": lambda h: h.path.write_bytes(
        h.path.read_bytes().replace(b'"number": 1,', b'"number": true,')
    ),
    "not UTF-8": lambda h: h.path.write_bytes(h.path.read_bytes() + b"\xff\n"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_shows_and_shows_for_ever(home: Home, forgery: str) -> None:
    FORGERIES[forgery](home)
    assert home.check().problems
    if not home.keyring.active():
        return
    try:
        home.export("mmea", LATER)
    except log.LogBrokenError:
        return  # nothing goes on from a last line that can't be read
    home.export("mmea", LATER)
    assert home.check().problems


def test_every_changed_byte_shows(home: Home) -> None:
    whole, chance = home.path.read_bytes(), random.Random(2)
    spare = whole.index(b'=="') - 1  # bits of the last character of base64 that nobody reads
    for at in [*[spare] * 4, *chance.sample(range(len(whole)), 150)]:
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        home.path.write_bytes(changed)
        assert home.check().problems, (at, whole[at], changed[at])


def test_a_crash_between_line_and_record_is_no_cut(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            home.export("abf", LATER)
    found = home.check()
    assert found.problems == ()
    assert "interrupted" in found.notes[0]
    home.export("abf", LATER)
    lines = tuple(home.lines())
    assert home.check() == log.Checked(lines, (), lines[-1]["hash"], (), lines)
    assert len(home.lines()) == 6


def test_nothing_is_added_to_a_log_that_ends_in_half_a_line(home: Home) -> None:
    half = home.path.read_bytes()[:-20]
    home.path.write_bytes(half)
    with pytest.raises(log.LogBrokenError, match="last line"):
        home.export("mmea", LATER)
    assert home.path.read_bytes() == half


def test_a_disk_that_is_full_leaves_no_half_of_a_line(home: Home) -> None:
    """Nothing could be exported any more, until somebody mended the log by hand."""
    before = home.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            home.export("abf", LATER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert home.path.read_bytes() == before
    home.export("abf", LATER)
    lines = tuple(home.lines())
    assert home.check() == log.Checked(lines, (), lines[-1]["hash"], (), lines)


def test_the_first_line_of_all_is_recorded(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.keyring.make(MADE, None)
    assert home.check() == log.Checked((), (), log.START)
    home.export("mmea", LATER)
    assert home.check().problems == home.check().notes == ()
    assert home.record.stat().st_mode & 0o777 == 0o600
    assert any(key.recorded for key in home.keyring.entries())


def _of_the_version_before(home: Home) -> None:
    """Such a home has no record, and its keys say nothing of one."""
    home.record.unlink(missing_ok=True)
    index = home.keyring.folder / "keys.json"
    entries = json.loads(index.read_text())
    index.write_text(json.dumps([{k: v for k, v in e.items() if k != "recorded"} for e in entries]))


def test_a_home_of_the_version_before_says_what_it_can_not_know(home: Home) -> None:
    _of_the_version_before(home)
    found = home.check()
    assert found.problems == ()
    assert "no record of the newest line yet" in found.notes[0]
    _cut(home, 3)
    assert home.check().problems == ()  # as the note says
    home.export("boat", LATER)
    found = home.check()
    assert found.problems == ()
    assert found.notes == ("the record of the newest line begins with line 4",)
    _cut(home, 3)
    assert home.check().problems
    _of_the_version_before(home)  # as somebody may who wants to hide the cut
    assert "no record" in home.check().notes[0]


def test_a_home_of_the_version_before_shows_forged_lines(home: Home) -> None:
    _of_the_version_before(home)
    home.forge(home.lines(), recipient="nobody")
    assert home.check().problems


def test_lines_from_before_the_first_key_need_no_signature(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.export("mmea", BEFORE)
    home.export("abf", BEFORE)
    lines = tuple(home.lines())
    assert home.check() == log.Checked(lines, (), lines[-1]["hash"], (), lines)
    home.keyring.make(MADE, None)
    home.export("boat", LATER)
    assert home.check().problems == ()
    assert home.check().notes == ("the record of the newest line begins with line 3",)
    home.forge(home.lines()[:2], recipient="nobody")
    assert home.check().problems


def test_once_there_is_a_key_every_line_is_signed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    key = home.keyring.make(MADE, None)
    with pytest.raises(KeyProblem, match="signed once there is a key"):
        log.append(home.path, {"recipient": "x"}, home.keyring, None)
    signer = home.keyring.signer(None)
    home.keyring.revoke(key.name, REVOKED, "stolen")
    with pytest.raises(KeyProblem, match="revoked meanwhile"):
        log.append(home.path, {"recipient": "x"}, home.keyring, signer)
    with pytest.raises(KeyProblem, match="signed once there is a key"):
        log.append(home.path, {"recipient": "x"}, home.keyring, None)
    assert not home.path.exists() or home.path.read_bytes() == b""


def _thiefs(home: Home, key_file: bytes, time: str) -> None:
    """A line and its record, made with a stolen key as the command would make them."""
    thief = Home(home.root.with_name("thief"))
    shutil.copytree(home.root, thief.root)
    index = thief.keyring.folder / "keys.json"
    entries = json.loads(index.read_text())
    for entry in entries:
        entry |= {"state": "active" if entry["name"].encode() in key_file else "retired"}
    index.write_text(json.dumps(entries))
    thief.export("thief", time)
    shutil.copy(thief.path, home.path)
    shutil.copy(thief.record, home.record)


def test_a_revoked_key_writes_no_more_lines(home: Home) -> None:
    old = home.keyring.signing().popitem()[0].encode()
    home.keyring.revoke(old.decode(), REVOKED, "stolen")
    assert home.check().problems == ()
    assert "revoked since" in home.check().notes[0]
    whole = home.path.read_bytes(), home.record.read_bytes()
    _thiefs(home, old, LATER)
    assert "revoked before" in home.check().problems[0]
    home.path.write_bytes(whole[0])
    home.record.write_bytes(whole[1])
    shutil.rmtree(home.root.with_name("thief"))
    home.keyring.make(REVOKED, None)
    home.export("mmea", LATER)
    assert home.check().problems == home.check().notes == ()
    _thiefs(home, old, BEFORE)  # dated back, and yet after a line that is later
    assert any("revoked before" in problem for problem in home.check().problems)


def test_lines_of_a_clock_that_was_ahead_are_not_after_a_key_was_revoked(home: Home) -> None:
    """A pack that a clock dated 2099: by times it came after each revocation, for ever."""
    old = home.keyring.signing().popitem()[0]
    home.export("boat", FAR)
    record.revoke(home.keyring, old, REVOKED, "stolen")
    assert home.check().problems == ()
    assert len(home.check().sound) == len(home.check().entries)
    _thiefs(home, old.encode(), LATER)
    assert any("revoked before" in problem for problem in home.check().problems)


def test_an_older_log_shows_unless_its_record_is_put_back_too(home: Home, tmp_path: Path) -> None:
    older = Path(shutil.copytree(home.root, tmp_path / "older"))
    home.export("boat", LATER)
    home.export("boat", LATER)
    newest = home.check().head
    shutil.copy(older / "exports.jsonl", home.path)
    assert "cut off" in home.check().problems[0]
    shutil.copy(older / "keys" / record.NAME, home.record)
    found = home.check()
    assert found.problems == ()
    assert newest not in [entry["hash"] for entry in found.entries]  # selat exports --expect


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 9000,
        b'{"number": NaN}',
        b"{" * 9000,
        b'{"number": "4", "hash": 1, "key": [], "signature": {}}',
        b'{"number": 4, "hash": "x", "key": "y", "signature": "z"}',
    ],
)
def test_a_record_that_is_none_shows(home: Home, content: bytes) -> None:
    home.record.write_bytes(content)
    assert "the record of the newest line" in home.check().problems[0]
    home.export("boat", LATER)
    assert "lines may have been cut off there" in " ".join(home.check().problems)


@pytest.mark.parametrize(
    "told",
    [
        {"moved_to": 5},
        {"moved_to": {"a": [1.0]}},
        {"moved_to": {"a": "north"}},
        {"moved_to": {"a": [1e999, 0.0]}},
        {"corrected": "abc"},
        {"corrected": {"a": ["moved"]}},
        {"corrects": ["p"]},
        {"pack": 7},
        {"recipient": {}},
    ],
)
def test_a_line_that_no_version_wrote_is_told_and_passed_over(
    tmp_path: Path, told: dict[str, Any]
) -> None:
    """Whoever writes in a home of several wrote it: what packs hold wrong can't be told of it."""
    keyring, path = Keyring(tmp_path / "keys"), tmp_path / "exports.jsonl"
    about = {"time": "2026-01-05T20:00:00Z", "corrects": "p", "corrected": {"a": "moved"}}
    sound = {**about, "moved_to": {"a": [1, 103.5]}}
    log.append(path, sound, keyring, None)
    log.append(path, {**about, **told}, keyring, None)
    found = log.check(path, keyring)
    assert found.problems == ("line 2 can't be read",)
    assert [one["moved_to"] for one in found.entries] == [{"a": [1, 103.5]}]


def test_what_was_written_is_told_from_what_was_put_in(home: Home) -> None:
    """By their signatures: a line before that is gone takes nothing from those that follow."""
    assert home.check().sound == home.check().entries
    lines = home.lines()
    rest = lines[-1]
    forged = {"recipient": "abf", "time": AFTER.format(9), "number": 5, "previous": rest["hash"]}
    for more in ({}, {"key": "0" * 16, "signature": ""}, {**rest, "recipient": "abf"}):
        _cut(home, 4)
        body = {k: v for k, v in {**forged, **more}.items() if k != "hash"}
        with home.path.open("ab") as file:
            file.write(log._line({**body, "hash": log._digest(body)}))
        found = home.check()
        assert found.problems
        assert len(found.entries) == 5
        assert list(found.sound) == lines
    _cut(home, 4)
    _rearrange(home, lambda whole: whole[:1] + whole[2:])
    assert list(home.check().sound) == [lines[0], *lines[2:]]
