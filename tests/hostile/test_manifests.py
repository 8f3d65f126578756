"""Manifests that are none: each ends as a verdict, "changed", whoever signed it."""

import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.publish.packs import manifest
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.verify import Verdict, verify
from tests.hostile import packing
from tests.pipelines.conftest import selat

__all__ = ["selat"]

FILES = {"a.txt": b"a", "b/c.txt": b"c"}
GOOD = json.loads(manifest.written(packing.document(FILES)))


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    ring = Keyring(tmp_path_factory.mktemp("home") / "keys")
    ring.make(datetime(2026, 1, 6, tzinfo=UTC), None)
    return ring


@pytest.fixture(scope="module")
def look(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], Verdict]:
    """Verify a folder with this manifest, signed by a key that is trusted."""
    folder = tmp_path_factory.mktemp("pack")

    def looked(paper: bytes) -> Verdict:
        return verify(packing.fill(folder, keyring, paper, FILES), keyring, packing.NOW)

    return looked


def test_the_good_one_is_intact(look: Callable[[bytes], Verdict]) -> None:
    assert look(json.dumps(GOOD).encode()).problems == ()


def _changed(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def _file(**changes: Any) -> bytes:
    return _changed(files=[{**GOOD["files"][0], **changes}, GOOD["files"][1]])


def _text(old: str, new: str) -> bytes:
    whole = json.dumps(GOOD)
    assert old in whole
    return whole.replace(old, new, 1).encode()


BAD: dict[str, bytes] = {
    "nothing": b"",
    "blank": b" ",
    "null": b"null",
    "a number": b"7",
    "a text": b'"x"',
    "a list": b"[]",
    "an empty object": b"{}",
    "two": b"{}{}",
    "half": json.dumps(GOOD)[:99].encode(),
    "lists as deep as they go": b"[" * 2_000_000,
    "objects as deep as they go": b'{"a":' * 400_000,
    "deep, in a field that isn't read": _text(
        '"run_id"', '"x": ' + "[" * 9000 + "]" * 9000 + ', "run_id"'
    ),
    "half a pair in a field that isn't read": _text('"run_id"', '"x": "\\ud800", "run_id"'),
    "NaN": _changed(x=float("nan")),
    "infinity": _changed(x=float("-inf")),
    "a number too large": _text('"run_id"', '"x": 1e999, "run_id"'),
    "a number of many digits": _text('"run_id"', f'"x": {"9" * 5000}, "run_id"'),
    "bytes of many digits": _text('"bytes": 1', f'"bytes": {"9" * 5000}'),
    "more bytes than there can be": _file(bytes=10**30),
    "bytes below none": _file(bytes=-1),
    "bytes as text": _file(bytes="1"),
    "bytes as a fraction": _file(bytes=1.0),
    "bytes as a truth": _file(bytes=True),
    "bytes as nothing": _file(bytes=None),
    "a key twice": _text('"run_id"', '"run_id": "other", "run_id"'),
    "a key of a file twice": _text('"sha256"', '"sha256": "0", "sha256"'),
    "a key twice that isn't read": _text('"run_id"', '"x": {"a": 1, "a": 2}, "run_id"'),
    "not UTF-8": _text('"boat"', '"boat"').replace(b"boat", b"b\xffat"),
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "UTF-32": json.dumps(GOOD).encode("utf-32"),
    "a mark of UTF-8 before": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "half a pair": _text('"boat"', '"\\ud800"'),
    "half a pair in a title": _changed(recipient={"name": "boat", "title": "\udfff"}),
    "a control": _text('"boat"', '"bo\x1bat"'),
    "a comment": b"// x\n" + json.dumps(GOOD).encode(),
    "another format": _changed(format="selat-pack/2"),
    "format as a list": _changed(format=[]),
    "no format": json.dumps({k: v for k, v in GOOD.items() if k != "format"}).encode(),
    "no files": json.dumps({k: v for k, v in GOOD.items() if k != "files"}).encode(),
    "files as an object": _changed(files={}),
    "a file as a text": _changed(files=["a.txt"]),
    "no time": _changed(stale_after=None),
    "a month too many": _changed(stale_after="2026-13-01T00:00:00Z"),
    "a day too many": _changed(stale_after="2026-02-30T00:00:00Z"),
    "a second too many": _changed(stale_after="2026-01-07T04:00:60Z"),
    "the year nothing": _changed(stale_after="0000-01-01T00:00:00Z"),
    "the last year": _changed(stale_after="9999-12-31T23:59:59Z"),
    "the first year": _changed(stale_after="0001-01-01T00:00:00Z"),
    "a span as a text": _changed(window="2026-01-06T04:00:00Z"),
    "a span that ends in the last year": _changed(window={"end": "9999-12-31T23:59:59Z"}),
    "digits of another script": _changed(stale_after="٢٠٢٦-01-07T04:00:00Z"),
    "a line more": _changed(stale_after="2026-01-07T04:00:00Z\n"),
    "another zone": _changed(stale_after="2026-01-07T04:00:00+08:00"),
    "a time as a number": _changed(stale_after=20260107),
    "simulated as a text": _changed(simulated="yes"),
    "simulated as a number": _changed(simulated=1),
    "a run id as a number": _changed(run_id=7),
    "a long run id": _changed(run_id="x" * 100_000),
    "a recipient as a text": _changed(recipient="boat"),
    "handling as a list": _changed(handling=[]),
    "marks as numbers": _changed(handling={"tlp": 1, "rel": 2}),
    "a path as a number": _file(path=1),
    "a path that climbs": _file(path="../x"),
    "a path that paints": _file(path="\x1b]0;x\x07"),
    "a path that turns": _file(path="a\u202eb"),
    "a path from the root": _file(path="/etc/passwd"),
    "no path": _file(path=""),
    "a long path": _file(path="a" * 10_000),
    "a device of DOS": _file(path="con.txt"),
    "a hash in capitals": _file(sha256="A" * 64),
    "a short hash": _file(sha256="a" * 63),
    "a hash as a number": _file(sha256=1),
    "packed hash as a number": _file(deflated_sha256=1),
    "a short packed hash": _file(deflated_sha256="a"),
    "a file twice": _changed(files=[*GOOD["files"], GOOD["files"][0]]),
    "a file twice, in other case": _changed(
        files=[*GOOD["files"], {**GOOD["files"][0], "path": "A.TXT"}]
    ),
    "a file in the place of a folder": _changed(
        files=[*GOOD["files"], {**GOOD["files"][0], "path": "b"}]
    ),
    "a folder in other case": _changed(
        files=[*GOOD["files"], {**GOOD["files"][0], "path": "B/d.txt"}]
    ),
    "itself": _file(path="MANIFEST.json"),
    "its signature": _file(path="MANIFEST.json.minisig"),
    "another file": _file(path="z.txt"),
    "another hash": _file(sha256="0" * 64),
    "another size": _file(bytes=2),
    "too many files": _changed(
        files=[{**GOOD["files"][0], "path": f"f{n}"} for n in range(10_001)]
    ),
    "too large": json.dumps({**GOOD, "x": "x" * (5 << 20)}).encode(),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_manifest_that_is_none_is_changed(look: Callable[[bytes], Verdict], bad: str) -> None:
    verdict = look(BAD[bad])
    assert verdict.state == "changed"
    for problem in verdict.problems:
        assert problem.isprintable()
        assert "\u202e" not in problem
        assert len(problem) < 400


@pytest.mark.parametrize("filling", [b"[],", b"{},", b"0,", b'"",', b'{"a":[]},', b'"\\u00e9",'])
def test_reading_a_manifest_takes_bounded_memory(
    look: Callable[[bytes], Verdict], filling: bytes
) -> None:
    many = ((1 << 18) - 2000) // len(filling)
    paper = json.dumps(GOOD).encode()[:-1] + b', "x": [' + filling * many + b"0]}"
    assert len(paper) < manifest.MAX_BYTES / 16 + 2000
    tracemalloc.start()
    try:
        look(paper)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20  # the largest one takes 16 times it
    finally:
        tracemalloc.stop()


PLACES = [
    ("format",),
    ("recipient",),
    ("recipient", "name"),
    ("recipient", "title"),
    ("run_id",),
    ("simulated",),
    ("handling",),
    ("handling", "tlp"),
    ("handling", "rel"),
    ("stale_after",),
    ("files",),
    ("files", 0),
    ("files", 0, "path"),
    ("files", 0, "bytes"),
    ("files", 0, "sha256"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=30, deadline=None)
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_field_may_hold_anything(
    look: Callable[[bytes], Verdict], place: tuple[str | int, ...], value: Any
) -> None:
    document = json.loads(json.dumps(GOOD))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    was, inner[place[-1]] = inner[place[-1]], value
    free = place[-1] in {"name", "title", "tlp", "rel", "run_id"} and isinstance(value, str)
    verdict = look(json.dumps(document).encode())
    if not free and value != was and not (place == ("simulated",) and isinstance(value, bool)):
        assert verdict.state == "changed"


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_byte_may_be_anything(look: Callable[[bytes], Verdict], data: st.DataObject) -> None:
    paper = bytearray(json.dumps(GOOD).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        paper[data.draw(st.integers(0, len(paper) - 1))] = data.draw(st.integers(0, 255))
    look(bytes(paper))  # a verdict, whichever: it is signed


@pytest.mark.parametrize(
    "bad", ["lists as deep as they go", "a path that paints", "not UTF-8", "the last year"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_command_says_changed(
    selat: Callable[..., Any], keyring: Keyring, tmp_path: Path, bad: str, packed: bool
) -> None:
    pack = packing.fill(tmp_path / "pack", keyring, BAD[bad], FILES)
    if packed:
        (tmp_path / "pack.zip").write_bytes(packing.put_together(packing.entries(pack)))
        pack = tmp_path / "pack.zip"
    home = ("--home", keyring.folder.parent)
    ran = selat("verify", pack, *home)
    assert ran.code == 9
    assert ran.out.startswith("changed: ")
    assert "\x1b" not in ran.out + ran.err
    told = json.loads(selat("verify", pack, "--json", *home).out)
    assert (told["state"], told["manifest"], told["files"]) == ("changed", None, None)
    assert selat("open", pack, tmp_path / "out", "--anyway", *home).code == 9
    assert not (tmp_path / "out").exists()


def test_the_command_says_changed_of_an_archive_that_can_not_be_read(
    selat: Callable[..., Any], keyring: Keyring, tmp_path: Path
) -> None:
    pack = packing.fill(tmp_path / "pack", keyring, files=FILES)
    (tmp_path / "pack.zip").write_bytes(packing.put_together(packing.entries(pack))[:-40])
    home = ("--home", keyring.folder.parent)
    assert selat("verify", tmp_path / "pack.zip", *home).code == 9
    assert json.loads(selat("verify", tmp_path / "pack.zip", "--json", *home).out)["problems"]
    assert selat("open", tmp_path / "pack.zip", tmp_path / "out", *home).code == 9
