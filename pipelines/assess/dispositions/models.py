"""Calibrations as files: a card with the curve in it, and the picture of how reliable it is.

``HOME/learned/calibration-<date>.json`` (the date of its newest outcome; a second one gets ``-2``)
is never changed; the newest one counts, or, for what was known at a past moment, the newest whose
outcomes were all recorded then.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from detectors.core.errors import ConfigError
from pipelines.assess.dispositions.calibration import Calibration
from pipelines.base.files import read_plain, write_text
from pipelines.base.labels import labels
from pipelines.reference import snapshots

NAME: Final = "calibration"
_HINT: Final = "delete the file, or fit it again: selat disposition calibrate"
_SIDE: Final = 320
_ROOM: Final = 46


@dataclass(frozen=True)
class Model:
    """A calibration as it was written."""

    name: str
    card: Mapping[str, Any]
    calibration: Calibration


def write(folder: Path, card: Mapping[str, Any]) -> Path:
    """Write a card and its picture (.svg beside it); return the card's path.

    One that says the same as the newest isn't written again.
    """
    last = snapshots.newest(folder, NAME, ".json")
    plain = json.loads(json.dumps(dict(card)))
    if last is not None and {**plain, "name": last.stem} == _read(last):
        return last
    folder.mkdir(parents=True, exist_ok=True)
    path = snapshots.free_path(folder, NAME, pd.Timestamp(card["until"]), ".json")
    write_text(path.with_suffix(".svg"), picture(card))
    text = json.dumps({"name": path.stem, **plain}, indent=2, ensure_ascii=False)
    write_text(path, text + "\n")
    return path


def load(folder: Path, known: pd.Timestamp | None = None) -> Model | None:
    """Find the newest calibration, of those known at a time; None where there is none.

    Raises ConfigError if a card can't be read.
    """
    found: list[tuple[str, str, dict[str, Any]]] = []
    for path in sorted(folder.glob(f"{NAME}-*.json")) if folder.is_dir() else ():
        card = _read(path)
        if known is None or pd.Timestamp(card["until"]) <= known:
            found.append((card["until"], f"{path.stem:>40}", card))
    if not found:
        return None
    card = max(found, key=lambda one: one[:2])[2]
    return Model(card["name"], card, Calibration(card["method"], card["parameters"]))


def _read(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(read_plain(path))
        curve = Calibration(card["method"], card["parameters"])
        pd.Timestamp(card["until"])
        curve.probability(0.5)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"the calibration {path.name} can't be read: {error}", hint=_HINT) from (
            error
        )
    return dict(card)


def picture(card: Mapping[str, Any]) -> str:
    """Draw the reliability curve as SVG: what was predicted against what was found, with the card's
    bins, their intervals of 95 %, the curve that would be right, and unaided boarding.
    """
    bins: Sequence[Mapping[str, float]] = card["reliability"]
    parts = [
        f'<rect width="{_SIDE + 2 * _ROOM}" height="{_SIDE + 2 * _ROOM}" fill="#fff"/>',
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#999" stroke-dasharray="4 4"/>',
        f'<path d="M{_x(0)} {_y(card["unaided"])}H{_x(1)}" stroke="#8a4b00" '
        'stroke-dasharray="2 3"/>',
        f'<path d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}" fill="none" stroke="#17303d"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_text(_x(share), _y(0) + 15, f"{share:g}", "middle"))
        parts.append(_text(_x(0) - 6, _y(share) + 4, f"{share:g}", "end"))
    for one in bins:
        x = _x(one["predicted"])
        parts.append(f'<path d="M{x} {_y(one["low"])}V{_y(one["high"])}" stroke="#a8145f"/>')
        parts.append(f'<circle cx="{x}" cy="{_y(one["observed"])}" r="4" fill="#a8145f"/>')
    parts += [
        _text(_x(0.5), _y(0) + 34, "predicted (cross-validated)", "middle"),
        _text(_x(0) + 8, _y(1) + 4, "found, of those looked at"),
        _text(_x(1), _y(card["unaided"]) - 4, "unaided boarding", "end"),
    ]
    if card["simulated"]:
        parts.append(_text(_x(0.5), 18, labels("en").simulated, "middle"))
    whole = _SIDE + 2 * _ROOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" '
        f'font-family="sans-serif" font-size="11" stroke-width="1.4">{"".join(parts)}</svg>\n'
    )


def _x(share: float) -> float:
    return round(_ROOM + share * _SIDE, 1)


def _y(share: float) -> float:
    return round(_ROOM + (1 - share) * _SIDE, 1)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="#17303d">{words}</text>'
