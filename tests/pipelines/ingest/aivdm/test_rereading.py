"""Messages again by their place, through pyais."""

import pytest

from pipelines.ingest.aivdm import reread
from pipelines.ingest.aivdm.rereading import RereadError
from tests.pipelines.ingest.aivdm.conftest import decoded, sentence


def test_every_message_can_be_reread_at_its_offset(samples, tmp_path):
    one, two = samples["parts"]
    feed = (
        b"noise\n"
        + sentence(msg_type=14, mmsi=533_000_001, text="HELLO")
        + samples["tagged"](b"s:here,c:1700000000", one)
        + b"\n"
        + samples["good"]
        + b"\n"
        + samples["tagged"](b"s:here,c:1700000000", two)
        + b"\r\n"
        + sentence(msg_type=8, mmsi=533_000_001, dac=1, fid=22, data=b"x" * 30)
    )
    got = decoded(feed)
    path = tmp_path / "feed.nmea"
    path.write_bytes(feed)
    for table in ("positions", "statics", "others"):
        for row in getattr(got, table):
            for source in (feed, path):
                again = reread(source, int(row["offset"]))
                assert again.fields["msg_type"] == row["msg_type"]
                assert again.fields["mmsi"] == row["mmsi"]
    (static,) = got.statics
    assert len(reread(feed, int(static["offset"])).sentences) == 2
    assert reread(feed, int(got.others["offset"][0])).fields["text"] == "HELLO"


@pytest.mark.parametrize("offset", [0, 3, 10_000])
def test_no_sentence_there(samples, offset):
    with pytest.raises(RereadError, match="no AIS sentence"):
        reread(b"noise and more of it\n" + samples["good"], offset)


def test_missing_part(samples):
    with pytest.raises(RereadError, match="of 2 parts"):
        reread(samples["parts"][0] + b"\n", 0)
