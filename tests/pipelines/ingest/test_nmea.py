"""AIVDM and AIVDO: values, sentinels, parts, times, exercises."""

import functools

import numpy as np
import pandas as pd
import pytest

from pipelines.ingest import FeedFile, IngestError, IngestOptions, decode
from pipelines.ingest.aivdm import compiled, decoder
from pipelines.ingest.aivdm.limits import PARTS_WITHIN_SENTENCES
from tests.pipelines.ingest.conftest import checksummed, sentences, tagged

# Values


@pytest.mark.parametrize(("msg_type", "ais_class"), [(1, "A"), (2, "A"), (3, "A"), (18, "B")])
def test_position_report(read, t0, msg_type, ais_class):
    lines = sentences(
        msg_type=msg_type, lat=1.2345, lon=103.9876, speed=12.3, course=271.4, heading=270, status=5
    )
    row = read(tagged(lines)).positions.iloc[0]
    assert (row["mmsi"], row["time"]) == (533000001, t0)
    assert row[["lat", "lon"]].tolist() == pytest.approx([1.2345, 103.9876], abs=1e-6)
    assert row[["sog_kn", "cog_deg", "heading_deg"]].tolist() == pytest.approx([12.3, 271.4, 270])
    assert row["nav_status"] == (15 if msg_type == 18 else 5)
    assert (row["msg_type"], row["ais_class"], row["source_offset"]) == (msg_type, ais_class, 0)


def test_long_range_report_has_its_own_units(read):
    lines = sentences(msg_type=27, lat=-1.25, lon=-104.5, speed=14, course=359, status=0)
    row = read(tagged(lines)).positions.iloc[0]
    assert row[["lat", "lon"]].tolist() == pytest.approx([-1.25, -104.5], abs=1 / 600)
    assert (row["sog_kn"], row["cog_deg"], row["msg_type"], row["ais_class"]) == (14, 359, 27, "")
    assert np.isnan(row["heading_deg"])


@pytest.mark.parametrize(
    ("msg_type", "fields"),
    [
        (1, {"speed": 102.3, "course": 360.0, "heading": 511}),
        (18, {"speed": 102.3, "course": 360.0, "heading": 511}),
        (27, {"speed": 63, "course": 511}),
    ],
)
def test_sentinels_become_nulls(read, msg_type, fields):
    row = read(tagged(sentences(msg_type=msg_type, **fields))).positions.iloc[0]
    assert row[["sog_kn", "cog_deg", "heading_deg"]].isna().all()


def test_the_highest_real_values_are_kept(read):
    row = read(tagged(sentences(speed=102.2, course=359.9, heading=359))).positions.iloc[0]
    assert row[["sog_kn", "cog_deg", "heading_deg"]].tolist() == pytest.approx([102.2, 359.9, 359])
    row = read(tagged(sentences(msg_type=27, speed=62, course=0))).positions.iloc[0]
    assert row[["sog_kn", "cog_deg"]].tolist() == [62, 0]


@pytest.mark.parametrize("msg_type", [1, 18, 27])
@pytest.mark.parametrize("place", [{"lat": 91.0}, {"lon": 181.0}, {"lat": 91.0, "lon": 181.0}])
def test_no_position_is_rejected(read, msg_type, place):
    got = read(tagged([*sentences(), *sentences(msg_type=msg_type, **place)]))
    assert got.report.rejected == {"no position": 1}
    assert len(got.positions) == 1


def test_position_out_of_range_is_rejected(read):
    edges = [*sentences(lat=90, lon=180), *sentences(lat=-90, lon=-180)]
    got = read(tagged([*edges, *sentences(lat=-90.5), *sentences(lon=190.5)]))
    assert got.report.rejected == {"position": 2}
    assert got.positions["lat"].tolist() == [90, -90]


@pytest.mark.parametrize("mmsi", [0, 999_999, 10_000_000, 99_999_999, 1_000_000_000])
def test_an_mmsi_that_is_not_nine_digits_is_rejected_never_padded(read, mmsi):
    got = read(tagged([*sentences(), *sentences(mmsi=mmsi), *sentences(msg_type=5, mmsi=mmsi)]))
    assert got.report.rejected == {"mmsi": 2}
    assert got.positions["mmsi"].tolist() == [533000001]


@pytest.mark.parametrize("mmsi", [111232506, 970010001, 982330001, 992351000, 2190067, 9_812_345])
def test_other_transmitters_of_position_reports_are_kept(read, mmsi):
    assert read(tagged(sentences(mmsi=mmsi))).positions["mmsi"].tolist() == [mmsi]


# Static data


def test_static_data_of_class_a(read, t0):
    lines = sentences(
        msg_type=5,
        imo=9074729,
        shipname="SELAT SATU",
        callsign="9MAB1",
        ship_type=80,
        to_bow=150,
        to_stern=30,
        to_port=12,
        to_starboard=20,
        draught=11.4,
        destination="PORT KLANG",
    )
    row = read(tagged(lines)).statics.iloc[0]
    assert row.to_dict() == {
        "mmsi": 533000001,
        "time": t0,
        "imo": 9074729,
        "name": "SELAT SATU",
        "callsign": "9MAB1",
        "ship_type": 80,
        "length_m": 180.0,
        "beam_m": 32.0,
        "draught_m": 11.4,
        "destination": "PORT KLANG",
        "ais_class": "A",
        "source": row["source"],
        "source_offset": 0,
    }


def test_what_static_data_do_not_say_is_empty(read):
    row = read(tagged(sentences(msg_type=5, imo=0, ship_type=0))).statics.iloc[0]
    assert (row["imo"], row["name"], row["callsign"], row["destination"]) == (0, "", "", "")
    assert row[["length_m", "beam_m", "draught_m"]].isna().all()


def test_parts_a_and_b_are_rows_of_their_own(read):
    a = sentences(msg_type=24, partno=0, shipname="IKAN DUA")
    b = sentences(
        msg_type=24,
        partno=1,
        ship_type=30,
        callsign="9WXX",
        to_bow=10,
        to_stern=5,
        to_port=2,
        to_starboard=3,
    )
    first, second = (row for _, row in read(tagged([*a, *b])).statics.iterrows())
    assert (first["name"], first["callsign"], first["ship_type"]) == ("IKAN DUA", "", -1)
    assert first[["length_m", "beam_m", "draught_m"]].isna().all()
    assert (second["name"], second["callsign"], second["ship_type"]) == ("", "9WXX", 30)
    assert (second["length_m"], second["beam_m"], second["ais_class"]) == (15, 5, "B")


def test_a_boats_mother_ship_is_not_taken_for_its_dimensions(read):
    lines = sentences(msg_type=24, partno=1, mmsi=982330001, mothership_mmsi=533000009)
    got = read(tagged(lines))
    assert got.statics[["length_m", "beam_m"]].isna().all(axis=None)


def test_extended_class_b_report_is_position_and_static(read):
    lines = sentences(msg_type=19, shipname="PENUMPANG", ship_type=60, to_bow=20, to_stern=4)
    got = read(tagged(lines))
    assert (len(got.positions), len(got.statics), got.report.also_static) == (1, 1, 1)
    assert got.statics.loc[0, ["name", "ship_type", "length_m"]].tolist() == ["PENUMPANG", 60, 24]
    assert (got.positions["ais_class"] == "B").all()


def test_names_keep_leading_blanks_and_end_at_the_first_at_sign(read):
    characters = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
    bits = f"{24:06b}{0:02b}{533000001:030b}{0:02b}"
    bits += "".join(f"{characters.index(c):06b}" for c in "  LEDANG @XY        ") + "0" * 8
    values = [int(bits[i : i + 6], 2) for i in range(0, len(bits), 6)]
    payload = "".join(chr(v + 48 + (8 if v > 39 else 0)) for v in values)
    got = read(tagged([checksummed(f"!AIVDM,1,1,,A,{payload},0")]))
    assert got.statics["name"].tolist() == ["  LEDANG"]


def test_other_messages_are_counted_by_type(read):
    got = read(tagged([*sentences(), *sentences(msg_type=4), *sentences(msg_type=21)]))
    assert got.report.other_messages == {"type 4": 1, "type 21": 1}


# Lines


def test_every_rejected_line_has_a_reason_and_a_bounded_escaped_sample(read):
    good = tagged(sentences())
    bad = good.replace(",0*", ",2*")
    got = read(good + bad * 7 + "\x1b[31mrubbish" + "x" * 5000 + "\n" + good)
    assert len(got.positions) == 2
    assert got.report.rejected == {"checksum": 7, "not a sentence": 1}
    samples = got.report.to_dict()["samples"]
    after = len(good) + 7 * len(bad)
    assert [s["line"] for s in samples] == [*(len(good) + k * len(bad) for k in range(5)), after]
    assert all(len(s["text"]) <= 200 and s["text"].isprintable() for s in samples)
    assert r"\x1b[31m" in samples[-1]["text"]


def test_lines_that_are_not_ais_are_counted_not_lost(read):
    others = (
        "# comment\n\n$BSALR,,006,V,V,general failure*62\n$ABVSI,Nobbys Head,7,1,87,-70,42*79\n"
        "\\si:AISD*3F\\\n$PGHP,1,x*00\n"
    )
    got = read(others + tagged(sentences()))
    named = ("comment", "blank", "$BSALR", "$ABVSI", "tag block", "$PGHP")
    assert got.report.other_lines == dict.fromkeys(named, 1)
    assert got.report.rejected == {}
    assert got.positions["source_offset"].tolist() == [len(others)]


@pytest.mark.parametrize("talker", ["AI", "AB", "AD", "AN", "AR", "AS", "AT", "AX", "BS", "SA"])
@pytest.mark.parametrize("kind", ["VDM", "VDO"])
def test_talkers(read, talker, kind):
    body = sentences()[0].replace("AIVDM", talker + kind).partition("*")[0]
    assert len(read(tagged([checksummed(body)])).positions) == 1


# Multi-part messages


@pytest.fixture
def ship():
    """Two parts of a static message."""

    def _ship(mmsi: int = 533000001, seq: int = 3, channel: str = "A", name: str = "SELAT"):
        return sentences(
            msg_type=5,
            mmsi=mmsi,
            shipname=name,
            destination="MELAKA",
            seq_id=seq,
            radio_channel=channel,
        )

    return _ship


def test_parts_are_joined_in_any_order_with_the_time_of_the_first(read, ship, t0):
    one, two = ship()
    for text in (
        tagged([one], 1_700_000_000) + tagged([two], 1_700_000_004),
        tagged([two], 1_700_000_004) + tagged([one], 1_700_000_000),
    ):
        got = read(text)
        assert got.statics["name"].tolist() == ["SELAT"]
        assert got.statics["time"].tolist() == [t0]
        assert got.report.joined_parts == 1


def test_interleaved_messages_are_kept_apart(read, ship):
    a, b = ship(533000001, channel="A", name="ALPHA"), ship(533000002, channel="B", name="BRAVO")
    c = ship(533000003, seq=4, name="CHARLIE")
    got = read(tagged([a[0], b[0], c[0], c[1], b[1], a[1]]))
    assert dict(zip(got.statics["mmsi"], got.statics["name"], strict=True)) == {
        533000001: "ALPHA",
        533000002: "BRAVO",
        533000003: "CHARLIE",
    }


def test_copies_from_a_second_receiver_are_counted(read, ship):
    one, two = ship()
    got = read(tagged([one, one, two, two]))
    assert (len(got.statics), got.report.duplicate_parts, got.report.rejected) == (1, 2, {})


def test_a_part_does_not_wait_forever(read, ship):
    one, two = ship()
    between = tagged(sentences() * (PARTS_WITHIN_SENTENCES + 1))
    got = read(tagged([one]) + between + tagged([two]))
    assert len(got.statics) == 0
    assert got.report.rejected == {"incomplete multi-part": 2}
    got = read(tagged([one], 1_700_000_000) + tagged([two], 1_700_000_030))
    assert got.report.rejected == {"incomplete multi-part": 2}


def test_a_new_first_part_replaces_the_one_before(read, ship):
    stale, (one, two) = ship(533000009, name="OLD"), ship(533000001, name="NEW")
    got = read(tagged([stale[0], one, two]))
    assert got.statics["name"].tolist() == ["NEW"]
    assert got.report.rejected == {"incomplete multi-part": 1}


# Times


@pytest.mark.parametrize(
    ("before", "after", "time"),
    [
        ("1327664821.25 ", "", "2012-01-27T11:47:01.25"),
        ("\\s:x*31\\", ",1327664821", "2012-01-27T11:47:01"),
        ("2012-01-27T11:47:01Z \\s:x*31\\", "", "2012-01-27T11:47:01"),
    ],
)
def test_where_a_time_may_stand(read, before, after, time):
    got = read(f"{before}{sentences()[0]}{after}\n")
    assert got.positions["time"].tolist() == [pd.Timestamp(time, tz="UTC")]
    assert got.report.time_from_neighbours == 0


@pytest.mark.parametrize("time", [0, 12, 788_918_399, 99_999_999_999])
def test_absurd_times_are_rejected(read, time, assumed):
    got = read(tagged(sentences()) + tagged(sentences(), time), not_after=assumed)
    assert got.report.rejected == {"time": 1}
    assert len(got.positions) == 1


def test_times_after_the_latest_are_rejected(read, t0):
    text = tagged(sentences(), 1_700_000_000) + tagged(sentences(), 1_700_000_001)
    got = read(text, not_after=t0.to_pydatetime())
    assert got.report.rejected == {"future": 1}
    assert got.report.to_dict()["waiting"] == {
        "rows": 1,
        "vessels": 1,
        "first_time": "2023-11-14T22:13:21Z",
        "last_time": "2023-11-14T22:13:21Z",
    }


def test_between_two_near_times_a_sentence_has_the_time_of_the_first(read, t0):
    bare = "\n".join([*sentences(lat=1.0), *sentences(msg_type=5)]) + "\n"
    near = tagged(sentences(), 1_700_000_000) + bare + tagged(sentences(), 1_700_000_010)
    got = read(near)
    assert got.report.time_from_neighbours == 2
    assert got.positions.loc[got.positions["lat"] < 2, "time"].tolist() == [t0]
    assert got.statics["time"].tolist() == [t0]
    far = tagged(sentences(), 1_700_000_000) + bare + tagged(sentences(), 1_700_000_011)
    for text, options in (
        (far, {}),
        (near, {"neighbour_gap_s": 0}),
        (far[: far.rindex("\\s")], {}),
    ):
        got = read(text, **options)
        assert got.report.rejected == {"no time": 2}
        assert got.report.time_from_neighbours == 0


def test_a_feed_without_times_is_an_error_unless_a_time_is_to_be_assumed(read, assumed):
    text = "\n".join([*sentences(), *sentences(msg_type=5), *sentences(msg_type=4)])
    with pytest.raises(IngestError, match="no times") as error:
        read(text)
    assert error.value.exit_code == 3
    assert "assume" in error.value.hint
    got = read(text, assume_start=assumed)
    assert (got.report.time_assumed, got.report.to_dict()["time_assumed"]) == (2, 2)
    assert set(got.positions["time"]) | set(got.statics["time"]) == {pd.Timestamp(assumed)}


def test_a_time_is_not_assumed_for_a_feed_that_has_times(read, assumed):
    timed = tagged(sentences())
    assert read(timed, assume_start=assumed).report.time_assumed == 0
    with pytest.raises(IngestError, match="times of its own"):
        read(sentences()[0] + "\n" + timed, assume_start=assumed)


# Exercises


def test_simulated_feeds_are_recognised_and_not_mixed(read, ship):
    simulated = tagged([*sentences(), *ship()], station="SELATSIM-KLANG")
    assert read(simulated).report.simulated
    assert not read(tagged(sentences())).report.simulated
    for mixed in (simulated + tagged(sentences()), sentences()[0] + "\n" + simulated):
        with pytest.raises(IngestError, match="mixed"):
            read(mixed)


def test_damage_in_a_simulated_feed_is_not_taken_for_mixture(read):
    line = tagged(sentences(), station="SELATSIM1")
    damaged = [line[5:], line.replace("SELATSIM", "SELATSIN"), line[:-10] + "\n", line[:40] + line]
    assert read(line + "".join(damaged) + line).report.simulated


# Area


def test_positions_outside_the_area_are_counted_static_data_kept(read):
    from pipelines.ingest import Area

    text = tagged([*sentences(lon=100.0), *sentences(lon=10.0), *sentences(msg_type=5)])
    got = read(text, area=Area.parse("94,-1.5,106,9"))
    assert (len(got.positions), len(got.statics), got.report.outside_area) == (1, 1, 1)
    assert len(read(text).positions) == 2


# Places, and the decoder's compilation


def test_the_compilation_is_announced_before_it_begins(tmp_path, monkeypatch):
    entries = compiled.kernel()
    # Not compiled yet, as far as it can be seen from outside.
    cold = entries._replace(cold=True, scan=functools.partial(entries.scan))
    monkeypatch.setattr(decoder, "kernel", lambda: cold)
    path = tmp_path / "feed"
    path.write_text(tagged(sentences()))
    said = []
    list(decode(FeedFile(path, "feed", "0" * 64), IngestOptions(), announce=said.append))
    assert said == [compiled.MESSAGE]
