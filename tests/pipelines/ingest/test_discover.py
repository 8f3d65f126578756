"""What the user names, and the files that are there; what isn't a feed; keys for the ledger."""

import gzip
import hashlib
import io
import os

import pandas as pd
import pytest

from pipelines.ingest import (
    Area,
    Batch,
    FeedFile,
    IngestError,
    IngestOptions,
    decode,
    discover,
    key,
)
from pipelines.ingest.formats import delimited
from tests.pipelines.ingest.conftest import sentences, tagged
from tests.pipelines.ingest.test_samples import zipped

TABLE = "MMSI,BaseDateTime,LAT,LON\n533000001,2024-01-01T00:00:00,1.25,103.8\n"


@pytest.fixture
def folder(tmp_path):
    feed = tagged(sentences())
    files = {
        "b.nmea": feed,
        "a/feed.log": feed,
        "a/table": TABLE,
        "c.csv": "a,b,c,d\n",
        "d.csv": "",
        "SOURCE.txt": f"Like this: {feed}",
        "README.md": feed,
        "notes.txt": "nothing to see",
        "track.json": '[{"nmea": "!AIVDM,1,1,"}]',
        ".hidden.nmea": feed,
        "photo.bin": "\0\1\2" * 99,
    }
    for name, text in files.items():
        path = tmp_path / "feeds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "feeds"


def names(feeds, folder):
    return [str(feed.path.relative_to(folder)) for feed in feeds]


def test_file(folder, tmp_path):
    [feed] = discover([str(folder / "b.nmea")], tmp_path / "spool")
    assert feed.name == str(folder / "b.nmea")
    assert feed.sha256 == hashlib.sha256((folder / "b.nmea").read_bytes()).hexdigest()
    assert not (tmp_path / "spool").exists()


def test_folder_is_searched_for_feeds_and_says_what_it_passed_over(folder, tmp_path):
    feeds = discover([str(folder)], tmp_path)
    # A table of an unknown layout is a feed that can't be read: reading it says so.
    assert names(feeds, folder) == ["a/feed.log", "a/table", "b.nmea", "c.csv", "d.csv"]
    skipped = {name.rpartition("/")[2]: why for name, why in feeds.skipped}
    assert set(skipped) == {
        "SOURCE.txt",
        "README.md",
        "notes.txt",
        "track.json",
        ".hidden.nmea",
        "photo.bin",
    }
    assert "binary" in skipped["photo.bin"]


def test_a_text_is_looked_at_for_a_header_once(tmp_path, monkeypatch):
    """A folder may hold any number of them: a hundred thousand took hours."""
    lines = [f"{n} lorem, ipsum; dolor | sit {n} amet" for n in range(60)]
    (tmp_path / "a.nmea").write_text(tagged(sentences()))
    (tmp_path / "notes.txt").write_text("\n".join(lines))
    asked = []
    monkeypatch.setattr(delimited, "lacking", lambda header, **_: asked.append(header) or ["when"])
    monkeypatch.setattr(delimited, "unknown_table", lambda *_: IngestError("no feed"))
    feeds = discover([str(tmp_path)], tmp_path / "spool")
    assert names(feeds, tmp_path) == ["a.nmea"]
    assert 0 < len(asked) <= 50 + 1  # of its first lines, cut at blanks, and why not of the last


def test_glob(folder, tmp_path):
    assert names(discover([f"{folder}/*.nmea"], tmp_path), folder) == ["b.nmea"]
    assert names(discover([f"{folder}/**/*e*"], tmp_path), folder)[:2] == ["a/feed.log", "a/table"]


def test_a_file_named_twice_is_read_once(folder, tmp_path):
    feeds = discover([str(folder / "b.nmea"), str(folder), f"{folder}/*.nmea"], tmp_path)
    assert names(feeds, folder)[0] == "b.nmea"
    assert len(feeds) == 5


def test_standard_input_is_spooled_under_its_digest(tmp_path):
    [feed] = discover(["-"], tmp_path / "spool", stdin=io.BytesIO(TABLE.encode()))
    assert feed.name == "standard input"
    assert feed.path.parent == tmp_path / "spool"
    assert feed.path.read_text() == TABLE
    [again] = discover(["-"], tmp_path / "spool", stdin=io.BytesIO(TABLE.encode()))
    assert again == feed
    assert len(list((tmp_path / "spool").iterdir())) == 1


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ("nowhere.nmea", "no file or folder"),
        ("*.nmea", "no file matches"),
        ("empty", "no feed in the folder"),
        ("prose", "no feed in the folder"),
    ],
)
def test_what_is_not_there(tmp_path, monkeypatch, feed, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "prose").mkdir()
    (tmp_path / "prose" / "a.txt").write_text("Just words.")
    with pytest.raises(IngestError, match=message) as error:
        discover([feed], tmp_path / "spool")
    assert error.value.exit_code == 3
    assert error.value.hint


def test_empty_standard_input(tmp_path):
    with pytest.raises(IngestError, match="empty"):
        discover(["-"], tmp_path, stdin=io.BytesIO(b""))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n  \n", "is empty"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x00" * 600 + b"\x01\x02", "binary"),
        (b"BZh91AY&SY" + bytes(99), "bzip2"),
        (b"PAR1" + bytes(99), "Parquet"),
        (TABLE.encode("utf-16"), "UTF-16"),
        (b'{"mmsi": 1}', "JSON"),
        (b"Dear all,\nplease find the data attached.\n", "isn't a feed"),
    ],
)
def test_what_is_no_feed_is_a_clear_error(read, content, message):
    with pytest.raises(IngestError, match=message) as error:
        read(content)
    assert error.value.exit_code == 3
    assert error.value.hint


def test_databases_and_workbooks_are_to_be_exported_not_unpacked(read):
    with pytest.raises(IngestError, match="SQLite") as database:
        read(b"SQLite format 3\x00" + bytes(99), "feed.gpkg")
    book = io.BytesIO()
    pd.DataFrame({"MMSI": [533000100]}).to_excel(book)
    with pytest.raises(IngestError, match="no feed") as workbook:
        read(book.getvalue(), "feed.xlsx")
    assert "CSV" in database.value.hint
    assert "workbook" in workbook.value.hint


def test_key_depends_on_content_area_and_the_layout_that_is_used(folder, tmp_path):
    mappings = tmp_path / "mappings.yaml"

    def keys(options, **more):
        feeds = [folder / "b.nmea", folder / "a" / "table"]
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in feeds]
        options = IngestOptions(mappings=mappings, **options, **more)
        found = [FeedFile(p, "x", d) for p, d in zip(feeds, digests, strict=True)]
        return [key(feed, options) for feed in found]

    layout = "mine: {columns: {mmsi: MMSI, time: BaseDateTime, lat: LAT, lon: LON}%s}\n"
    before = keys({})
    mappings.write_text("other: {columns: {mmsi: a, time: b, lat: c, lon: d}}\n")
    assert keys({}) == before
    nmea, table = keys({"area": Area.parse("0,0,1,1")})
    assert nmea != before[0]
    assert table != before[1]
    mappings.write_text(layout % "")
    first = keys({"mapping": "mine"})
    mappings.write_text(layout % ", time_zone: Asia/Singapore")
    second = keys({"mapping": "mine"})
    assert first[0] == second[0] == before[0]
    assert len({first[1], second[1], before[1]}) == 3
    (folder / "b.nmea").write_text("!")
    assert keys({})[0] != before[0]


@pytest.mark.parametrize("kind", ["gzip", "zip", "parquet", "set aside"])
def test_of_a_file_that_is_being_written_it_is_told_that_the_next_look_reads_it(kind, tmp_path):
    whole = {
        "gzip": gzip.compress(TABLE.encode()),
        "zip": zipped(TABLE.encode()),
        "parquet": pd.DataFrame({"mmsi": [1]}).to_parquet(),
        "set aside": TABLE.encode(),
    }[kind]
    path = tmp_path / "day.csv"
    path.write_bytes(whole[:12])
    if kind == "set aside":
        os.truncate(path, 1 << 32)
        if path.stat().st_blocks > 1 << 20:
            pytest.skip("this file system keeps no holes")

    def all_of() -> list[Batch]:
        return list(decode(discover([str(path)], tmp_path / "spool")[0], IngestOptions()))

    def why() -> IngestError:
        with pytest.raises(IngestError) as error:
            all_of()
        return error.value

    assert "may not be whole yet" in str(why())
    assert why().hint.startswith("the next look reads it")
    os.utime(path, (1.7e9, 1.7e9))
    assert "whole" not in str(why())
    assert why().hint.endswith("fetch it again")
    os.utime(path, (4e9, 4e9))
    assert "whole" not in str(why()), "its clock is wrong"


def test_no_look_reads_standard_input_again(tmp_path):
    cut = io.BytesIO(gzip.compress(TABLE.encode())[:12])
    with pytest.raises(IngestError) as error:
        list(decode(discover(["-"], tmp_path, stdin=cut)[0], IngestOptions()))
    assert error.value.hint == "fetch it again"
