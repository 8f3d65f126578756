"""Whatever happens to a feed: nothing crashes, nothing is made up, nothing is unaccounted for."""

import re
from functools import cache, reduce
from operator import xor

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import damaged
from tests.pipelines.ingest.conftest import read_or_none, sentences, tagged

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SENTENCE = re.compile(rb"!([A-Z]{2}VD[MO],[^*!]*)\*([0-9A-Fa-f]{2})")


@cache
def _feed() -> bytes:
    """Positions of all types, static data in parts, with tag blocks, suffixes and nothing."""
    lines: list[str] = []
    for i in range(12):
        mmsi, t = 533000000 + i, 1_700_000_000 + 2 * i
        lines.append(tagged(sentences(msg_type=(1, 18, 27)[i % 3], mmsi=mmsi, lat=i / 2), t))
        lines.append(sentences(mmsi=mmsi, lon=i)[0] + "\n")
        lines.append(f"{sentences(msg_type=3, mmsi=mmsi)[0]},r003669987,{t}\n")
        one, two = sentences(msg_type=5, mmsi=mmsi, shipname=f"V {i}", seq_id=i % 4)
        lines.append(tagged([one], t, "east") + "$ABVSI,x*00\n" + tagged([two], t, "east"))
        lines.append(tagged(sentences(msg_type=24, partno=i % 2, mmsi=mmsi, callsign="X"), t))
        lines.append(tagged(sentences(msg_type=19, mmsi=mmsi, shipname="W"), t))
    return "".join(lines).encode()


def whole_sentences(line: bytes) -> bool:
    """By a slow and obvious way: whether some sentence on a line has a right checksum."""
    return any(reduce(xor, body, 0) == int(said, 16) for body, said in SENTENCE.findall(line))


@SETTINGS
@given(data=st.data())
def test_damage_never_crashes_and_no_row_comes_from_a_damaged_sentence(read, data):
    content = data.draw(damaged((_feed(),)))
    got = read_or_none(read, content)
    if got is None:
        return
    for frame in (got.positions, got.statics):
        for offset in frame["source_offset"] if len(frame) else []:
            assert whole_sentences(re.split(rb"[\r\n]", content[offset:].lstrip(b"\r\n"))[0])


@pytest.mark.slow
@SETTINGS
@given(data=st.data(), batch_rows=st.integers(5, 70))
def test_the_size_of_batches_changes_nothing(read, data, batch_rows):
    content = data.draw(damaged((_feed(),)))
    whole = read_or_none(read, content)
    if whole is None:
        return
    parts = read(content, batch_rows=batch_rows)
    a, b = whole.report.to_dict(), parts.report.to_dict()
    # Batches end between checks, so that which five samples are kept may differ.
    samples = a.pop("samples"), b.pop("samples")
    assert len(samples[0]) == len(samples[1])
    assert a == b
    for one, other in ((whole.positions, parts.positions), (whole.statics, parts.statics)):
        pd.testing.assert_frame_equal(
            one.assign(source=""), other.assign(source=""), check_dtype=len(one) > 0
        )


@pytest.mark.slow
@SETTINGS
@given(data=st.data(), batch_rows=st.integers(3, 30))
def test_damaged_tables_never_crash_and_batches_change_nothing(read, data, batch_rows):
    header = b"MMSI,BaseDateTime,LAT,LON,SOG,VesselName,Length\n"
    rows = b"".join(
        b'53300000%d,2024-01-01T00:00:%02d,%d.5,100.25,12.5,"NAME, %d",%d\n'
        % (i % 3, i, i, i % 4, 10 * i)
        for i in range(20)
    )
    content = header + data.draw(damaged((rows,)))
    whole = read_or_none(read, content)
    if whole is None:
        return
    parts = read(content, batch_rows=batch_rows)
    a, b = whole.report.to_dict(), parts.report.to_dict()
    a.pop("samples"), b.pop("samples")
    assert a == b


@settings(max_examples=40, deadline=None)
@given(
    content=st.binary(max_size=2000),
    magic=st.sampled_from(
        [
            b"",
            b"\x1f\x8b\x08\0",
            b"\x28\xb5\x2f\xfd",
            b"PK\x03\x04",
            b"!AIVDM,1,1,,A,",
            b"\xef\xbb\xbf",
        ]
    ),
)
def test_rubbish_is_a_clear_error_or_all_rejected(read, content, magic):
    got = read_or_none(read, magic + content)
    assert got is None or len(got.positions) == 0
