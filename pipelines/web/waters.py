"""Whose waters a place at the desk lies in, by the reference layers: told, and part of no event."""

from collections.abc import Mapping
from typing import Any

from detectors.surroundings.landmarks import position_text
from pipelines.assess.incidents import whereabouts
from pipelines.base.text import one_line
from pipelines.publish.briefing import SENTENCE_LIMIT
from pipelines.reference.layers import sea_states
from pipelines.web.night import Shown


def sea(shown: Shown, lat: float, lon: float) -> str:
    """Say in whose territorial sea a place lies; nothing where that isn't known."""
    [state] = sea_states(shown.night.zones, [lat], [lon])
    return shown.words.sea(state)


def near(shown: Shown, lat: float, lon: float) -> str:
    """Say where a place is by one that sailors know; nothing where none is near, as the position
    stands beside it.
    """
    text = shown.teller.place(lat, lon)
    return "" if text == position_text(lat, lon, shown.words.say) else text


def placed(shown: Shown, lat: float, lon: float) -> str:
    """Say where a place is: by one that sailors know, and in whose territorial sea."""
    by, own = near(shown, lat, lon), sea(shown, lat, lon)
    if own:
        own = shown.words.at_desk("{where} (by the reference layer, no legal limit)", where=own)
    return one_line(", ".join(text for text in (by, own) if text), SENTENCE_LIMIT)


def heard(shown: Shown, row: Mapping[Any, Any]) -> str:
    """Say where a vessel was heard last, and when (`whereabouts`), and in whose territorial sea."""
    text = whereabouts(row, None, shown.words.say)
    own = sea(shown, row["last_lat"], row["last_lon"]) if text else ""
    return one_line(", ".join(part for part in (text, own) if part), SENTENCE_LIMIT)
