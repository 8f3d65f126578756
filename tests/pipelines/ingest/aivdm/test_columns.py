"""From raw rows to the project's frames."""

import pytest

from detectors.core import frames
from pipelines.ingest.aivdm import (
    native_frame,
    native_positions,
    statics_frame,
)
from tests.pipelines.ingest.aivdm.conftest import decoded, sentence, summed

SOURCE = "0123456789abcdef"


def test_reserved_ship_types_stay_as_sent():
    kinds = [0, 1, 19, 38, 39, 66, 99, 150, 255]
    said = {"msg_type": 24, "mmsi": 533_000_001, "partno": 1}
    got = decoded(b"".join(sentence(**said, ship_type=kind) for kind in kinds))
    assert got.statics["ship_type"].tolist() == kinds


def test_empty_feed_gives_frames_without_rows():
    got = decoded(b"")
    native = native_positions(got.positions, SOURCE, got.columns.stations)
    frames.validate(native_frame(native), frames.POSITIONS)
    frames.validate(statics_frame(got.statics, SOURCE), frames.STATICS)


@pytest.mark.parametrize(("kind", "characters"), [(9, 24), (21, 44)])
def test_a_message_that_is_only_listed_is_listed_whole_or_rejected(kind, characters):
    line = sentence(msg_type=kind, mmsi=995_330_001, lon=101, lat=2.9)
    whole = decoded(line)
    assert whole.others["msg_type"].tolist() == [kind]
    assert len(whole.positions) == 0
    head, payload, _ = line[1:].split(b"*")[0].rsplit(b",", 2)
    cut = decoded(b"!" + summed(b"%b,%b,0" % (head, payload[:characters])) + b"\n")
    assert cut.decoder.rejects == {"short": 1}
