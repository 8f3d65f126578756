"""Bad archives and files: each is named, and the good feeds beside it are read."""

import gzip
import io
import lzma
import os
import socket
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import ingest
from pipelines.base import zips
from pipelines.base.progress import reporter
from pipelines.base.settings import load
from pipelines.ingest import containers, decoding, discovery
from pipelines.run import feeds
from pipelines.run.setup import load_zones
from pipelines.run.sightings import import_only
from pipelines.store import read

TABLE = b"MMSI,BaseDateTime,LAT,LON\n533000001,2024-01-01T00:00:00,1.25,103.8\n"
OTHER = TABLE.replace(b"533000001", b"533000002")
SIGHTINGS = b"time,lat,lon\n2024-01-01T00:00:00Z,3,100\n"


@pytest.fixture(scope="module")
def zones():
    return load_zones(load())


@pytest.fixture
def ingested(tmp_path, zones):
    """Ingest what is in a folder; gives the summary and the MMSI in the store."""

    def _ingested(*named, home="home", quiet=True):
        installation = load(tmp_path / home)
        with reporter(quiet=quiet) as report:
            summary = feeds.ingest_only(
                installation,
                zones,
                list(named) or [str(tmp_path / "feeds")],
                area="all",
                mapping=None,
                report=report,
            )
        with read(installation.store, installation.settings.store) as store:
            return summary, set(store.ledger()["name"])

    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "a-good.csv").write_bytes(TABLE)
    (tmp_path / "feeds" / "z-good.csv").write_bytes(OTHER)
    return _ingested


def zipped(names, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in names:
            archive.writestr(name, content)
    return bytearray(out.getvalue())


def flagged(bits, method=None):
    packed = zipped([("m.csv", TABLE * 9)])
    at = packed.index(b"PK\x01\x02")
    packed[at + 8] |= bits
    packed[6] |= bits
    if method is not None:
        packed[at + 10] = packed[8] = method
    return packed


BAD = {
    "password.zip": flagged(1),
    "aes.zip": flagged(1, 99),
    "masked.zip": flagged(0x41),
    "lzma.zip": zipped([("m.csv", TABLE * 99)], zipfile.ZIP_LZMA),
    "bzip2.zip": zipped([("m.csv", TABLE * 99)], zipfile.ZIP_BZIP2),
    "deflate64.zip": flagged(0, 9),
    "cut.zip": zipped([("m.csv", TABLE * 9)])[:-30],
    "nested.zip": zipped([("in.zip", bytes(zipped([("m.csv", TABLE)])))]),
    "empty.zip": zipped([]),
    "cut.csv.gz": b"\x1f\x8b\x08\x00",
    "bad.parquet": b"PAR1" + b"\xff" * 99 + struct.pack("<I", 90) + b"PAR1",
    "bad.csv.zst": b"\x28\xb5\x2f\xfd\xff\xff",
    "binary.csv": bytes(range(256)) * 99,
}


def test_whatever_is_wrong_with_an_archive_the_feeds_beside_it_are_read(ingested, tmp_path):
    for name, content in BAD.items():
        (tmp_path / "feeds" / name).write_bytes(content)
    os.mkfifo(tmp_path / "feeds" / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "feeds" / "socket.csv"))
    (tmp_path / "feeds" / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "feeds" / "nowhere.csv").symlink_to("/nowhere")
    (tmp_path / "feeds" / "null.csv").symlink_to("/dev/zero")
    summary, names = ingested()
    assert {Path(name).name for name in summary.failed} == set(BAD)
    assert {Path(name).name for name in names} == {"a-good.csv", "z-good.csv"}


NOWHERE = ["x" * 5000, "a\0b", "~nobody-of-this-name/x", "/dev/zero", "/nowhere", "["]


def test_what_is_named_and_cant_be_opened_is_named_back(ingested, tmp_path):
    summary, names = ingested(*NOWHERE, str(tmp_path / "feeds"))
    assert len(summary.failed) == len(NOWHERE)
    assert len(names) == 2


NAMES = ["../../../evil.csv", "/etc/evil.csv", "n" * 60_000, "a\\b.csv", "\x1b]0;x", "CON", "é"]


def test_names_of_members_are_never_used(ingested, tmp_path):
    for number, name in enumerate(NAMES, 11):  # each is a feed of its own
        member = TABLE.replace(b"01,", f"{number},".encode())
        (tmp_path / "feeds" / f"m{number}.zip").write_bytes(zipped([(name, member)]))
    summary, names = ingested()
    assert not summary.failed
    assert len(names) == 2 + len(NAMES)
    assert not list(tmp_path.glob("**/*evil*"))
    assert not Path("/etc/evil.csv").exists()


def test_members_whose_names_arent_text_and_names_twice(ingested, tmp_path):
    packed = zipped([("é.csv", TABLE.replace(b"01,", b"77,")), ("b.csv", OTHER * 2)])
    for at in (packed.index(b"PK\x03\x04") + 30, packed.index(b"PK\x01\x02") + 46):
        packed[at : at + 2] = b"\xff\xfe"
    (tmp_path / "feeds" / "bytes.zip").write_bytes(packed)
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped(
            [("a.csv", TABLE + b"533000003,2024-01-01T00:00:00,1,103\n"), ("a.csv", OTHER)]
        )
    (tmp_path / "feeds" / "twice.zip").write_bytes(twice)
    (tmp_path / "feeds" / os.fsdecode(b"\xff\xfe.csv")).write_bytes(TABLE + TABLE[26:])
    summary, names = ingested()
    assert not summary.failed
    assert len(names) == 5


def test_a_member_that_cant_be_read_is_counted_and_the_others_are_read(ingested, tmp_path):
    packed = zipped([("secret.csv", TABLE), ("open.csv", TABLE + OTHER)])
    at = packed.index(b"PK\x01\x02")
    packed[at + 8] |= 1
    link = zipfile.ZipInfo("link.csv")
    link.external_attr = 0o120777 << 16
    (tmp_path / "feeds" / "mixed.zip").write_bytes(packed)
    summary, names = ingested()
    assert len(names) == 3
    [why] = summary.failed.values()
    assert "secret.csv: it is encrypted" in why


PACKED = gzip.compress(TABLE * 9, mtime=0)


@pytest.mark.parametrize(
    ("content", "why"),
    [(PACKED[:12], "truncated archive"), (PACKED[:10] + b"\xff" * 20, "damaged archive")],
)
def test_what_is_damaged_before_it_shows_what_it_is_is_a_loss(ingested, tmp_path, content, why):
    """Of a name without a feed's suffix it was passed over as empty, and nothing was missing."""
    ends = ["txt.gz", "gz", "log.gz", "csv.gz"]
    for number, end in enumerate(ends):  # of one content one is read
        (tmp_path / "feeds" / f"day{number}.{end}").write_bytes(
            content[:4] + bytes([number]) + content[5:]
        )
    summary, names = ingested()
    assert len(names) == 2
    assert len(summary.failed) == len(ends)
    assert all(f"{why}: nothing in it can be read" in said for said in summary.failed.values())


def test_what_is_packed_and_holds_nothing_is_no_loss(ingested, tmp_path):
    (tmp_path / "feeds" / "day.txt.gz").write_bytes(gzip.compress(b""))
    assert not ingested()[0].failed


def test_a_member_damaged_before_it_shows_what_it_is_isnt_empty(ingested, tmp_path):
    packed = zipped([("day.txt", TABLE), ("open.csv", TABLE + OTHER)])
    at = 30 + len("day.txt")
    packed[at : at + 4] = b"\xff" * 4
    (tmp_path / "feeds" / "mixed.zip").write_bytes(packed)
    summary, names = ingested()
    assert len(names) == 3
    [why] = summary.failed.values()
    assert "day.txt: damaged archive: nothing in it can be read" in why


SEEN = b"time,lat,lon,uncertainty_m\n2024-01-01T00:00:00Z,3,100,5\n"
TRUTH = b"fault,mmsi,time,lat,lon,true_time,source,note\n"
UNKNOWN = b"vessel,when,where\n533000009,2024-01-01,here\n"


@pytest.mark.parametrize(
    ("name", "content", "is_meant"),
    [
        ("day-2.csv", UNKNOWN, True),
        ("day-2.CSV", b"\xff\xfe\0\0", True),
        ("deep\\day-2.nmea", b"nothing", True),
        ("in/day-2.csv", bytes(zipped([("m.csv", TABLE)])), True),
        ("__MACOSX/._day-2.csv", b"\0\5\x16\7\0", False),
        ("readme.csv", UNKNOWN, False),
        ("notes.txt", b"hello", False),
        ("seen.csv", SEEN, False),
        ("truth.csv", TRUTH, False),
    ],
)
def test_a_file_of_an_archive_that_isnt_read_is_said(
    ingested, tmp_path, capsys, name, content, is_meant
):
    """One that was meant to be a feed is a loss, in an archive as in a folder."""
    packed = zipped([("day-1.csv", TABLE + OTHER), (name, content)])
    (tmp_path / "feeds" / "days.zip").write_bytes(packed)
    summary, names = ingested(quiet=False)
    assert len(names) == 3
    assert bool(summary.failed) == is_meant
    assert all("1 of the files in it can't be read" in why for why in summary.failed.values())
    told = capsys.readouterr().err
    assert name.rpartition("/")[2].replace("\\", "\\") in told
    assert "passed over" in told


def test_files_that_share_their_bytes_are_read_once():
    packed = zipped([("a.csv", TABLE)])
    at = packed.index(b"PK\x01\x02")
    entry = packed[at : packed.index(b"PK\x05\x06")]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 50, 50, len(entry) * 50, at, 0)
    found = zips.directory(io.BytesIO(packed[:at] + entry * 50 + end))
    assert [entry.overlaps for entry in found] == [False] + [True] * 49


# Whatever is raised, wherever

ERRORS = [
    RuntimeError("password required"),
    NotImplementedError(),
    zlib.error("x"),
    EOFError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    lzma.LZMAError("x"),
    MemoryError(),
    struct.error("x"),
    pa.ArrowInvalid("x"),
    RecursionError(),
    OSError(5, "Input/output error"),
    zipfile.BadZipFile("x"),
    KeyError("x"),
    AssertionError(),
]
PLACES = [
    (discovery, "_digest"),
    (discovery, "_why_not"),
    (decoding, "members"),
    (decoding, "Lines"),
    (decoding, "sniff"),
    (decoding, "Feed"),
    (containers, "kind_of"),
    (feeds, "_keys"),
    (decoding.Report, "landed"),
    (decoding.Report, "to_dict"),
]


@pytest.mark.parametrize("every", [10, pytest.param(5, marks=pytest.mark.prove)])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
def test_any_error_of_one_feed_leaves_the_others_read(ingested, monkeypatch, place, every):
    """The n-th call fails, whichever feed that is of: the store is as if it weren't there."""
    where, name = place
    honest = getattr(where, name)
    first = PLACES.index(place)
    # Each place meets some of the errors, and each error some of the places.
    for nth, error in list(enumerate(ERRORS))[first % every :: every]:
        calls = 0
        broken = nth % 3

        def raising(*arguments, _error=error, _broken=broken, **named):
            nonlocal calls
            calls += 1
            if calls == _broken + 1:
                raise _error
            return honest(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(where, name, raising)
            home = f"home{nth}"
            with suppress(ingest.IngestError):
                summary, names = ingested(home=home)
                assert len(names) == 2 - len(summary.failed) - (calls < broken)
                assert len(names) >= 1


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_stops_a_run_stops_it(ingested, monkeypatch, stop):
    monkeypatch.setattr(decoding, "sniff", lambda *_: (_ for _ in ()).throw(stop()))
    with pytest.raises(stop):
        ingested()


def test_sightings_that_cant_be_read_leave_the_others(tmp_path, monkeypatch):
    folder = tmp_path / "seen"
    folder.mkdir()
    for name in ("a.csv", "b.csv", "c.csv"):
        (folder / name).write_bytes(SIGHTINGS.replace(b"100", str(ord(name[0])).encode()))
    (folder / "deep.json").write_bytes(b"[" * 200_000)
    (folder / "wide.csv").write_bytes(b'"' + b"x" * 2_000_000)
    (folder / "bytes.csv").write_bytes(b"\xff\xfe\0")
    os.mkfifo(folder / "pipe.csv")
    from pipelines.ingest.sightings import files

    honest = files._from_csv

    def raising(text, name, report):
        if name == "b.csv":
            raise MemoryError
        return honest(text, name, report)

    monkeypatch.setattr(files, "_from_csv", raising)
    with reporter(quiet=True) as report:
        summary = import_only(load(tmp_path / "home"), [str(folder)], report)
    assert set(summary.added) == {"a.csv", "c.csv"}
    assert set(summary.failed) == {"b.csv", "deep.json", "wide.csv", "bytes.csv"}
    assert all(summary.failed.values())
