"""Real feeds, read in place: what is known of each from its source is what comes out."""

import pandas as pd
import pytest

from pipelines.ingest import IngestError, discover


def count(read, path, **options):
    got = read(path, **options)
    return got.report, got


def test_australian_log_most_of_it_without_times_of_its_own(read, shared):
    report, got = count(read, shared / "feeds/amsa_terrestrial_2012_2h/ais.txt.gz")
    # Its source counts 32,518 sentences, 24,349 positions of 1,548 vessels, and 1,739 bad lines;
    # coast stations and positions that are "not available" among them.
    assert report.messages == pytest.approx(32_518, abs=5)
    assert report.vessels == pytest.approx(1_548, rel=0.02)
    assert report.positions == pytest.approx(24_349, rel=0.04)
    assert report.rejected["malformed"] > 1_500
    assert report.rejected["no time"] < 100
    assert sum(report.other_lines.values()) > 10_000
    assert report.time_from_neighbours > 20_000
    assert got.positions["time"].min() > pd.Timestamp("2012-01-27T09:55Z")
    assert got.positions["time"].max() < pd.Timestamp("2012-01-27T11:54Z")


def test_strictly_own_times_leave_few_of_them(read, shared):
    path = shared / "feeds/amsa_terrestrial_2012_2h/ais.txt.gz"
    report, _ = count(read, path, neighbour_gap_s=0)
    assert report.time_from_neighbours == 0
    assert 500 < report.positions < 1_000
    assert report.rejected["no time"] > 20_000


def test_tag_blocks_whose_checksum_was_never_computed(read, shared):
    path = shared / "feeds/amsa_terrestrial_2012_2h/nmea-timestamped.txt"
    report, _ = count(read, path)
    assert (report.messages, report.positions) == (100, 99)


def test_danish_log_with_wrapper_lines(read, shared):
    report, got = count(read, shared / "feeds/dma_sample_5min/ais-sample.txt.gz")
    assert (report.rows_read, report.joined_parts) == (26_146, 69)
    assert report.positions == pytest.approx(24_688, rel=0.01)
    assert report.vessels == pytest.approx(1_438, abs=5)
    assert report.rejected.get("no time", 0) <= 2
    span = got.positions["time"].agg(["min", "max"])
    assert span.min() >= pd.Timestamp("2013-11-12T12:00Z")
    assert span.max() < pd.Timestamp("2013-11-12T12:05Z")
    assert (got.positions["time"].dt.microsecond > 0).mean() > 0.9


def test_grouped_tag_blocks(read, shared):
    report, _ = count(read, shared / "feeds/nmea_usnais_30s/ais_2016_07_28_aa.gz")
    assert report.rows_read == 59_402
    assert report.vessels == pytest.approx(6_223, abs=20)
    assert report.joined_parts > 1_800
    assert "incomplete multi-part" not in report.rejected
    assert "no time" not in report.rejected


@pytest.mark.parametrize(
    ("name", "sentences", "positions"),
    [("Ais1000Lines.nm4", 1000, 743), ("test.ais", 985, 658), ("test_data_20211101.nm4", 997, 913)],
)
def test_small_logs(read, shared, name, sentences, positions):
    report, _ = count(read, shared / "feeds/nmea_small" / name)
    assert (report.rows_read, report.positions) == (sentences, positions)
    assert set(report.rejected) <= {"no position", "mmsi"}


def test_log_without_times(read, shared, assumed):
    path = shared / "feeds/nmea_aishub_85k/nmea-sample.gz"
    with pytest.raises(IngestError, match="no times: 7"):
        count(read, path)
    report, got = count(read, path, assume_start=assumed)
    assert report.rows_read == pytest.approx(85_194, abs=10)
    assert report.positions + report.rejected["no position"] == pytest.approx(73_602, rel=0.02)
    assert set(got.positions["time"]) == {pd.Timestamp(assumed)}


@pytest.mark.parametrize(
    ("path", "layout", "rows", "positions", "vessels"),
    [
        ("sg_tankers_nus/raw_9343340.csv", "sg-tankers", 8_793, 8_793, 1),
        ("sg_launch_msf_happy/vessel-data.csv", "launch", 4_485, 4_485, 1),
        ("solent_2016/SolentAIS_20160112_130211.csv", "solent", 18_623, 18_623, 91),
        (
            "baltic_2018/decoded_reports_baltic_all_ships_april_2018_micro_20k_sample_ais_data.csv",
            "baltic",
            19_999,
            19_999,
            387,
        ),
        ("noaa_marinecadastre_sample/test_data_noaa_20230101.csv", "noaa-2015", 1_000, 998, 998),
        ("noaa_marinecadastre_sample/noaa_test_track.csv", "atlantes", 999, 999, 1),
        ("noaa_marinecadastre_sample/badMMSIData.csv", "noaa-2015", 10, 9, 9),
        ("noaa_marinecadastre_sample/badTimeData.csv", "noaa-2015", 10, 9, 9),
        ("dma_csv_sample/aisdk_header.csv", "dma", 138, 116, 115),
        ("exactearth_csv_2021/test_data_20210701.csv", "exactearth", 2_498, 2_334, 2_208),
    ],
)
def test_tables(read, shared, path, layout, rows, positions, vessels):
    report, _ = count(read, shared / "feeds" / path)
    assert report.format == layout
    assert (report.rows_read, report.positions, report.vessels) == (rows, positions, vessels)


def test_values_of_the_tankers_in_the_strait(read, shared):
    _, got = count(read, shared / "feeds/sg_tankers_nus/raw_9343340.csv")
    first = got.positions.iloc[0]
    assert first["time"] == pd.Timestamp("2013-09-15T17:30:35Z")
    assert first[["lat", "lon"]].tolist() == pytest.approx([1.240733, 103.905267], abs=1e-6)
    assert first[["sog_kn", "cog_deg", "heading_deg"]].tolist() == [5.5, 202.0, 210.0]


def test_values_of_the_launch_day_first_utc(read, shared):
    _, got = count(read, shared / "feeds/sg_launch_msf_happy/vessel-data.csv")
    first = got.positions.iloc[0]
    assert first["time"] == pd.Timestamp("2025-07-08T04:41Z")
    assert first["source_offset"] == 3
    assert got.statics.iloc[0][["name", "length_m", "beam_m"]].tolist() == ["MSF HAPPY", 18, 6]


def test_folders(shared, tmp_path):
    feeds = discover([str(shared / "feeds/amsa_terrestrial_2012_2h")], tmp_path)
    assert [feed.path.name for feed in feeds] == ["ais.txt.gz", "nmea-timestamped.txt"]
    assert [name.rpartition("/")[2] for name, _ in feeds.skipped] == ["SOURCE.txt"]
    with pytest.raises(IngestError, match="no feed in the folder"):
        discover([str(shared / "feeds/registry_id_ais_static")], tmp_path)
    feeds = discover([str(shared / "feeds/aisstream_json")], tmp_path)
    assert len(feeds) == 22
    assert [name.rpartition("/")[2] for name, _ in feeds.skipped] == ["SOURCE.txt"]


@pytest.mark.parametrize(
    ("feed", "rows", "statics"),
    [
        ("noaa_marinecadastre_sample/badHeaders.csv", 10, 10),
        ("gfw_shared_number/412334074_seg2.csv.gz", 4_414, 0),
        ("gpsdio_segment/263576000.json", 928, 0),
    ],
)
def test_feeds_that_nobody_described(read, shared, feed, rows, statics):
    got = read(shared / "feeds" / feed)
    assert got.report.format == "column-names"
    assert (got.report.positions, got.report.statics) == (rows, statics)
    assert {"time", "sog_kn", "cog_deg"} <= set(got.report.read_as)


def test_all_damage_of_many_logs(read, shared):
    report, _ = count(read, shared / "corpora/corpus_real_dirty.nmea")
    assert report.messages > 60_000
    assert report.rejected["malformed"] > 1_500


def test_all_whole_sentences_of_many_logs(read, shared, assumed):
    report, _ = count(read, shared / "corpora/corpus_real_distinct.nmea", assume_start=assumed)
    assert "checksum" not in report.rejected
    assert report.messages > 47_000
