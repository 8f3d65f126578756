"""What each run learned of an event, as lines of what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from detectors.core.events import EVENTS
from pipelines.assess.reasons import aside_in
from pipelines.publish import checks

_COMPARED: Final = [n for n in EVENTS if n not in {"event_id", "evidence", "version", "track_ids"}]


@dataclass(frozen=True)
class Revision:
    """What a run learned of the event: what it did to it, and what differs from before."""

    run_id: str
    known_time: pd.Timestamp
    status: str
    changes: tuple[str, ...]


def learned_by_runs(rows: pd.DataFrame) -> list[Revision]:
    """Return what each run learned, oldest first, from `Queries.revisions`."""
    found: list[Revision] = []
    before: dict[str, Any] | None = None
    for row in rows.to_dict("records"):
        now = {str(name): value for name, value in row.items()}
        changes = () if before is None or row["status"] == "retracted" else _changed(before, now)
        found.append(Revision(row["run_id"], row["known_time"], row["status"], changes))
        before = now
    return found


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    lines = []
    for name in _COMPARED:
        was, becomes = before[name], now[name]
        if was == becomes or (pd.isna(was) and pd.isna(becomes)):
            continue
        lines.append(f"{name}: {_told(name, was)} → {_told(name, becomes)}")
    was, becomes = (aside_in(one["reason"]).strip(" ()") for one in (before, now))
    if was != becomes:
        lines.append(becomes or f"no longer {was}")
    if before["version"] != now["version"]:
        lines.append(f"version of the detector: {before['version']} → {now['version']}")
    old, new = checks.values(before["evidence"]), checks.values(now["evidence"])
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            was, becomes = (checks.shown(name, side.get(name)) for side in (old, new))
            lines.append(f"{name}: {was} → {becomes}")
    return tuple(lines)


def _told(name: str, value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    if pd.isna(value):
        return "going on" if name == "end" else "none"
    if isinstance(value, float):
        return f"{value:.5f}" if name in {"lat", "lon"} else f"{value:.2f}"
    return str(value) or "none"
