"""The kernel against pyais, a slow and independent reader, on real sentences.

`corpus_real_distinct.nmea` holds 51,950 distinct real sentences with right checksums. Every message
is compared field by field; each kind of difference is listed in `DECIDED` with the clause that
decides it and the number of times that it occurs, so that a new one fails.
"""

import collections
from datetime import UTC, datetime

import numpy as np
import pyais
import pytest

from pipelines.ingest.aivdm import NO_TIME, Columns, Decoder

pytestmark = pytest.mark.slow

DECIDED = {
    # ITU-R M.1371-5, Annex 8, message 5: codes 1-19 and 38, 39 and above 99 are reserved for future
    # or regional use, not "not available". pyais folds them into 0 or the nearest code it knows.
    "ship type is kept as sent": 119,
    # Annex 8, 6-bit ASCII: '@' fills texts up at the end; nothing says that leading blanks go.
    "leading blanks of a text are kept": 40,
    # Same: '@' is "not used" wherever a text has ended; pyais takes '@' off before blanks only.
    "an '@' before blanks at the end of a text goes with them": 1,
    # Annex 8, message 27: 63 is "speed not available", 511 "course not available".
    # The columns have one such value each, those of message 1; pyais gives the raw numbers.
    "not available has the value of message 1": 9,
}
REJECTED = {
    # Annex 8: messages whose fields are cut (most are noise that passed an 8-bit checksum). pyais
    # fills missing bits with zeros or None.
    "short": 36,
    # Annex 8, message 24: part numbers are 0 and 1. pyais raises an exception.
    "part number": 6,
    # IEC 61162-1, VDM: a sentence encapsulates at least one character. pyais raises as well.
    "payload": 2,
    # Message IDs above 27 are reserved: listed as other messages; pyais raises an exception.
    "reserved message ID": 3,
}


@pytest.fixture(scope="module")
def corpus(shared):
    return (shared / "corpora" / "corpus_real_distinct.nmea").read_bytes()


@pytest.fixture(scope="module")
def decoder():
    return Decoder()


@pytest.fixture(scope="module")
def ours(corpus, decoder):
    columns = Columns.joined([decoder.feed(corpus), decoder.finish()], decoder)
    rows = collections.defaultdict(dict)
    for table in ("positions", "statics", "bases", "others"):
        for row in getattr(columns, table):
            rows[int(row["offset"])][table] = row
    return rows


@pytest.fixture(scope="module")
def theirs(corpus):
    """Every message by the offset of its first sentence: pyais's fields, or its exception."""
    messages, offset = {}, 0
    waiting = collections.defaultdict(dict)
    for line in corpus.splitlines(keepends=True):
        address, total, number, sequence, channel = line.split(b",")[:5]
        key = (address, total, sequence, channel)
        if number in waiting[key] or number == b"1":
            waiting[key] = {}
        waiting[key][number] = (offset, line.strip())
        if len(waiting[key]) == int(total):
            parts = waiting.pop(key)
            first = min(place for place, _ in parts.values())
            try:
                messages[first] = pyais.decode(*(parts[n][1] for n in sorted(parts))).asdict()
            except pyais.exceptions.AISBaseException as error:
                messages[first] = error
        offset += len(line)
    return messages


def test_the_same_messages(ours, theirs, decoder):
    missing = [place for place in theirs if place not in ours]
    rejects = decoder.rejects
    assert rejects == {key: n for key, n in REJECTED.items() if key != "reserved message ID"}
    assert len(missing) - decoder.counts["duplicate_parts"] <= sum(rejects.values())
    reserved = [
        place
        for place in ours
        if isinstance(theirs.get(place), Exception) and "others" in ours[place]
    ]
    assert len(reserved) == REJECTED["reserved message ID"]
    assert set(ours) <= set(theirs)
    assert len(ours) > 50_700


def test_field_by_field(ours, theirs):
    differences = collections.Counter()
    unexplained = []
    compared = 0
    for place, tables in ours.items():
        message = theirs[place]
        if isinstance(message, Exception):
            continue
        for table, row in tables.items():
            for name, mine, yours in FIELDS[table](row, message):
                compared += 1
                if mine != yours:
                    why = explained(name, mine, yours, message["msg_type"])
                    differences[why] += 1
                    if not why:
                        unexplained.append((place, name, mine, yours))
    assert unexplained == []
    assert differences == DECIDED
    assert compared > 420_000


def explained(name, mine, yours, kind):
    if name == "ship_type" and reserved_type(mine) and kind in (5, 19):
        return "ship type is kept as sent"
    if isinstance(mine, str) and mine.lstrip() == yours:
        return "leading blanks of a text are kept"
    if isinstance(mine, str) and mine == yours.rstrip("@ "):
        return "an '@' before blanks at the end of a text goes with them"
    available = {("sog", 27): (1023, 630), ("cog", 27): (3600, 5110)}
    if (mine, yours) == available.get((name, kind)):
        return "not available has the value of message 1"
    return ""


def reserved_type(code):
    """Codes without a meaning of their own (Annex 8, message 5, types of ships)."""
    return (
        1 <= code <= 19 or code in {38, 39, 56, 57} or code > 99 or (code % 10 > 4 and code >= 60)
    )


def common(row, message):
    yield "msg_type", int(row["msg_type"]), message["msg_type"]
    yield "mmsi", int(row["mmsi"]), int(message["mmsi"])


def position(row, message):
    yield from common(row, message)
    # pyais rounds to 6 digits, which still tells 1/600000 degree apart.
    yield "lon", round(int(row["lon"]) / 600_000, 6), message["lon"]
    yield "lat", round(int(row["lat"]) / 600_000, 6), message["lat"]
    yield "sog", int(row["sog"]), round(message["speed"] * 10)
    yield "cog", int(row["cog"]), round(message["course"] * 10)
    yield "heading", int(row["heading"]), message.get("heading", 511)
    yield "second", int(row["second"]), message.get("second", 60)
    yield "nav_status", int(row["nav_status"]), int(message.get("status", 15))


def static(row, message):
    yield from common(row, message)
    names = {"name": "shipname", "callsign": "callsign", "destination": "destination"}
    for mine, yours in names.items():
        if message.get(yours) is not None:
            text = row[mine][: row[f"{mine}_length"]].tobytes().decode("ascii")
            yield mine, text, message[yours]
    for name in ("to_bow", "to_stern", "to_port", "to_starboard", "imo", "ship_type"):
        if message.get(name) is not None:
            yield name, int(row[name]), int(message[name])
    if "draught" in message:
        yield "draught", int(row["draught"]), round(message["draught"] * 10)


def base(row, message):
    yield from common(row, message)
    names = ("year", "month", "day", "hour", "minute", "second")
    try:
        moment = datetime(*(message[name] for name in names), tzinfo=UTC)
        utc = int(moment.timestamp()) * 1_000_000
    except ValueError:
        utc = NO_TIME
    yield "utc", int(row["utc"]), utc


FIELDS = {"positions": position, "statics": static, "bases": base, "others": common}


def test_dirty_log_every_reject_has_a_reason_and_a_place(shared):
    feed = (shared / "corpora" / "corpus_real_dirty.nmea").read_bytes()
    decoder = Decoder()
    columns = Columns.joined([decoder.feed(feed), decoder.finish()], decoder)
    assert decoder.unaccounted == 0
    rejects = np.sort(columns.rejects, order="start")
    assert len(rejects) == sum(decoder.rejects.values())
    assert (rejects["start"] < rejects["end"]).all()
    # Messages of several parts may be rejected when their last part is there.
    assert (rejects["end"][:-1] <= rejects["start"][1:]).all()
    assert decoder.rejects == {
        "checksum": 6,
        "malformed": 1606,
        "not a sentence": 36,
        "payload": 100,
        "short": 38,
        "part number": 6,
        "incomplete multi-part": 37,
    }
    assert decoder.counts["messages"] == 60_296
