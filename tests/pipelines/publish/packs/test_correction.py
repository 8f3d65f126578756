"""What a correction says of a lead, in words."""

import pandas as pd
import pytest

from pipelines.base.labels import labels
from pipelines.base.marks import FREE
from pipelines.publish.packs.correction import _told, render
from pipelines.publish.products import Release
from tests.pipelines.publish.conftest import make

LEAD = {
    "event_id": "3f2a" * 4,
    "incident_id": "9c1b" * 4,
    "kind": "loitering",
    "mmsi": 533_000_001,
    "other_mmsi": 0,
    "start": pd.Timestamp("2026-11-28T10:00Z"),
    "end": pd.NaT,
    "lat": 3.0,
    "lon": 100.0,
    "now_lat": float("nan"),
    "now_lon": float("nan"),
}


@pytest.mark.parametrize("language", ["en", "ms"])
def test_what_is_open_again_is_told_with_where_it_is_now(language: str) -> None:
    words = labels(language)
    text = _told({**LEAD, "correction": "reopened"}, words, lambda *_: "off Lumut")
    assert words.correction_reopened in text
    assert words.correction_moved.split("{")[0] not in text
    elsewhere = {**LEAD, "correction": "reopened", "now_lat": 3.5, "now_lon": 100.0}
    moved = _told(elsewhere, words, lambda *_: "off Lumut")
    assert words.correction_reopened in moved
    assert words.correction_moved.format(where="03°30.00′N 100°00.00′E") in moved


def test_a_lead_is_told_by_what_is_known_of_it() -> None:
    words, end = labels("en"), pd.Timestamp("2026-11-28T12:00Z")
    whole = {**LEAD, "correction": "withdrawn", "other_mmsi": 533_000_002, "end": end}
    said = f"\n  Event {'3f2a' * 4}. Incident {'9c1b' * 4}.\n  {words.correction_withdrawn}"
    assert _told(whole, words, lambda *_: "off Lumut") == (
        "Loitering, MMSI 533000001 and MMSI 533000002, 28 Nov 10:00–12:00 UTC "
        "(28 Nov 18:00–20:00 MYT), off Lumut 03°00.00′N 100°00.00′E" + said
    )
    less = {**LEAD, "correction": "withdrawn", "mmsi": 0, "lat": float("nan")}
    assert _told(less, words, lambda *_: "off Lumut") == (
        "Loitering, since 28 Nov 10:00 UTC (since 28 Nov 18:00 MYT)" + said
    )


@pytest.mark.parametrize("signed", [True, False])
def test_it_says_how_it_is_verified_and_whether_it_can_be(signed: bool) -> None:
    release = Release("ally", "Ally", FREE, {}, pd.Timestamp("2026-11-30T00:00Z"), "en")
    products, words = make([], [], [], {}, release=release), labels("en")
    rows = pd.DataFrame([{**LEAD, "correction": "withdrawn"}])
    text = render(products, "p", 1, rows, lambda *_: "", signed=signed)
    said = words.verify_line, words.unsigned_line
    assert [line in text.split("\n\n") for line in said] == [signed, not signed]
