"""Packs that were changed, hidden in or blown up: none is intact, and none hurts who looks at it.

Every case is looked at as `selat verify` does; what comes out is a verdict or a refusal with a
sentence, never another exception.
"""

import os
import random
import shutil
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.base import zipping
from pipelines.publish.packs import build, contents, manifest, sealed
from pipelines.publish.packs.keys import Keyring
from pipelines.publish.packs.manifest import PackError, UnsoundError
from pipelines.publish.packs.verify import Verdict, unpack, verify
from tests.hostile import packing
from tests.hostile.packing import Entry, put_together

MADE = datetime(2026, 1, 6, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    ring = Keyring(tmp_path_factory.mktemp("maker") / "keys")
    ring.make(MADE, None, "maker")
    return ring


@pytest.fixture(scope="module")
def folder(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack, unpacked; nobody spoils it."""
    return packing.fill(tmp_path_factory.mktemp("packs") / packing.NAME, keyring)


@pytest.fixture(scope="module")
def whole(folder: Path) -> bytes:
    """Its archive."""
    return put_together(packing.entries(folder))


@pytest.fixture
def pack(folder: Path, tmp_path: Path) -> Path:
    """A copy of the folder to spoil."""
    return Path(shutil.copytree(folder, tmp_path / "pack"))


@pytest.fixture(scope="module")
def look(keyring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], Verdict]:
    """Verify an archive of these bytes."""
    path = tmp_path_factory.mktemp("looked-at") / "pack.zip"

    def looked(content: bytes) -> Verdict:
        path.write_bytes(content)
        return verify(path, keyring, packing.NOW)

    return looked


def state(look: Callable[[bytes], Verdict], content: bytes) -> str:
    """What comes out: a refusal counts as what the command makes of it."""
    try:
        return look(content).state
    except UnsoundError:
        return "changed"
    except PackError:
        return "refused"


def test_the_pack_is_intact_and_as_selat_writes_it(
    folder: Path, whole: bytes, keyring: Keyring, look: Callable[[bytes], Verdict], tmp_path: Path
) -> None:
    assert look(whole).problems == ()
    assert look(whole).state == "intact"
    assert verify(folder, keyring, packing.NOW).state == "intact"
    flat = packing.fill(tmp_path / "flat", keyring, files={"a.txt": b"a" * 99, "b.txt": b""})
    build.archive(flat, packing.NAME, tmp_path / "flat.zip")
    assert (tmp_path / "flat.zip").read_bytes() == put_together(packing.entries(flat))
    assert verify(tmp_path / "flat.zip", keyring, packing.NOW).state == "intact"


def test_it_is_told_whose_key_signed_what_looks_like_ours(keyring: Keyring, tmp_path: Path) -> None:
    """A partner whose key is trusted may write our run, our recipient and our marks."""
    partner = Keyring(tmp_path / "theirs")
    theirs = partner.make(MADE, None, "our own key")
    ours = Keyring(Path(shutil.copytree(keyring.folder, tmp_path / "ours")))
    forged = packing.fill(tmp_path / "forged", partner)
    assert verify(forged, ours, packing.NOW).signed_by == theirs.name  # not known: not called
    ours.trust(theirs.public, MADE, "Partner\u202e")
    looked = verify(forged, ours, packing.NOW)
    assert looked.state == "intact"
    assert looked.signed_by == f"{theirs.name} (Partner[U+202E])"
    (forged / manifest.NAME).write_bytes((forged / manifest.NAME).read_bytes() + b" ")
    assert verify(forged, ours, packing.NOW).signed_by == theirs.name  # it didn't sign that


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("folders", [True, False])
def test_another_program_may_pack_the_same_files(
    folder: Path, look: Callable[[bytes], Verdict], tmp_path: Path, method: int, folders: bool
) -> None:
    with zipfile.ZipFile(tmp_path / "again.zip", "w", method, compresslevel=1) as archive:
        if folders:
            archive.mkdir(packing.NAME)
            archive.mkdir(f"{packing.NAME}/plan")
        for name, content in packing.members(folder).items():
            archive.writestr(name, content)
    assert look((tmp_path / "again.zip").read_bytes()).problems == ()


def test_a_pack_of_the_version_before_is_intact(
    keyring: Keyring, look: Callable[[bytes], Verdict], tmp_path: Path
) -> None:
    document = packing.document(packing.contents())
    for file in document["files"]:
        del file["deflated_sha256"]
    old = packing.fill(tmp_path / "old", keyring, manifest.written(document))
    parts = packing.entries(old)
    for part in parts:
        part.method = 8
    assert look(put_together(parts)).problems == ()


def _regions(whole: bytes, folder: Path) -> dict[str, range]:
    """Where the parts of the archive are."""
    found, at, directory = {}, 0, 0
    for part in packing.entries(folder):
        data, entry = part.bytes_at(at)
        head = 30 + len(part.name)
        found[f"head of {part.name!r}"] = range(at, at + head)
        found[f"data of {part.name!r}"] = range(at + head, at + len(data))
        at += len(data)
        directory += len(entry)
    found["directory"] = range(at, at + directory)
    found["end"] = range(at + directory, len(whole))
    assert len(whole) - at - directory == 22
    return found


def test_every_changed_byte_shows(
    folder: Path, whole: bytes, look: Callable[[bytes], Verdict]
) -> None:
    """All bytes of headers, directory and end; a part of those of the members; any bit of them."""
    chance = random.Random(1)
    tried = []
    for region, places in _regions(whole, folder).items():
        data = region.startswith("data")
        for at in places if not data else chance.sample(places, min(20, len(places))):
            for bit in [1 << chance.randrange(8), *([0xFF] if chance.random() < 0.1 else [])]:
                changed = bytearray(whole)
                changed[at] ^= bit
                tried.append((region, at, bit))
                assert state(look, bytes(changed)) == "changed", tried[-1]
    assert len(tried) > 700


def test_every_bit_of_the_end_of_packed_data_shows(
    folder: Path, whole: bytes, look: Callable[[bytes], Verdict]
) -> None:
    """Bits that fill the last byte of a deflate stream change nothing of what comes out of it."""
    unheard = 0
    for region, places in _regions(whole, folder).items():
        if not region.startswith("data") or not places:
            continue
        for bit in range(8):
            changed = bytearray(whole)
            changed[places[-1]] ^= 1 << bit
            same = zlib.decompressobj(-15)
            try:
                content = same.decompress(bytes(changed[places.start : places.stop]))
                unheard += content == zlib.decompress(whole[places.start : places.stop], -15)
            except zlib.error:
                pass
            assert look(bytes(changed)).state == "changed", (region, bit)
    assert unheard > 0  # that is, the case is in the test


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_cut_out_put_in_or_overwritten_shows(
    whole: bytes, look: Callable[[bytes], Verdict], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 40))
    new = data.draw(st.binary(max_size=40) | st.sampled_from([b"PK\x05\x06" + bytes(18), whole]))
    changed = whole[:at] + new + whole[at + gone :]
    if changed != whole:
        assert state(look, changed) in {"changed", "refused"}


def _with(parts: list[Entry], name: str, **changes: object) -> list[Entry]:
    for part in parts:
        if part.name.endswith(name.encode()):
            for key, value in changes.items():
                setattr(part, key, value)
    return parts


def _same_in_both(parts: list[Entry], name: str, **fields: object) -> list[Entry]:
    return _with(parts, name, local=dict(fields), central=dict(fields))


def _repacked(content: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


README = b"Open brief.html.\n"
EXTRA = struct.pack("<HH", 0x7573, 4) + b"spy!"
LAYOUTS: dict[str, Callable[[list[Entry]], bytes]] = {
    "before": lambda p: b"spy!" + put_together(p),
    "before, and the archive knows": lambda p: b"spy!" + put_together(p, shift=4),
    "behind": lambda p: put_together(p) + b"spy!",
    "far behind": lambda p: put_together(p) + bytes(60_000),
    "much too far behind": lambda p: put_together(p) + bytes(90_000),
    "comment": lambda p: put_together(p, comment=b"spy!"),
    "comment and behind": lambda p: put_together(p, comment=b"spy!") + b"more",
    "between members": lambda p: put_together(_with(p, "flagged.kmz", before=b"spy!")),
    "before the first": lambda p: put_together([*_with(p[:1], "", before=b"spy!"), *p[1:]]),
    "before the directory": lambda p: put_together(p, before_directory=b"spy!"),
    "behind the directory": lambda p: put_together(p, behind_directory=b"spy!"),
    "large kind (ZIP64)": lambda p: put_together(
        p, behind_directory=b"PK\x06\x06" + bytes(52) + b"PK\x06\x07" + bytes(16)
    ),
    "two ends": lambda p: put_together(p) + put_together(p)[-22:],
    "two archives": lambda p: put_together(p) + put_together(p),
    "two archives, the second knows": lambda p: (
        put_together(p) + put_together(p, shift=len(put_together(p)))
    ),
    "an archive in the comment": lambda p: put_together(p, comment=put_together(p[:1])),
    "several parts": lambda p: put_together(p, disk=1, disk_of=1),
    "more members than there are": lambda p: put_together(p, here=99, number=99),
    "fewer members than there are": lambda p: put_together(p, here=2, number=2),
    "extra field in front": lambda p: put_together(_with(p, "README.txt", local={"extra": EXTRA})),
    "extra field behind": lambda p: put_together(_with(p, "README.txt", central={"extra": EXTRA})),
    "extra field in both": lambda p: put_together(_same_in_both(p, "README.txt", extra=EXTRA)),
    "comment of a member": lambda p: put_together(
        _with(p, "README.txt", central={"comment": b"spy!"})
    ),
    "another name in front": lambda p: put_together(
        _with(p, "README.txt", local={"name": packing.NAME.encode() + b"/README.exe"})
    ),
    "another size in front": lambda p: put_together(_with(p, "README.txt", local={"size": 9})),
    "another checksum in front": lambda p: put_together(_with(p, "README.txt", local={"crc": 9})),
    "another method in front": lambda p: put_together(_with(p, "README.txt", local={"method": 0})),
    "another time": lambda p: put_together(_same_in_both(p, "README.txt", time=7)),
    "another date": lambda p: put_together(_same_in_both(p, "README.txt", date=0x5C21)),
    "another system": lambda p: put_together(_with(p, "README.txt", central={"made_by": 0x0014})),
    "packed in another way": lambda p: put_together(
        _with(p, "units.csv", packed=_repacked(packing.contents()["plan/units.csv"]))
    ),
    "not packed": lambda p: put_together(_with(p, "README.txt", method=0)),
    "the manifest packed": lambda p: put_together(_with(p, "MANIFEST.json", method=8)),
    "behind the end of packed data": lambda p: put_together(
        _with(p, "README.txt", packed=_repacked(README) + b"spy!")
    ),
    "an empty block more": lambda p: put_together(
        _with(p, "README.txt", packed=b"\x00\x00\x00\xff\xff" + _repacked(README))
    ),
    "packed data without end": lambda p: put_together(
        _with(p, "README.txt", packed=_repacked(README)[:-2])
    ),
    "larger than it says": lambda p: put_together(
        _with(p, "README.txt", packed=_repacked(README + b"more"))
    ),
    "a name twice": lambda p: put_together([*p, p[2]]),
    "a name twice, first the false": lambda p: put_together([Entry(p[2].name, b"false"), *p]),
    "a name in other case": lambda p: put_together([*p, Entry(p[2].name.swapcase(), b"")]),
    "not in the manifest": lambda p: put_together(
        [*p, Entry(packing.NAME.encode() + b"/zzz.txt", b"spy!")]
    ),
    "a manifest twice": lambda p: put_together([p[0], *p]),
    "a folder that isn't there": lambda p: put_together(
        [*p, Entry(packing.NAME.encode() + b"/zzz/", b"", 0)]
    ),
    "a folder with content": lambda p: put_together(
        [*p, Entry(packing.NAME.encode() + b"/plan/", b"spy!", 0)]
    ),
    "a link": lambda p: put_together(
        _with(p, "README.txt", content=b"/etc/passwd", central={"outer": 0o120777 << 16})
    ),
    "a device": lambda p: put_together(_with(p, "README.txt", central={"outer": 0o060644 << 16})),
    "set-uid": lambda p: put_together(_with(p, "README.txt", central={"outer": 0o104755 << 16})),
    "a program": lambda p: put_together(_with(p, "README.txt", central={"outer": 0o100755 << 16})),
    "hidden on DOS": lambda p: put_together(
        _with(p, "README.txt", central={"outer": (0o100644 << 16) | 2})
    ),
    "encrypted": lambda p: put_together(_same_in_both(p, "README.txt", flags=1)),
    "as a stream": lambda p: put_together(_same_in_both(p, "README.txt", flags=8)),
    "another order": lambda p: put_together([p[1], p[0], *p[2:]]),
    "in another folder": lambda p: put_together(
        [*p[:2], Entry(b"other/README.txt", README), *p[3:]]
    ),
    "a name that climbs": lambda p: put_together([*p, Entry(b"../../evil", b"x")]),
    "a name with NUL": lambda p: put_together(
        [*p, Entry(packing.NAME.encode() + b"/README.txt\0.exe", b"x")]
    ),
    "a name that paints": lambda p: put_together(
        [*p, Entry(packing.NAME.encode() + "/\x1b]0;x\x07\u202e".encode(), b"x")]
    ),
    "a name that isn't UTF-8": lambda p: put_together(
        [*p, Entry(packing.NAME.encode() + b"/\xff\xfe", b"x")]
    ),
    "a long name": lambda p: put_together([*p, Entry(b"n" * 60_000, b"x")]),
    "cut off": lambda p: put_together(p)[:-30],
    "the first half": lambda p: put_together(p)[: len(put_together(p)) // 2],
    "bzip2": lambda p: put_together(_with(p, "README.txt", method=12)),
    "lzma": lambda p: put_together(_with(p, "README.txt", method=14)),
    "zstandard": lambda p: put_together(_with(p, "README.txt", method=93)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_the_format_leaves_room_for_is_not_intact(
    folder: Path, look: Callable[[bytes], Verdict], layout: str
) -> None:
    content = LAYOUTS[layout](packing.entries(folder))
    assert state(look, content) == "changed"
    try:
        told = " ".join(look(content).problems)
    except UnsoundError as error:
        told = error.message
    assert told.isascii()
    assert told.isprintable()
    assert len(told) < 2000


def test_members_that_overlap_are_refused(folder: Path, look: Callable[[bytes], Verdict]) -> None:
    """A thousand names for the same packed bytes, each inside the one before."""
    parts = packing.entries(folder)
    bomb = Entry(b"x", bytes(1 << 20))
    parts += [Entry(f"x{n}".encode(), bytes(1 << 20), central={"start": 0}) for n in range(20)]
    with pytest.raises(UnsoundError, match=r"overlap|isn't where"):
        look(put_together([bomb, *parts]))


def _foreign(parts: list[Entry]) -> list[Entry]:
    """As another program packs: its own times, modes and system."""
    for part in parts:
        part.local = {"time": 0x6000, "date": 0x5C26}
        part.central = {**part.local, "made_by": 0x031E, "outer": 0o100600 << 16}
    return parts


@pytest.mark.parametrize(
    "change",
    [
        {"outer": 0o120600 << 16},
        {"outer": 0o104600 << 16},
        {"outer": 0o100755 << 16},
        {"extra": EXTRA},
        {"comment": b"spy!"},
        {"disk": 1},
        {"inner": 4},
        {"flags": 0x20},
        {"made_by": 0x0014},
    ],
)
def test_in_an_archive_of_another_program_too(
    folder: Path, look: Callable[[bytes], Verdict], change: dict[str, object]
) -> None:
    parts = _foreign(packing.entries(folder))
    assert look(put_together(parts)).problems == ()
    parts[3].central = {**parts[3].central, **change}
    if "flags" in change:
        parts[3].local = {**parts[3].local, **change}
    assert state(look, put_together(parts)) == "changed"


def _measured(look: Callable[[bytes], Verdict], content: bytes) -> tuple[str, int]:
    tracemalloc.start()
    try:
        found = state(look, content)
        return found, tracemalloc.get_traced_memory()[1] >> 20
    finally:
        tracemalloc.stop()


BOMBS: dict[str, Callable[[list[Entry]], list[Entry]]] = {
    "deflate, says what it is": lambda p: [*p, Entry(b"z", bytes(24 << 20))],
    "deflate, says it is small": lambda p: [
        *p,
        Entry(b"z", bytes(24 << 20), local={"size": 5}, central={"size": 5}),
    ],
    "in place of the manifest": lambda p: [Entry(p[0].name, bytes(24 << 20)), *p[1:]],
    "in place of the manifest, says it is small": lambda p: [
        Entry(p[0].name, bytes(24 << 20), local={"size": 5}, central={"size": 5}),
        *p[1:],
    ],
    "in place of the signature": lambda p: [
        p[0],
        Entry(p[1].name, bytes(24 << 20), local={"size": 5}, central={"size": 5}),
        *p[2:],
    ],
    "in place of a file": lambda p: [
        *p[:2],
        Entry(p[2].name, bytes(24 << 20), local={"size": 17}, central={"size": 17}),
        *p[3:],
    ],
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_no_memory(folder: Path, look: Callable[[bytes], Verdict], bomb: str) -> None:
    content = put_together(BOMBS[bomb](packing.entries(folder)))
    assert len(content) < 1 << 20
    found, peak_mb = _measured(look, content)
    assert found in {"changed", "refused"}
    assert peak_mb < 8


@pytest.mark.parametrize(("method", "module"), [(12, "bz2"), (14, "lzma")])
def test_what_packs_are_not_packed_with_is_never_unpacked(
    folder: Path,
    look: Callable[[bytes], Verdict],
    monkeypatch: pytest.MonkeyPatch,
    method: int,
    module: str,
) -> None:
    def unpacks(*_: object, **__: object) -> None:
        raise AssertionError("was unpacked")

    monkeypatch.setattr(f"{module}.{'BZ2' if method == 12 else 'LZMA'}Decompressor", unpacks)
    for place in range(len(packing.entries(folder))):
        parts = packing.entries(folder)
        parts[place].method = method
        assert state(look, put_together(parts)) == "changed"


def test_many_tiny_members_are_read_or_refused(
    folder: Path, look: Callable[[bytes], Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = packing.entries(folder)
    tiny = [Entry(f"{packing.NAME}/n{n}".encode(), b"") for n in range(10_001)]
    with pytest.raises(PackError, match="more than"):
        look(put_together([*parts, *tiny]))
    opened = []
    blocks = contents.zipread.blocks
    monkeypatch.setattr(
        contents.zipread, "blocks", lambda *given: opened.append(1) or blocks(*given)
    )
    found = look(put_together([*parts, *tiny[:3_000]]))
    assert found.state == "changed"
    assert sum(problem.startswith("not in the manifest") for problem in found.problems) == 3_000
    assert len(opened) <= len(parts) + 2  # what isn't in the manifest isn't unpacked


def test_an_encrypted_pack_has_bounds_too(
    whole: bytes, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = keyring.make_opening(MADE)
    path = tmp_path / "pack.zip.age"
    content = build.sealed(whole, [opening.public])
    path.write_bytes(content)
    assert verify(path, keyring, packing.NOW).state == "intact"
    chance = random.Random(3)
    header = content.index(b"\n---")
    for at in [*chance.sample(range(header), 60), *chance.sample(range(header, len(content)), 60)]:
        changed = bytearray(content)
        changed[at] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(PackError):  # which of the two can't be told: changed, or for others
            verify(path, keyring, packing.NOW)
    for damaged in (content[:-1], content + b"x", content[:-5000]):
        path.write_bytes(damaged)
        with pytest.raises(UnsoundError):
            verify(path, keyring, packing.NOW)
    stanza = b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n"
    path.write_bytes(b"age-encryption.org/v1\n" + stanza * 5000 + b"--- " + b"A" * 43 + b"\n")
    monkeypatch.setattr(pyrage, "decrypt_io", lambda *_: pytest.fail("was tried"))
    with pytest.raises(PackError, match="for more than"):
        verify(path, keyring, packing.NOW)
    monkeypatch.setattr(sealed, "MAX_SEALED_BYTES", 1000)
    path.write_bytes(content)
    with pytest.raises(PackError, match="larger than"):
        verify(path, keyring, packing.NOW)
    monkeypatch.setattr(build, "MAX_SEALED_BYTES", 1000)
    with pytest.raises(PackError, match="too large"):
        build.sealed(whole, [opening.public])


def test_armour_hides_nothing(whole: bytes, keyring: Keyring, tmp_path: Path) -> None:
    opening = keyring.make_opening(MADE)
    to = [pyrage.x25519.Recipient.from_str(opening.public)]
    content = pyrage.encrypt(whole, to, armored=True)
    path = tmp_path / "pack.zip.age"
    path.write_bytes(content)
    assert verify(path, keyring, packing.NOW).state == "intact"
    for changed in (
        content + b"spy!",
        content + b"\n\n\nspy!\n",
        content.replace(b"\n", b" \n", 4),
    ):
        path.write_bytes(changed)
        with pytest.raises(PackError):
            verify(path, keyring, packing.NOW)


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX")
@pytest.mark.parametrize("link", ["symbolic", "hard", "folder", "pipe", "socketless", "setuid"])
def test_in_a_folder_only_plain_files_of_its_own_count(
    pack: Path, keyring: Keyring, tmp_path: Path, link: str
) -> None:
    victim = pack / "README.txt"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if link in {"symbolic", "hard"}:
        victim.rename(elsewhere / "README.txt")  # the same content, and yet not the pack's own
        (victim.symlink_to if link == "symbolic" else victim.hardlink_to)(elsewhere / "README.txt")
    elif link == "folder":
        (pack / "plan").rename(elsewhere / "plan")
        (pack / "plan").symlink_to(elsewhere / "plan")
    elif link == "pipe":
        victim.unlink()
        os.mkfifo(victim)
    elif link == "socketless":
        (pack / "not there").symlink_to("/nowhere")
    else:
        victim.chmod(0o4644)
    assert verify(pack, keyring, packing.NOW).state == "changed"


@pytest.mark.parametrize("name", ["empty", "plan/deep/er", "\x1b]0;x", "a\u202eb", "\udcff"])
def test_what_else_is_in_a_folder_shows(pack: Path, keyring: Keyring, name: str) -> None:
    (pack / name).mkdir(parents=True)
    verdict = verify(pack, keyring, packing.NOW)
    assert verdict.state == "changed"
    assert all(p.isascii() and p.isprintable() for p in verdict.problems)
    (pack / name / "x").write_bytes(b"")
    assert verify(pack, keyring, packing.NOW).state == "changed"


def test_what_is_no_file_is_never_waited_for(keyring: Keyring, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pack.zip")
    for path in (tmp_path / "pack.zip", Path("/dev/zero")):
        with pytest.raises(PackError, match="neither"):
            verify(path, keyring, packing.NOW)


def test_every_byte_of_the_signature_shows(pack: Path, keyring: Keyring) -> None:
    """Its first line isn't signed, and the last characters of base64 have bits to spare."""
    whole = (pack / manifest.SIGNATURE).read_bytes()
    chance = random.Random(5)
    for changed in [
        *(
            whole[:n] + bytes([whole[n] ^ 1 << chance.randrange(7)]) + whole[n + 1 :]
            for n in range(0, len(whole), 3)
        ),
        whole + b"\n",
        whole + b"more\n",
        whole[:-1],
        whole.replace(b"\n", b"\r\n"),
        b"",
        b"\xff" + whole,
        whole.replace(b"untrusted", b"UNTRUSTED"),
        bytes(5000),
    ]:
        (pack / manifest.SIGNATURE).write_bytes(changed)
        assert verify(pack, keyring, packing.NOW).state in {"changed", "unknown key"}, changed


def test_what_is_verified_is_what_is_unpacked(pack: Path, keyring: Keyring, tmp_path: Path) -> None:
    """A pack that is exchanged between the two looks."""
    verdict = verify(pack, keyring, packing.NOW)
    kept = dict(verdict.papers)
    (pack / manifest.NAME).write_bytes(b"{}")
    (pack / manifest.SIGNATURE).write_bytes(b"false")
    unpack(pack, keyring, tmp_path / "out", verdict)
    for name, content in kept.items():
        assert (tmp_path / "out" / name).read_bytes() == content
    (pack / "README.txt").write_bytes(b"Open brief.exe!\n\n")
    with pytest.raises(PackError, match="changed while"):
        unpack(pack, keyring, tmp_path / "again", verdict)
    (pack / "README.txt").unlink()
    with pytest.raises(PackError, match="gone"):
        unpack(pack, keyring, tmp_path / "again", verdict)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    "top", ["..", "C:", "\x1b]0;pwn\x07", "boat\u202egpj", "a" * 300, "boat_TLP-CLEAR"]
)
def test_the_folder_around_the_files_is_the_one_that_was_signed(
    folder: Path, look: Callable[[bytes], Verdict], tmp_path: Path, top: str
) -> None:
    files = {f"{top}/{p.relative_to(folder)}": p for p in folder.rglob("*") if p.is_file()}
    zipping.write(tmp_path / "pack.zip", files)
    assert state(look, (tmp_path / "pack.zip").read_bytes()) == "changed"


class _Held:
    """Bytes as `sealed` reads them."""

    def __init__(self, content: bytes) -> None:
        self._content, self.size = content, len(content)

    def at(self, start: int, length: int) -> bytes:
        return self._content[start : start + length]


@pytest.mark.parametrize("size", range(48))
def test_armour_of_any_length_is_read(size: int, keyring: Keyring) -> None:
    to = [pyrage.x25519.Recipient.from_str(keyring.make_opening(MADE).public)]
    content = pyrage.encrypt(b"x" * size, to, armored=True)
    assert b"\n---" in sealed._header(_Held(content))
