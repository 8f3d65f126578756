"""Feeds whose two clocks contradict one another, by fault or by design."""

import functools
import operator
import re
import resource
from datetime import UTC, datetime

import numpy as np
import pytest
from pyais.encode import encode_dict

from pipelines.base.labels import labels
from pipelines.base.spoken import spoken
from pipelines.ingest import FeedFile, IngestOptions, decode
from pipelines.ingest.aivdm import Decoder
from pipelines.ingest.clocks import in_words

RECEIVED = 1_384_257_600


def summed(sign: str, body: str) -> str:
    return f"{sign}{body}*{functools.reduce(operator.xor, body.encode(), 0):02X}"


def position(number: int, second: int = 60) -> str:
    fields = {"lat": 3.0, "lon": 100.0 + number / 1000, "mmsi": 533000001 + number, "msg_type": 1}
    return str(encode_dict(fields | {"second": second}, talker_id="AI")[0])


def base(mmsi: int, epoch: float) -> str:
    at = datetime.fromtimestamp(epoch, UTC)
    names = ("year", "month", "day", "hour", "minute", "second")
    said = {name: getattr(at, name) for name in names} | {"lat": 3.0, "lon": 100.5}
    return str(encode_dict({"mmsi": mmsi, "msg_type": 4} | said, talker_id="AI")[0])


def wrapper(named: int, second: int) -> str:
    minute, second = divmod(second, 60)
    return summed("$", f"PGHP,1,2013,11,12,12,{minute},{second},0,316,3,316999999,1,{named:02X}")


@pytest.fixture
def read(tmp_path):
    def _read(lines):
        path = tmp_path / "feed.nmea"
        path.write_text("\n".join(lines) + "\n")
        decoding = decode(FeedFile.of(path, path.name), IngestOptions())
        times = [t for batch in decoding for t in batch.heard[1].tolist()]
        assert decoding.report.unaccounted == 0
        return decoding.report, times

    return _read


def test_wrappers_that_name_wrong_checksums_date_nothing_by_themselves(read):
    """The sentences can't be named: they have the time around them or are refused, and counted."""
    lines = []
    for n in range(200):
        one = position(n)
        wrong = int(one[-2:], 16) ^ 0x80
        epoch = RECEIVED + 7_200 + n
        lines += [f"{one},{epoch}", f"{wrapper(wrong, 60 * (n // 50) + n % 50)},{epoch}"]
    report, times = read(lines)
    assert len(times) + report.rejected.get("delivery time", 0) == 200
    received = [RECEIVED + 60 * (n // 50) + n % 50 for n in range(200)]
    assert all(min(received) - 10 <= t / 1e6 <= max(received) + 10 for t in times)
    assert any("delivery" in said for said in in_words(report.to_dict()))


def test_millions_of_wrappers_without_sentences_take_no_memory():
    decoder = Decoder()
    block = ("\n".join(wrapper(n % 256, n % 3_000) for n in range(20_000)) + "\n").encode()
    for _ in decoder.stream(block):
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        for columns in decoder.stream(block):
            assert not len(columns.positions)
    assert len(decoder._unwrapping._wrappers) < 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    for _ in decoder.stream_end():
        pass
    assert decoder.counts["unmatched_wrappers"] == 101 * 20_000


def test_one_checksum_named_over_and_over_dates_each_sentence_once(read):
    one = position(1)
    named = int(one[-2:], 16)
    lines = [wrapper(named, n) for n in range(30)] + [one, "#", one, "#", one]
    _report, times = read(lines)
    assert [t // 1_000_000 - RECEIVED for t in times] == [29, 28, 27]
    assert len(set(times)) == len(times)


def test_a_wrapper_of_another_year_dates_only_what_it_names(read):
    a, b = position(1), position(2)
    forged = summed("$", f"PGHP,1,1999,1,1,0,0,0,0,316,3,1,1,{a[-2:]}")
    _, times = read([f"{a},{RECEIVED}", *["#"] * 12, forged, *["#"] * 12, f"{b},{RECEIVED + 1}"])
    assert times == [915_148_800_000_000, (RECEIVED + 1) * 1_000_000]


def test_times_of_delivery_alone_are_noticed(read):
    rng = np.random.default_rng(3)
    lines = []
    for n in range(400):
        delivered = RECEIVED + n + int(rng.integers(900, 7_200))
        lines.append(f"{position(n % 50, second=n % 60)},{delivered}")
    report, _ = read(lines)
    (said,) = [one for one in in_words(report.to_dict()) if "UTC second" in one]
    assert "aren't those of reception" in said


def test_a_receivers_clock_that_is_wrong_is_noticed_and_a_right_one_isnt(read):
    def feed(off):
        return [f"{position(n % 50, second=n % 60)},{RECEIVED + n + 1 + off}" for n in range(400)]

    assert in_words(read(feed(0))[0].to_dict()) == []
    (said,) = in_words(read(feed(25))[0].to_dict())
    assert "s fast" in said
    # Seconds alone don't tell which way: one of both is right, give or take some seconds.
    (said,) = in_words(read(feed(100))[0].to_dict())
    slow_s, fast_s = map(int, re.findall(r"(\d+) s (?:slow|fast)", said))
    assert slow_s + fast_s == 60
    assert fast_s == pytest.approx(100 - 60, abs=8)
    english = said.partition(": ")[2] if said.startswith("receiver") else said
    assert not spoken(labels("ms"), f"receiver R-1: {english}")[1]


def test_a_receiver_whose_times_are_cut_to_the_minute_has_no_wrong_clock(read):
    """Its seconds agree with none of those inside its reports, whatever its clock says."""
    rng = np.random.default_rng(5)
    seconds = np.cumsum(rng.integers(2, 30, 400))
    lines = [
        f"{position(n % 50, second=(RECEIVED + s) % 60)},{(RECEIVED + s) // 60 * 60}"
        for n, s in enumerate(seconds.tolist())
    ]
    assert in_words(read(lines)[0].to_dict()) == []


@pytest.mark.parametrize(
    ("off_s", "told"),
    [(570, "about 9 min fast"), (-570, "about 10 min slow"), (0, ""), (59, ""), (-25, "")],
)
def test_base_stations_tell_of_a_clock_of_whole_minutes_that_is_wrong(read, off_s, told):
    """Its seconds tell nothing; that is no reason not to ask who says the whole time."""
    lines = []
    for n in range(400):
        heard = RECEIVED + 7 * n
        one = position(n % 50, second=heard % 60)
        if n % 10 == 0:
            one = base(5_330_001 + n % 3, heard)
        lines.append(f"{one},{(heard + off_s) // 60 * 60}")
    said = in_words(read(lines)[0].to_dict())
    assert len(said) == bool(told)
    for text in said:
        assert text.endswith(f"its clock is {told}, by 40 reports of 3 base stations")
        assert spoken(labels("ms"), f"receiver R-1: {text}")[1] is False


def test_what_is_counted_of_receivers_is_bounded(read):
    lines = [f"\\{summed('', f's:r{n},c:{RECEIVED + n}')}\\{position(1)}" for n in range(3_000)]
    report, times = read(lines)
    assert len(times) == 3_000
    assert len(report.clocks) <= 1


def test_receivers_made_up_by_the_thousand_move_nobody_unsaid(read):
    """Few pairs tell of each; where they outnumber all others, whom they moved is said."""
    honest = [f"H{n}" for n in range(4)]

    def lines(made_up: int, rows: int = 3_000):
        for n in range(rows):
            # Every other sentence is theirs, of a day ago.
            fake = made_up and n % 2
            name = f"X{n // 2 % made_up}" if fake else honest[n // 2 % 4]
            block = f"s:{name},c:{RECEIVED + n - 86_400 * bool(fake)}"
            yield f"\\{summed('', block)}\\{position(n % 100)}"

    for made_up in (2, 4_000):
        report, times = read(lines(made_up))
        assert {round(t / 1e6) - RECEIVED - n for n, t in enumerate(times)} == {0, -86_400}
        assert not [one for one in report.clocks if one.get("put_right")]
    report, times = read(lines(40))
    moved = [one for one in report.clocks if one.get("put_right")]
    assert {one["receiver"] for one in moved} == set(honest)
    put_right = sum(t / 1e6 == RECEIVED + n - 86_400 for n, t in enumerate(times) if n % 2 == 0)
    assert sum(one["reports"] for one in moved) == put_right > 1_000
