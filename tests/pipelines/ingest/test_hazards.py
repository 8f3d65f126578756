"""Constructed hazards of framing, checksums, tag blocks, multi-part messages and payloads.

hazards.json says how many messages a right decoder finds in each. None is out of scope.
"""

import base64
import json
from pathlib import Path

import pytest

HAZARDS = json.loads((Path(__file__).parent / "hazards.json").read_text())


@pytest.mark.parametrize("hazard", HAZARDS, ids=[h["name"] for h in HAZARDS])
def test_hazard_gives_the_messages_that_a_right_decoder_finds(read, assumed, hazard):
    content = base64.b64decode(hazard["bytes_base64"])
    got = read(content, assume_start=assumed)
    assert got.report.messages == hazard["expect_messages"]
    # Whatever isn't a message is rejected for a reason, or counted as something else.
    landed = len(got.positions) + len(got.statics)
    assert landed <= got.report.messages
