"""Normal traffic from past weeks: ticks of all vessels, the model, and its card."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

import numpy as np
import pandas as pd

from detectors.core.frames import SECOND_US, epoch_us
from detectors.surroundings import normal, normal_fit
from detectors.surroundings.normal import CLASSES, Normal
from pipelines.learn.gather import batches, flagged_spans, outside
from pipelines.learn.parameters import NormalParameters
from pipelines.store import Queries

LIMITS: Final = (
    "It knows what was usual in its span, not what is right: seasons, new routes and closed areas "
    "are missing.",
    "Vessels without AIS are not in it; class B and distant vessels are rarer in it than at sea.",
    "A ship's class is what it last called itself.",
    "Thresholds are set on hours of held-out vessels of the same span; later traffic may differ.",
    "Where too few vessels of a class came, only the class's speeds anywhere are known.",
)


def samples(
    store: Queries,
    since: pd.Timestamp,
    until: pd.Timestamp,
    parameters: NormalParameters,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return `normal.SAMPLES` of all vessels under way, and counts for the card."""
    types = store.vessels(until).set_index("mmsi")["ship_type"]
    spans = flagged_spans(store, since, until, parameters.exclude_score)
    parts, reports, left_out = [], 0, 0
    first, last = until, since
    for positions in batches(store, since, until, parameters.max_batch_reports, progress):
        if positions.empty:
            continue
        reports += len(positions)
        first, last = min(first, positions["time"].min()), max(last, positions["time"].max())
        grid, rows, course_deg = normal.ticks_of(
            positions["track_id"].to_numpy(),
            epoch_us(positions["time"]),
            positions["lat"].to_numpy(),
            positions["lon"].to_numpy(),
            parameters.step_s,
            parameters.max_silence_s,
        )
        mmsi = grid.track_id[rows] // 100
        time_us = grid.tick[rows] * grid.step_s * SECOND_US
        moving = grid.speed_kn[rows] >= parameters.min_speed_kn
        kept = outside(spans, mmsi, time_us, time_us)
        left_out += int((moving & ~kept).sum())
        rows, course_deg = rows[moving & kept], course_deg[moving & kept]
        mmsi = grid.track_id[rows] // 100
        ship_type = types.reindex(mmsi).fillna(-1).to_numpy()
        parts.append(
            pd.DataFrame(
                {
                    "mmsi": mmsi,
                    "track_id": grid.track_id[rows],
                    "tick": grid.tick[rows],
                    "ship": normal.ship_class(ship_type),
                    "lat": grid.lat[rows],
                    "lon": grid.lon[rows],
                    "course_deg": course_deg,
                    "speed_kn": grid.speed_kn[rows],
                }
            )
        )
    empty = pd.DataFrame({name: np.empty(0) for name in normal.SAMPLES})
    table = pd.concat(parts, ignore_index=True) if parts else empty
    counts = {
        "reports": reports,
        "ticks": len(table),
        "vessels": int(table["mmsi"].nunique()),
        "ticks_left_out": left_out,
        "spans_left_out": len(spans),
        "first_report": f"{first:%Y-%m-%dT%H:%M:%SZ}",
        "last_report": f"{last:%Y-%m-%dT%H:%M:%SZ}",
    }
    return table, counts


def fit(
    table: pd.DataFrame,
    parameters: NormalParameters,
    progress: Callable[[int, int], None] | None = None,
) -> Normal:
    """Fit the model; see `detectors.surroundings.normal_fit.fit`."""
    return normal_fit.fit(
        table,
        progress=progress,
        **parameters.model_dump(exclude={"exclude_score", "max_batch_reports"}),
    )


def card(
    model: Normal,
    counts: dict[str, Any],
    since: pd.Timestamp,
    until: pd.Timestamp,
    parameters: NormalParameters,
    simulated: bool,
) -> dict[str, Any]:
    """Return what a reader must know: Mitchell et al. (2019), Model Cards for Model Reporting."""
    vessels, thresholds, course = (
        model.arrays[n].tolist() for n in ("class_vessels", "threshold", "flow_threshold")
    )
    fitted = {
        f"cells_of_{size}_deg": int((model.arrays[f"weight_{k}"].sum(axis=1) > 0).sum())
        for k, size in enumerate(normal.SIZES_DEG)
    }
    return {
        "what": "Gaussian mixtures of velocity by class of ship and cell, courses by cell of a "
        "mile, and how usual each cell is",
        "used_by": "detector outlier",
        "simulated": simulated,
        "span": {"since": f"{since:%Y-%m-%dT%H:%M:%SZ}", "until": f"{until:%Y-%m-%dT%H:%M:%SZ}"},
        **counts,
        "vessels_by_class": dict(zip(CLASSES, vessels, strict=True)),
        "thresholds_nats": _by_class(thresholds),
        "course_thresholds_nats": _by_class(course),
        "features": ["place (cell)", "course made good", "speed made good", "class of ship"],
        **fitted,
        f"cells_of_{normal.FLOW_DEG}_deg": len(model.arrays["flow_cell"]),
        "parameters": parameters.model_dump(),
        "scikit_learn": version("scikit-learn"),
        "numpy": version("numpy"),
        "limits": list(LIMITS),
    }


def _by_class(thresholds: list[list[float]]) -> dict[str, list[float]]:
    """Return thresholds of each class, rounded: over an hour, and over two."""
    rows = zip(CLASSES, thresholds, strict=True)
    return {name: [round(value, 3) for value in row] for name, row in rows}
