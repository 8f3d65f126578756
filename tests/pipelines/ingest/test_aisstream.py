"""aisstream.io's JSON: values, faults, hostile text, and what isn't it."""

import json
import random

import numpy as np
import pandas as pd
import pyarrow.json as pajson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import IngestError
from pipelines.ingest.formats.aisstream import SCHEMA
from pipelines.ingest.formats.jsonlines import Objects, _is_safe
from tests.pipelines.ingest.conftest import read_or_none

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TIME = "2026-01-01 00:00:01.5 +0000 UTC"
POSITION = {
    "MessageID": 1,
    "UserID": 533900001,
    "Latitude": 1.25,
    "Longitude": 103.5,
    "Sog": 5,
    "Cog": 9.5,
    "TrueHeading": 511,
    "NavigationalStatus": 5,
    "Valid": True,
}


def envelope(kind="PositionReport", time=TIME, body=POSITION, **change):
    body = {**body, **change}
    return {"MessageType": kind, "MetaData": {"time_utc": time}, "Message": {kind: body}}


def feed(*objects) -> str:
    return "".join((o if isinstance(o, str) else json.dumps(o)) + "\n" for o in objects)


# Times


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2022-12-29 18:22:32.318353 +0000 UTC", "2022-12-29T18:22:32.318353Z"),
        ("2022-12-29 18:22:32 +0000 UTC", "2022-12-29T18:22:32Z"),
        ("2023-10-22 22:47:36.796267871 +0000 UTC", "2023-10-22T22:47:36.796267Z"),
        ("2026-01-01 08:00:00 +0800 +08", "2026-01-01T00:00:00Z"),
        ("2026-01-01 00:00:00.25 +0000 UTC m=+0.000001", "2026-01-01T00:00:00.25Z"),
    ],
)
def test_times(read, text, utc):
    assert read(feed(envelope(time=text))).positions["time"].tolist() == [pd.Timestamp(utc)]


@pytest.mark.parametrize(
    "time", ["", "2026-01-01 00:00:00", "now", "1985-01-01 00:00:00 +0000 UTC"]
)
def test_what_is_no_time_is_rejected(read, time):
    got = read(feed(envelope(), envelope(time=time)))
    assert got.report.rejected == {"time": 1}


def test_a_null_time_is_rejected(read):
    got = read(feed(envelope(), envelope(time=None), {**envelope(), "MetaData": None}))
    assert got.report.rejected == {"time": 2}


# Messages


def test_what_is_not_available(read):
    got = read(
        feed(
            envelope(Sog=102.3, Cog=360, TrueHeading=511),
            envelope("LongRangeAisBroadcastMessage", MessageID=27, Sog=63, Cog=511),
            envelope("LongRangeAisBroadcastMessage", MessageID=27, Sog=62, Cog=10),
            envelope(Latitude=91, Longitude=181),
        )
    )
    assert np.isnan(got.positions[["sog_kn", "cog_deg"]].to_numpy()).sum(axis=0).tolist() == [2, 2]
    assert got.positions["heading_deg"].isna().all()
    assert got.report.rejected == {"no position": 1}


def test_a_part_of_static_data_says_nothing_about_the_other(read):
    parts = {
        "MessageID": 24,
        "UserID": 563900002,
        "ReportA": {"Name": "A NAME", "Valid": True},
        "ReportB": {
            "CallSign": "9VAA8",
            "ShipType": 30,
            "Valid": True,
            "Dimension": {"A": 11, "B": 3, "C": 2, "D": 2},
        },
    }
    got = read(
        feed(
            envelope("StaticDataReport", body=parts, PartNumber=False),
            envelope("StaticDataReport", body=parts, PartNumber=True),
            envelope("StaticDataReport", body=parts, PartNumber=None),
            envelope("StaticDataReport", body={**parts, "ReportB": None}, PartNumber=True),
        )
    )
    a, b = (row for _, row in got.statics.iterrows())
    assert a[["name", "callsign", "ship_type"]].tolist() == ["A NAME", "", -1]
    assert np.isnan(a["length_m"])
    assert b[["name", "callsign", "ship_type", "length_m"]].tolist() == ["", "9VAA8", 30, 14]
    assert got.report.rejected == {"json": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        envelope(MessageID=5),
        envelope(MessageID=None),
        envelope("ShipStaticData"),
        {**envelope(), "MessageType": None},
        {**envelope(), "Message": {}},
        {**envelope(), "Message": None},
        {**envelope(), "MessageType": "ShipStaticData"},
        {},
    ],
)
def test_a_message_that_is_not_what_its_envelope_says(read, wrong):
    got = read(feed(envelope(), wrong, envelope()))
    assert got.report.rejected == {"json": 1}
    assert got.positions["source_offset"].tolist() == [1, 3]


@pytest.mark.parametrize("mmsi", [None, 0, 12345678, 5.5e8 + 0.5, 1e300, -533900001, 5339000010])
def test_mmsi(read, mmsi):
    assert read(feed(envelope(), envelope(UserID=mmsi))).report.rejected == {"mmsi": 1}


def test_kinds_that_are_not_kept_are_counted(read):
    objects = [{**envelope(), "MessageType": f"Kind{i}\u0001"} for i in range(100)]
    report = read(feed(envelope(), *objects)).report
    assert sum(report.other_messages.values()) == 100
    assert len(report.other_messages) <= 61
    assert "Kind0\\x01" in report.other_messages


# Lines


HOSTILE = {
    "null": "null",
    "null behind an object": "{} null {}",
    "number": "5",
    "list": "[1]",
    "two objects": json.dumps(envelope()) * 2,
    "half": json.dumps(envelope())[:-9],
    "text for a number": json.dumps(envelope(Latitude="1.25")),
    "number for a text": json.dumps(envelope(time=5)),
    "list for an object": json.dumps({**envelope(), "Message": [1]}),
    "number beyond doubles": json.dumps(envelope()).replace("1.25", "1e999"),
    "said twice": '{"MessageType": "X", ' + json.dumps(envelope())[1:],
    "half a surrogate": json.dumps(envelope()).replace("PositionReport", "\\ud800", 1),
    "no JSON": "{MessageType: 5}",
    "sentence": "!AIVDM,1,1,,A,13,0*00",
    "opened and opened": '{"a":' * 5000,
    "lists in lists": "[" * 5000,
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("first", [0, 3], ids=["alone", "behind good ones"])
def test_a_hostile_line_is_rejected_alone(read, line, first):
    good = [envelope() for _ in range(600)]
    good[first:first] = [line]
    got = read(feed(envelope(), *good))
    assert got.report.rejected == {"json": 1}
    assert got.report.samples[0]["line"] == first + 2
    assert len(got.positions) == 601


HARMLESS = {
    "depth": {**envelope(), "more": json.loads('{"a":' * 500 + "1" + "}" * 500)},
    "long numbers": json.dumps(envelope(RateOfTurn=0)).replace(": 0", ": " + "9" * 4000),
    "null in a text": envelope(Text='} null, "'),
    "NUL": envelope(Name="\0"),
    "blanks around": "\t " + json.dumps(envelope()) + " \t",
    "nan": envelope(Sog=float("nan")),
}


@pytest.mark.parametrize("line", HARMLESS.values(), ids=HARMLESS.keys())
def test_odd_lines_that_are_right(read, line):
    got = read(feed(envelope(), line, "", "  ", envelope()))
    assert got.positions["source_offset"].tolist() == [1, 2, 5]
    assert got.report.other_lines == {"blank": 2}


def test_many_faults_among_good_lines(read):
    objects = [envelope() if i % 3 else HOSTILE["text for a number"] for i in range(1500)]
    objects[700:700] = [HOSTILE["two objects"], HOSTILE["null"]]
    got = read(feed(envelope(), *objects))
    assert got.report.rejected == {"json": 502}
    assert len(got.positions) == 1001


WORTH = [0, -1.5, 1e300, None, True, "x", [1], [], {}, {"Sog": "x"}, float("nan"), float("inf")]
ODD = ['{"a":%s}' % ("[" * 3000 + "]" * 3000), '{"Message":1e999}', '{"Message":%s}' % ("1" * 5000)]
ODD += [r'{"a":"\ud800"}', r'{"a":"\ud83d\ude00"}', '{"a":"\t"}', '{"a":1,"a":2}', '{"a":01}']


@pytest.mark.parametrize("seed", range(3))
def test_what_is_right_for_the_parser_is_right_alone(seed):
    """What is sorted out first, by Python, is what pyarrow has no table of."""
    objects = Objects(SCHEMA, lambda table: ({}, np.ones(len(table), bool)), indented=False)
    chance = random.Random(seed)
    lines = [envelope(Sog=worth) for worth in WORTH] + [envelope(time=worth) for worth in WORTH]
    texts = [ODD[0], *map(json.dumps, lines), *ODD[1:]]  # the first is too deep for Python
    texts += [text.replace('"Cog"', '"Sog"') for text in texts]
    for _ in range(300):
        text = list(chance.choice(texts[1 : len(lines) + 8]))
        where = chance.randrange(1, len(text))
        text[where : where + chance.choice((0, 1))] = chance.choice('{}[]",:0-+.eE\\unN ')
        texts.append("".join(text))
    safe = [line for text in texts if _is_safe(line := text.encode())]
    fits = {line: objects._fits(line) for line in safe}
    assert fits == {line: not objects._has_fault(line) for line in safe}
    assert {*fits.values()} == {True, False}


def test_lines_each_with_a_fault_are_not_parsed_one_by_one(read, monkeypatch):
    asked = []
    parse = pajson.read_json
    monkeypatch.setattr(pajson, "read_json", lambda *given: asked.append(given) or parse(*given))
    wrong = [
        envelope(Sog="fast"),
        '{"Message":{,}}',
        r'{"a":"\ud800"}',
        '{"Message":1,"Message":2}',
    ]
    feed_of_faults = feed(*wrong * 500, envelope())
    got = read(feed_of_faults)
    assert (len(got.positions), got.report.rejected) == (1, {"json": 2_000})
    assert len(asked) < 25


def test_an_overlong_line_is_counted_and_its_neighbours_stay(read):
    long = json.dumps({**envelope(), "more": "x" * 3_000_000})
    got = read(feed(envelope(), long, envelope()))
    assert got.report.rejected == {"overlong line": 1}
    assert got.positions["source_offset"].tolist() == [1, 3]


def test_a_recording_may_begin_in_the_middle_of_a_line(read):
    got = read(feed(json.dumps(envelope())[50:], envelope()))
    assert got.report.rejected == {"json": 1}
    assert got.positions["source_offset"].tolist() == [2]


def test_text_that_is_not_utf8(read):
    line = json.dumps(envelope("ShipStaticData", MessageID=5, Name="BLx")).encode()
    got = read(feed(envelope()).encode() + line.replace(b"BLx", b"BL\xc5") + b"\n")
    assert got.statics["name"].tolist() == ["BL\ufffd"]


# What isn't read


def test_messages_without_envelopes_have_no_times(read, shared):
    for content in (feed(POSITION), shared / "feeds/aisstream_json/positions.ndjson"):
        with pytest.raises(IngestError, match=r"no times, MetaData.time_utc is missing") as error:
            read(content)
        assert "envelope" in error.value.hint


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (feed({"a": 1, "b": 2}), "no key of it says", "a, b"),
        (feed({"MessageType": "X", "Message": {}}), r"has no MetaData(\n|$)", "MessageType"),
        (feed({**envelope(), "MetaData": {}}), r"has no MetaData.time_utc", "MetaData"),
        ('{"a":' * 50, "no objects", "JSON"),
    ],
)
def test_other_json_says_what_is_missing(read, content, message, hint):
    with pytest.raises(IngestError, match=message) as error:
        read(content)
    assert hint in error.value.hint


@pytest.mark.slow
def test_real_envelopes(read, shared):
    """One of each message type, as aisstream.io sends them; type 9 isn't a vessel's report."""
    paths = sorted((shared / "feeds/aisstream_json/sample").glob("*.json"))
    lines = [json.dumps(json.loads(path.read_text())) for path in paths]
    report = read("\n".join(lines)).report
    assert (report.rows_read, report.positions, report.statics) == (21, 3, 3)
    assert sum(report.other_messages.values()) == 16
    assert report.rejected == {}
    indented = [read(path).report for path in paths]
    assert sum(r.positions for r in indented) == 3
    assert sum(r.statics for r in indented) == 3


# Whatever happens


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["A", "Name", "ReportA", "Dimension", "UserID"]), inner)
    ),
    max_leaves=8,
)
BITS = st.sampled_from(
    [
        b"null",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"NaN",
        b"-Infinity",
        b"true",
        b"{}",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"} null",
        b"\t",
        b'"Message":',
        b"9" * 400,
        b"{}{}",
        b"\n{",
        b"}\n",
    ]
)


@pytest.mark.slow
@SETTINGS
@given(
    kind=st.sampled_from(["PositionReport", "ShipStaticData", "StaticDataReport", "Odd"]),
    key=st.sampled_from([*POSITION, "Name", "ReportA", "ReportB", "Dimension", "PartNumber"]),
    value=JSON,
    meta=JSON,
)
def test_values_of_any_kind_are_kept_or_counted(read, kind, key, value, meta):
    objects = [
        envelope(),
        envelope(kind, **{key: value}),
        envelope(time=value),
        {**envelope(), "MetaData": meta},
        {**envelope(), "Message": {kind: meta}},
        envelope(),
    ]
    got = read(feed(*objects))
    assert got.report.rows_read == 6
    assert {1, 6} <= set(got.positions["source_offset"])
    assert got.positions[["lat", "lon"]].abs().le([90, 180]).all().all()


@pytest.mark.slow
@SETTINGS
@given(data=st.data(), batch_rows=st.integers(2, 9))
def test_damage_never_crashes_and_batches_change_nothing(read, data, batch_rows):
    content = bytearray(feed(*(envelope(UserID=533900001 + i % 3) for i in range(12))).encode())
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, len(content)))
        what = data.draw(st.sampled_from(["put", "cut", "copy", "change"]))
        if what == "put":
            content[at:at] = data.draw(BITS)
        elif what == "cut":
            del content[at : at + data.draw(st.integers(1, 60))]
        elif what == "copy":
            content[at:at] = content[: data.draw(st.integers(0, 300))]
        else:
            content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
    whole = read_or_none(read, bytes(content))
    if whole is None:
        return
    parts = read(bytes(content), batch_rows=batch_rows)
    a, b = whole.report.to_dict(), parts.report.to_dict()
    assert len(a.pop("samples")) == len(b.pop("samples"))
    assert a == b
    if len(whole.positions):
        pd.testing.assert_frame_equal(
            whole.positions.assign(source=""), parts.positions.assign(source="")
        )
